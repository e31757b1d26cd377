package querygen

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
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
func vetCases(t *testing.T, root string, done []*testCase) {
	args := []string{"vet"}
	for _, c := range done {
		args = append(args, "./"+c.id()+"/...")
	}
	goCommand(t, root, args...)
}

// runCases runs the func Show(w io.Writer) of each case that has one in its
// first package, and compares what it writes with the section want/output. Cases
// with test files are run by go test.
func runCases(t *testing.T, root string, done []*testCase) {
	test := []string{"test"}
	var imports, calls strings.Builder
	for i, c := range done {
		if c.has(".go", "\nfunc Test") {
			test = append(test, "./"+c.id()+"/...")
		}
		if c.has(".go", "\nfunc Show(") {
			fmt.Fprintf(&imports, "\tcase%d \"cases.test/%s\"\n", i, c.id())
			fmt.Fprintf(&calls, "\tshow(%q, case%d.Show)\n", c.id(), i)
		}
	}
	text := strings.NewReplacer("IMPORTS", imports.String(), "CALLS", calls.String()).Replace(runner)
	writeFile(t, filepath.Join(root, "runner", "main.go"), []byte(text))
	out := txtar.Parse([]byte(goCommand(t, root, "run", "./runner")))
	for _, f := range out.Files {
		for _, c := range done {
			if c.id() == f.Name {
				c.compare(t, "want/output", string(f.Data))
			}
		}
	}
	if len(test) > 1 {
		goCommand(t, root, test...)
	}
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
