package main

import (
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	query "querygen.dev/runtime"
)

// TestBadPatterns asks for packages that are not there, beside one that is.
func TestBadPatterns(t *testing.T) {
	dir := unpack(t, "chain.txtar")
	tests := []struct{ pattern, want string }{
		{"nosuch", "package nosuch is not in std (" + filepath.Join(runtime.GOROOT(), "src", "nosuch") + ")\n"},
		{"example.com/m/nosuch", "no required module provides package example.com/m/nosuch; to add it:\n\tgo get example.com/m/nosuch\n"},
		{"./nosuch", "open " + filepath.Join(dir, "nosuch") + ": no such file or directory\n"},
		{"./nosuch/...", "open " + filepath.Join(dir, "nosuch") + ": no such file or directory\n"},
		{"example.com/m/no...", "gocheck: warning: \"example.com/m/no...\" matched no packages\n"},
		{"../...", "pattern ../...: directory " + filepath.Dir(dir) + " is outside the main module and its dependencies\n"},
		{"./low/none...", "gocheck: warning: \"./low/none...\" matched no packages\n"},
	}
	for _, test := range tests {
		t.Run(test.pattern, func(t *testing.T) {
			r := newBench(t, dir, test.pattern, "example.com/m/low").report()
			if got := text(r); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if r.Checked != 1 {
				t.Errorf("checked %d packages, want 1", r.Checked)
			}
		})
	}
}

// TestVanished takes a file away after its directory was listed, so that the
// engine meets it in the middle of a check.
func TestVanished(t *testing.T) {
	b := newBench(t, unpack(t, "chain.txtar"))
	b.clean()
	if err := os.Remove(b.path("side/side.go")); err != nil {
		t.Fatal(err)
	}
	err := b.db.Update(func(tx *query.Tx) error {
		RefreshFileStamp(tx, b.path("side/side.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.edit("top/top.go", "var X = mid.Origin().X", "var X string = mid.Origin().X")
	want := "side/side.go: cannot be read: no such file or directory\n" +
		"# example.com/m/top\n" +
		"top/top.go:7:16: cannot use mid.Origin().X (value of type int) as string value in variable declaration\n"
	if got := text(b.report()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.touched("side/side.go")
	b.edit("top/top.go", "var X string", "var X")
	b.clean()
}

// TestUnreadable puts things that are no files where files are looked for.
func TestUnreadable(t *testing.T) {
	b := newBench(t, unpack(t, "chain.txtar"))
	if err := os.Mkdir(b.path("low/dir.go"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", b.path("side/link.go")); err != nil {
		t.Fatal(err)
	}
	b.write("top/empty.go", "")
	b.write("mid/binary.go", "package mid\n\x00\xff")
	got := text(b.report())
	for _, want := range []string{
		"side/link.go: cannot be read: no such file or directory\n",
		"# example.com/m/mid\nmid/binary.go:2:1: syntax error: illegal character NUL\n",
		"top/empty.go:1:1: syntax error: expected 'package', found 'EOF'\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant in it\n%s", got, want)
		}
	}
}

// TestAsFromScratch makes random edits and compares each report with that of a
// new checker, which has nothing to reuse.
func TestAsFromScratch(t *testing.T) {
	lines := []string{
		"", "// comment", "var X0 = 1", "func F() {}", "func F() int { return 1 }", "func F() int { return undefined }",
		"type T struct{ x int }", "type T int", "func (T) M() {}", `import "fmt"`, `import "example.com/m/a"`,
		`import "example.com/m/b"`, `import "example.com/m/c"`, `import b2 "example.com/m/b"`, "var _ = a.F()", "var Y = b.T{}",
		"var _ = fmt.Sprint(c.Y)", "}", "/*", "//go:build never", "package b", "package main",
	}
	r := rand.New(rand.NewSource(*seed))
	dir := tempDir(t)
	write(t, filepath.Join(dir, "go.mod"), "module example.com/m\n\ngo 1.26\n")
	files := []string{"a/1.go", "a/2.go", "b/1.go", "b/2.go", "c/1.go", "c/d/1.go"}
	for _, f := range files {
		write(t, filepath.Join(dir, f), "package "+f[:1]+"\n")
	}
	b := newBench(t, dir)
	t.Logf("-seed %d", *seed)
	steps := 300
	if testing.Short() {
		steps = 30
	}
	for step := range steps {
		f := files[r.Intn(len(files))]
		old, err := os.ReadFile(b.path(f))
		switch {
		case err == nil && r.Intn(8) == 0:
			b.remove(f)
		case err != nil || r.Intn(4) == 0:
			b.write(f, "package "+f[:1]+"\n")
		default:
			kept := strings.SplitAfter(string(old), "\n")
			i := r.Intn(len(kept))
			b.write(f, strings.Join(kept[:i], "")+lines[r.Intn(len(lines))]+"\n"+strings.Join(kept[i:], ""))
		}
		if step%10 == 0 {
			b.outdated()
		}
		got := b.report()
		fresh, err := openChecker(b.env, dir, Config{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := fresh.check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fresh.close()
		var x, y strings.Builder
		got.print(&x, true)
		want.print(&y, true)
		if x.String() != y.String() || got.Checked != want.Checked || got.Files != want.Files {
			t.Fatalf("step %d, %s: after edits\n%s%s\nfrom scratch\n%s%s", step, f, x.String(), got.summary(), y.String(), want.summary())
		}
	}
}
