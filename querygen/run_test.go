package querygen

import (
	"bytes"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// All cases are built and run together, in one vet, one program and one go test,
// because each build of its own would cost a second.

// id is the name of the case, and of its directory.
func (c *testCase) id() string { return filepath.Base(c.dir) }

// has tells whether a file of the user holds some text.
func (c *testCase) has(suffix, text string) bool {
	for _, f := range c.archive.Files {
		if !strings.HasPrefix(f.Name, "want") && strings.HasSuffix(f.Name, suffix) && strings.Contains(string(f.Data), text) {
			return true
		}
	}
	return false
}

// goCommand runs the go command in the module of the cases.
func goCommand(t *testing.T, root string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("go %s: %v\n%s%s", args[0], err, &stdout, &stderr)
	}
	return stdout.String()
}

// vetCases compiles all that was generated and the code that calls it.
func vetCases(t *testing.T, root string, cases []*testCase) {
	args := []string{"vet"}
	for _, c := range cases {
		if !c.result.Failed() {
			args = append(args, "./"+c.id()+"/...")
		}
	}
	goCommand(t, root, args...)
}

// completeCases generates what the cases that name their packages have left
// out, so that these can be built.
func completeCases(t *testing.T, root string, cases []*testCase) {
	for _, c := range cases {
		if c.find("patterns") == nil {
			continue
		}
		for _, f := range generate(t, root, []string{"./" + c.id() + "/..."}).Files {
			if err := f.Commit(); err != nil {
				t.Error(err)
			}
		}
	}
}

// runCases runs the func Show(w io.Writer) that each case has in one of its
// packages, and compares what it writes with the section want/output. The
// queries in tests are called by the examples there, which go test compares;
// the tag is for test files that look into the generated files.
//
// Nothing is generated that does not run: see [testCase.mustRun].
func runCases(t *testing.T, root string, cases []*testCase) {
	var imports, calls strings.Builder
	for i, c := range cases {
		if dir := c.showDir(); dir != "" {
			fmt.Fprintf(&imports, "\tcase%d \"cases.test/%s\"\n", i, dir)
			fmt.Fprintf(&calls, "\tshow(%q, case%d.Show)\n", c.id(), i)
		}
	}
	text := strings.NewReplacer("IMPORTS", imports.String(), "CALLS", calls.String()).Replace(runner)
	writeFile(t, filepath.Join(root, "runner", "main.go"), []byte(text))
	out := txtar.Parse([]byte(goCommand(t, root, "run", "./runner")))
	for _, f := range out.Files {
		for _, c := range cases {
			if c.id() == f.Name {
				c.compare(t, "want/output", string(f.Data))
			}
		}
	}
	built := strings.Fields(goCommand(t, root, "list", "-deps", "./runner"))
	test := []string{"test", "-tags=generated"}
	for _, c := range cases {
		c.mustRun(t, built)
		if c.has("_test.go", "// Output:") {
			test = append(test, "./"+c.id()+"/...")
		}
	}
	goCommand(t, root, test...)
}

// showDir returns the directory of the package with the function Show, below
// that of all cases, or "".
func (c *testCase) showDir() string {
	for _, f := range c.archive.Files {
		if !strings.HasPrefix(f.Name, "want") && strings.Contains(string(f.Data), "\nfunc Show(") {
			return path.Join(c.id(), path.Dir(f.Name))
		}
	}
	return ""
}

// mustRun checks that each package that got a file is part of the program that
// runs, or has an example in its tests if the file is one of tests. Only what
// imports itself by way of another package can't be built at all.
func (c *testCase) mustRun(t *testing.T, built []string) {
	t.Helper()
	for _, f := range c.result.Files {
		if f.Content == nil {
			continue
		}
		name := filepath.ToSlash(Relative(c.dir, f.Path))
		dir := path.Dir(name)
		switch {
		case name == "cycle/b/query_gen.go" && c.id() == "broken":
		case path.Base(name) == outputName:
			if !slices.Contains(built, path.Join("cases.test", c.id(), dir)) {
				t.Errorf("%s: %s is generated and never runs: call it from func Show(w io.Writer)", c.id(), name)
			}
		case !c.hasExample(dir, strings.HasSuffix(name, "_x_test.go")):
			t.Errorf("%s: %s is generated and never runs: call it from an example with output", c.id(), name)
		}
	}
}

// hasExample tells whether the tests of a directory, the external ones or the
// others, have an example whose output is compared.
func (c *testCase) hasExample(dir string, external bool) bool {
	return slices.ContainsFunc(c.archive.Files, func(f txtar.File) bool {
		text := string(f.Data)
		return path.Dir(f.Name) == dir && strings.HasSuffix(f.Name, "_test.go") && strings.Contains(text, "// Output:") &&
			regexp.MustCompile(`(?m)^package \w+_test$`).MatchString(text) == external
	})
}

const runner = `package main

import (
	"fmt"
	"io"
	"os"

IMPORTS)

func show(name string, f func(io.Writer)) {
	fmt.Printf("-- %s --\n", name)
	defer func() {
		if v := recover(); v != nil {
			fmt.Println("panic:", v)
		}
	}()
	f(os.Stdout)
}

func main() {
CALLS}
`
