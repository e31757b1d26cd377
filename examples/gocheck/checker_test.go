package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// unpack writes an archive of testdata into a new directory.
func unpack(t *testing.T, archive string) (dir string) {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", archive))
	if err != nil {
		t.Fatal(err)
	}
	dir = tempDir(t)
	for _, f := range a.Files {
		write(t, filepath.Join(dir, filepath.FromSlash(f.Name)), string(f.Data))
	}
	return dir
}

// tempDir is t.TempDir by the name that the go command has for it.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// bench is a module under test, with a checker that has been told of each edit.
type bench struct {
	t   *testing.T
	dir string
	*Checker
}

func newBench(t *testing.T, dir string, patterns ...string) *bench {
	t.Helper()
	// The module under test must be seen as it is, whatever surrounds the test.
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "off")
	if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
		t.Setenv("GOWORK", "")
	}
	c, err := newChecker(t.Context(), Config{Dir: dir, Patterns: patterns, Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{t, dir, c}
}

func (b *bench) path(file string) string { return filepath.Join(b.dir, filepath.FromSlash(file)) }

// edit replaces text that stands once in a file.
func (b *bench) edit(file, old, new string) {
	b.t.Helper()
	data, err := os.ReadFile(b.path(file))
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.Count(string(data), old) != 1 {
		b.t.Fatalf("%s has not exactly one %q", file, old)
	}
	b.write(file, strings.Replace(string(data), old, new, 1))
}

func (b *bench) write(file, text string) {
	b.t.Helper()
	write(b.t, b.path(file), text)
	b.touched(file)
}

func (b *bench) remove(file string) {
	b.t.Helper()
	if err := os.Remove(b.path(file)); err != nil {
		b.t.Fatal(err)
	}
	b.touched(file)
}

func (b *bench) touched(file string) {
	b.t.Helper()
	if err := b.changed([]string{b.path(file)}); err != nil {
		b.t.Fatal(err)
	}
}

// report checks.
func (b *bench) report() *Report {
	b.t.Helper()
	r, err := b.check(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// clean checks, and fails if there are errors.
func (b *bench) clean() *Report {
	b.t.Helper()
	r := b.report()
	if r.failed() {
		b.t.Fatalf("unexpected errors:\n%s", text(r))
	}
	return r
}

// text is what a report prints.
func text(r *Report) string {
	var s strings.Builder
	r.print(&s, false)
	return s.String()
}

// wantRan compares the keys of a query that ran with those that should have.
func wantRan(t *testing.T, r *Report, query string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := r.Trace.Ran[query]; !slices.Equal(got, want) {
		t.Errorf("ran %s of\n\t%s\nwant\n\t%s", query, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// goTool runs the go command as the checker does, and returns all it prints.
func goTool(t *testing.T, dir string, args ...string) (out string, ok bool) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "PWD="+dir)
	data, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(data), err == nil
}

func baseNames(paths []string) []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return names
}
