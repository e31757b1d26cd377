package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

const allQueries = "area long side title words"

// rebuilds are edits of the program in testdata/rebuild, one after the other. After each it is
// built and run, and goes on with the cache that the last one has saved.
var rebuilds = []struct {
	name          string
	file          string
	old, new      string
	generate      bool
	answer, wants string // what it prints, and which queries run
}{
	{"the first time", "", "", "", true, "true!\n 9", allQueries},
	{"nothing", "", "", "", false, "true!\n 9", ""},
	{"a comment", "main.go", "// words counts them.", "// words tells how many there are.", false, "true!\n 9", ""},
	{"layout", "main.go", "func limit() int { return 2 }", "func limit() int {\n\treturn 2\n}", false, "true!\n 9", ""},
	{"a test", "main_test.go", "", "package main\n", false, "true!\n 9", ""},
	{"main, generated", "main.go", "fmt.Println(Title(cx)", "fmt.Print()\n\tfmt.Println(Title(cx)", true, "true!\n 9", ""},
	{"a body, generated", "main.go", "Words(cx) > limit()", "Words(cx)+1 > limit()", true, "true!\n 9", "long"},
	{"a body with another outcome, generated", "main.go", "Words(cx)+1 > limit()", "Words(cx) > limit()+1", true, "false!\n 9", "long title"},
	{"a helper, generated", "main.go", "return 2", "return 1", true, "true!\n 9", "long title"},
	{"a file that is embedded, generated", "suffix.txt", "!", "?", true, "true?\n 9", "title"},
	{"a helper", "main.go", "return 1", "return 4", false, "false?\n 9", allQueries},
	{"nothing, with a stale file", "", "", "", false, "false?\n 9", ""},
	{"main, with a stale file", "main.go", "\tfmt.Print()\n", "", false, "false?\n 9", allQueries},
	{"generated at last", "", "", "", true, "false?\n 9", "long"},
	{"a file that is embedded", "suffix.txt", "?", "!", false, "false!\n 9", allQueries},
	{"a variable of another package", "shape/shape.go", "extra = 0", "extra = 1", false, "false!\n 10", allQueries},
	{"generated there", "", "", "", true, "false!\n 10", "area title"},
	{"a new file", "shape/init.go", "", "package shape\n\nfunc init() { extra = 2 }\n", false, "false!\n 11", allQueries},
	{"generated for it", "", "", "", true, "false!\n 11", "area"},
	{"a function that sets it, generated", "shape/init.go", "}\n", "}\n\nfunc Set(n int) { extra = n }\n", true, "false!\n 11", ""},
	{"a new package, generated", "more/more.go", "", "package more\n\nimport \"example.com/m/shape\"\n\nfunc init() { shape.Set(3) }\n", true, "false!\n 11", "area"},
	{"its import, generated", "main.go", "\t\"example.com/m/shape\"\n", "\t_ \"example.com/m/more\"\n\t\"example.com/m/shape\"\n", true, "false!\n 12", allQueries},
	{"a package without a generated file", "more/more.go", "Set(3)", "Set(4)", false, "false!\n 13", allQueries},
	{"nothing, in the end", "", "", "", false, "false!\n 13", ""},
}

// TestRebuild edits a program between its runs. Nothing stale is served, whether or not
// querygen has run after an edit; and if it has, nothing runs that need not.
func TestRebuild(t *testing.T) {
	p := newRebuilt(t)
	for _, r := range rebuilds {
		p.edit(r.file, r.old, r.new)
		if r.generate {
			p.querygen()
		}
		if got, want := p.run(), r.answer+"\n"+r.wants+"\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", r.name, got, want)
		}
	}
}

// A rebuilt is a module with a program that has a cache.
type rebuilt struct {
	t       *testing.T
	dir     string
	program string
}

func newRebuilt(t *testing.T) *rebuilt {
	for _, v := range goEnv(t) {
		t.Setenv(v[0], v[1])
	}
	p := &rebuilt{t, t.TempDir(), filepath.Join(t.TempDir(), "program.exe")}
	if err := writeModule(p.dir); err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "rebuild", "program.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		p.write(f.Name, f.Data)
	}
	return p
}

func (p *rebuilt) write(name string, data []byte) {
	p.t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		p.t.Fatal(err)
	}
}

// edit replaces what is once in a file, or writes it if there is nothing to replace.
func (p *rebuilt) edit(file, old, new string) {
	p.t.Helper()
	if file == "" {
		return
	}
	if old != "" {
		text, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(file)))
		if err != nil || strings.Count(string(text), old) != 1 {
			p.t.Fatalf("%q is not once in %s (%v)", old, file, err)
		}
		new = strings.Replace(string(text), old, new, 1)
	}
	p.write(file, []byte(new))
}

// querygen runs the command of this package.
func (p *rebuilt) querygen() {
	p.t.Helper()
	p.t.Chdir(p.dir)
	var stdout, stderr bytes.Buffer
	if code := run(p.t.Context(), []string{"./..."}, &stdout, &stderr); code != exitOK {
		p.t.Fatalf("querygen: %d\n%s%s", code, &stdout, &stderr)
	}
}

// run builds the program and returns what it prints.
func (p *rebuilt) run() string {
	p.t.Helper()
	p.command("go", "build", "-o", p.program, ".")
	return p.command(p.program)
}

func (p *rebuilt) command(name string, args ...string) string {
	p.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("%s: %v\n%s%s", name, err, &stdout, &stderr)
	}
	return stdout.String()
}
