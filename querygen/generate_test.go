package querygen

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// TestGenerate runs the cases of testdata. Each is an archive of a user's
// packages, which lie below cases.test/NAME/ in one module. Two kinds of files
// say what is wanted:
//
//	want          the problems, and what happens to the generated files
//	want/x/query_gen.go  the content of x/query_gen.go
//
// A third, patterns, names the packages to generate for; without it it is all.
//
// In the end everything that was generated is vetted at once, together with
// the user's code that calls it, and run, and what it prints is compared with
// the section want/output: see run_test.go.
func TestGenerate(t *testing.T) {
	root := newModule(t)
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	var cases []*testCase
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".txtar")
		cases = append(cases, newCase(t, name, filepath.Join(root, id)))
	}
	generateCases(t, root, cases)
	for _, c := range cases {
		t.Run(c.id(), c.check)
	}
	againCases(t, root, cases)
	completeCases(t, root, cases)
	vetCases(t, root, cases)
	runCases(t, root, cases)
}

// generateCases generates for all cases in one run, but for those that name
// their packages.
func generateCases(t *testing.T, root string, cases []*testCase) {
	t.Helper()
	var together []string
	for _, c := range cases {
		if c.find("patterns") != nil {
			c.generate(t)
			continue
		}
		together = append(together, "./"+c.id()+"/...")
	}
	all := generate(t, root, together)
	for _, c := range cases {
		if c.result != nil {
			continue
		}
		c.dirGenerated, c.result = root, &Result{}
		for _, p := range all.Problems {
			if inside(c.dir, p.Pos.Filename) {
				c.result.Problems = append(c.result.Problems, p)
			}
		}
		for _, f := range all.Files {
			if inside(c.dir, f.Path) {
				c.result.Files = append(c.result.Files, f)
			}
		}
	}
	for _, p := range all.Problems {
		if p.Pos.Filename == "" {
			t.Errorf("a problem of no case: %s", p.Message)
		}
	}
}

// generate generates for the case by itself.
func (c *testCase) generate(t *testing.T) {
	t.Helper()
	patterns := []string{"./..."}
	if f := c.find("patterns"); f != nil {
		patterns = strings.Fields(string(f.Data))
	}
	c.dirGenerated, c.result = c.dir, generate(t, c.dir, patterns)
}

func inside(dir, path string) bool { return strings.HasPrefix(path, dir+string(filepath.Separator)) }

func generate(t *testing.T, dir string, patterns []string) *Result {
	t.Helper()
	r, err := Generate(context.Background(), Config{Dir: dir, Patterns: patterns})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// againCases checks that a second run has nothing left to do.
func againCases(t *testing.T, root string, cases []*testCase) {
	for _, f := range generate(t, root, []string{"./..."}).Files {
		for _, c := range cases {
			if f.Stale && inside(c.dir, f.Path) && c.find("patterns") == nil {
				t.Errorf("%s is stale after it was written", Relative(root, f.Path))
			}
		}
	}
}

var requirement = regexp.MustCompile(`(?s)require \(.*?\n\)`)

// newModule makes an empty module that requires this one.
func newModule(t *testing.T) string {
	t.Setenv("GOWORK", "off")
	root := t.TempDir()
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("module cases.test\n\ngo 1.26.0\n\nrequire querygen.dev v0.0.0\n\nreplace querygen.dev => %s\n\n%s\n",
		checkout, strings.Join(requirement.FindAllString(string(mod), -1), "\n"))
	sum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(root, "go.mod"), []byte(text))
	writeFile(t, filepath.Join(root, "go.sum"), sum)
	return root
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A testCase is one archive, laid out in a directory.
type testCase struct {
	archive      *txtar.Archive
	name         string
	dir          string
	result       *Result
	dirGenerated string // where the user stood
}

func newCase(t *testing.T, name, dir string) *testCase {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "want") {
			writeFile(t, filepath.Join(dir, f.Name), f.Data)
		}
	}
	return &testCase{archive: archive, name: name, dir: dir}
}

// check compares what was generated, and writes it.
func (c *testCase) check(t *testing.T) {
	c.compare(t, "want", c.report())
	for _, f := range c.result.Files {
		if pretty, err := format.Source(f.Content); err != nil || !bytes.Equal(pretty, f.Content) {
			t.Errorf("%s is not as gofmt would have it (%v)", f.Path, err)
		}
		want := filepath.ToSlash(filepath.Join("want", Relative(c.dir, f.Path)))
		if c.find(want) != nil {
			c.compare(t, want, string(f.Content))
		}
		if err := f.Commit(); err != nil {
			t.Error(err)
		}
	}
	for _, f := range c.archive.Files {
		name, ok := strings.CutPrefix(f.Name, "want/")
		generated := func(g File) bool { return Relative(c.dir, g.Path) == filepath.FromSlash(name) }
		if ok && isOutput(name) && !slices.ContainsFunc(c.result.Files, generated) {
			t.Errorf("%s is not generated", name)
		}
	}
}

// report spells a result, one line for each thing, as if the user stood in the
// directory of the case.
func (c *testCase) report() string {
	var b strings.Builder
	places := regexp.MustCompile(`(^| )` + regexp.QuoteMeta(c.id()) + `/`)
	for _, p := range c.result.Problems {
		if c.dirGenerated != c.dir {
			p.Message = places.ReplaceAllString(p.Message, "$1")
		}
		fmt.Fprintln(&b, p.Format(c.dir))
	}
	for _, f := range c.result.Files {
		what := "keep"
		switch {
		case f.Content == nil:
			what = "remove"
		case f.Stale:
			what = "write"
		}
		fmt.Fprintln(&b, what, Relative(c.dir, f.Path))
	}
	return strings.ReplaceAll(b.String(), c.dir, "$DIR")
}

func (c *testCase) find(name string) *txtar.File {
	for i := range c.archive.Files {
		if f := &c.archive.Files[i]; f.Name == name {
			return f
		}
	}
	return nil
}

// compare compares what a section wants, or rewrites it.
func (c *testCase) compare(t *testing.T, name, got string) {
	t.Helper()
	f := c.find(name)
	if *update {
		if f == nil {
			c.archive.Files = append(c.archive.Files, txtar.File{Name: name})
			f = &c.archive.Files[len(c.archive.Files)-1]
		}
		f.Data = []byte(got)
		if err := os.WriteFile(c.name, txtar.Format(c.archive), 0o666); err != nil {
			t.Error(err)
		}
		return
	}
	if f == nil {
		t.Fatalf("the case has no section %s", name)
	}
	if diff := cmp.Diff(string(f.Data), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
