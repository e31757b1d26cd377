package querygen

import (
	"bytes"
	"flag"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// The manual is docs/generator.md: these tests keep it true.

const manualPath = "../docs/generator.md"

var updateManual = flag.Bool("updatemanual", false, "rewrite what commands print in the manual")

// TestManualMessages checks that each message of the test cases is in the manual
// and that each message in the manual is one of a case.
func TestManualMessages(t *testing.T) {
	manual, err := os.ReadFile(manualPath)
	if err != nil {
		t.Fatal(err)
	}
	var patterns []*regexp.Regexp
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]*)` \\|").FindAllStringSubmatch(afterHeading(string(manual), "## Messages"), -1) {
		patterns = append(patterns, wildcard(m[1]))
	}
	used := make(map[*regexp.Regexp]bool)
	for _, msg := range caseMessages(t) {
		found := false
		for _, p := range patterns {
			if p.MatchString(msg) {
				used[p], found = true, true
			}
		}
		if !found {
			t.Errorf("not in the manual: %s", msg)
		}
	}
	for _, p := range patterns {
		if !used[p] {
			t.Errorf("in the manual, but in no case: %v", p)
		}
	}
}

func afterHeading(text, heading string) string {
	_, after, _ := strings.Cut(text, "\n"+heading+"\n")
	return after
}

// wildcard makes an expression of a message in which ... stands for anything.
func wildcard(text string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(text), `\.\.\.`, ".*") + "$")
}

// caseMessages returns the messages that the cases want: those with a place in
// their sections, and of the command's scripts those after its name.
func caseMessages(t *testing.T) []string {
	var list []string
	positioned := regexp.MustCompile(`(?m)^[^ \n]+\.go:\d+:\d+: (?:warning: )?(.*)$`)
	cases, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name == "want" {
				for _, m := range positioned.FindAllStringSubmatch(string(f.Data), -1) {
					list = append(list, m[1])
				}
			}
		}
	}
	scripts, _ := filepath.Glob("../cmd/querygen/testdata/*.txtar")
	expected := regexp.MustCompile(`(?m)^stderr '\^?(?:querygen: )?([^'$\\]*)\$?'`)
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range expected.FindAllStringSubmatch(string(text), -1) {
			if msg := strings.ReplaceAll(m[1], ".*", ""); messageOfCommand(msg) {
				list = append(list, msg)
			}
		}
	}
	return list
}

// messageOfCommand tells whether what a script expects is a whole message about
// the packages on the command line.
func messageOfCommand(msg string) bool {
	for _, part := range []string{"no packages match", "name packages", "not in the main module", "no Go files in", "go.mod file not found"} {
		if strings.Contains(msg, part) {
			return true
		}
	}
	return false
}

// TestManualOutput runs the commands of the manual on the package in it, and
// compares what they print; and what editors show for a wrapper.
func TestManualOutput(t *testing.T) {
	manual, err := os.ReadFile(manualPath)
	if err != nil {
		t.Fatal(err)
	}
	root := newModule(t)
	dir := filepath.Join(root, "words")
	file := regexp.MustCompile("(?s)<!-- file (\\S+) -->\n```go\n(.*?)```").FindSubmatch(manual)
	writeFile(t, filepath.Join(dir, string(file[1])), file[2])
	r := generate(t, dir, nil)
	for _, p := range r.Problems {
		t.Error(p.Format(dir))
	}
	for _, f := range r.Files {
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	got := regexp.MustCompile("(?s)```console\n.*?```").ReplaceAllFunc(manual, func(block []byte) []byte {
		return consoleBlock(t, dir, string(block))
	})
	got = regexp.MustCompile("(?s)<!-- hover (\\w+) -->\n```markdown\n.*?```\n").ReplaceAllFunc(got, func(block []byte) []byte {
		name := strings.Fields(string(block))[2]
		return []byte("<!-- hover " + name + " -->\n```markdown\n" + hover(t, dir, name) + "```\n")
	})
	if *updateManual {
		if err := os.WriteFile(manualPath, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(manual), string(got)); diff != "" {
		t.Errorf("-manual +really:\n%s", diff)
	}
}

// consoleBlock runs the commands of a block, and puts behind each what it
// prints.
func consoleBlock(t *testing.T, dir, block string) []byte {
	var b bytes.Buffer
	b.WriteString("```console\n")
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ go "); ok {
			b.WriteString(line)
			b.WriteString(strings.TrimRight(goCommand(t, dir, strings.Fields(command)...), "\n") + "\n")
		}
	}
	b.WriteString("```")
	return b.Bytes()
}

// hover returns what an editor shows for a function: its signature, and the doc
// comment as Markdown, where links to this package lead to its declarations.
func hover(t *testing.T, dir, name string) string {
	fset := token.NewFileSet()
	var files []*ast.File
	paths, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, path := range paths {
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	pkg, err := doc.NewFromFiles(fset, files, "cases.test/words", doc.AllDecls)
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range pkg.Types {
		pkg.Funcs = append(pkg.Funcs, typ.Funcs...)
	}
	for _, f := range pkg.Funcs {
		if f.Name != name {
			continue
		}
		f.Decl.Doc, f.Decl.Body = nil, nil
		var b bytes.Buffer
		if err := format.Node(&b, fset, f.Decl); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n\n" + string(pkg.Printer().Markdown(pkg.Parser().Parse(f.Doc)))
	}
	t.Fatalf("no function %s", name)
	return ""
}
