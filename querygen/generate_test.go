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
// the user's code that calls it, and run: see run_test.go.
func TestGenerate(t *testing.T) {
	root := newModule(t)
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	var done []*testCase
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(id, func(t *testing.T) {
			c := newCase(t, name, filepath.Join(root, id))
			if c.run(t) {
				done = append(done, c)
			}
		})
	}
	vetCases(t, root, done)
	runCases(t, root, done)
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
	archive *txtar.Archive
	name    string
	dir     string
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
	return &testCase{archive, name, dir}
}

// run generates, compares, and writes. It tells whether there is code to vet.
func (c *testCase) run(t *testing.T) bool {
	r, err := c.generate()
	if err != nil {
		c.compare(t, "want", "error: "+err.Error()+"\n")
		return false
	}
	c.compare(t, "want", c.report(r))
	for _, f := range r.Files {
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
	c.again(t)
	return !r.Failed()
}

func (c *testCase) generate() (*Result, error) {
	patterns := []string{"./..."}
	if f := c.find("patterns"); f != nil {
		patterns = strings.Fields(string(f.Data))
	}
	return Generate(context.Background(), Config{Dir: c.dir, Patterns: patterns})
}

// again checks that a second run has nothing left to do.
func (c *testCase) again(t *testing.T) {
	r, err := c.generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Files {
		if f.Stale {
			t.Errorf("%s is stale after it was written", Relative(c.dir, f.Path))
		}
	}
}

// report spells a result, one line for each thing.
func (c *testCase) report(r *Result) string {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, p.Format(c.dir))
	}
	for _, f := range r.Files {
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
