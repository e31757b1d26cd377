package querygen

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// edits are changes of the module in testdata/fingerprint, and the queries whose
// fingerprints they change.
var edits = []struct {
	name     string
	file     string
	old, new string
	want     string
}{
	{"comment", "calls.go", "// A comment.", "/* Another. */ // And one more.", ""},
	{"doc comment", "calls.go", "// near calls far.Deep over two steps.", "// near calls it.", ""},
	{"formatting", "calls.go", "{ return middle(n) + 1 }", "{\n\n\treturn (middle(\n\t\tn,\n\t) +\n\t\t0X1)\n}", "near"},
	{"only formatting", "calls.go", "{ return middle(n) + 1 }", "{\n\n\treturn (middle(\n\t\tn,\n\t) +\n\t\t1)\n}", ""},
	{"function of cycle=", "calls.go", "return spareOf(n)", "return -spareOf(n)", "rescued"},
	{"what it calls", "calls.go", "return n << 1", "return n << 2", "rescued"},
	{"method of cycle=", "calls.go", "Context) int { return 2 }", "Context) int { return 3 }", "Fallen.rescued"},
	{"parameter and result renamed", "calls.go", "func middle(n int) (total int) {\n\tfor i := range n {\n\t\t// A comment.\n\t\ttotal += far.Deep(i)\n\t}\n\treturn total", "func middle(m int) (sum int) {\n\tfor j := range m {\n\t\tsum += far.Deep(j)\n\t}\n\treturn sum", ""},
	{"locals exchanged", "calls.go", "func (l byLength) Less(i, j int)", "func (l byLength) Less(j, i int)", "ordered"},
	{"receiver renamed", "calls.go", "(c counter) plus(n int) int   { return int(c) + n }", "(k counter) plus(i int) int { return int(k) + i }", ""},
	{"label, symbol and local type renamed", "shapes.go", "loop:\n\tfor {\n\t\tswitch x := v.(type) {\n\t\tcase int:\n\t\t\tbreak loop\n\t\tcase string:\n\t\t\treturn len(x)\n\t\t}\n\t}\n\ttype local struct{ field int }\n\treturn local{field: 1}.field", "l:\n\tfor {\n\t\tswitch y := v.(type) {\n\t\tcase int:\n\t\t\tbreak l\n\t\tcase string:\n\t\t\treturn len(y)\n\t\t}\n\t}\n\ttype own struct{ field int }\n\treturn own{field: 1}.field", ""},
	{"type parameters renamed", "shapes.go", "func apply[T, U any](list []T, f func(T) U) (out []U)", "func apply[A, B any](list []A, f func(A) B) (out []B)", ""},
	{"import renamed", "count.go", "\"cases.test/fp/far\"\n\tquery \"querygen.dev/runtime\"\n)\n\n//query:pure\nfunc registered(cx *query.Context) int { return far.", "query \"querygen.dev/runtime\"\n\tdistant \"cases.test/fp/far\"\n)\n\n//query:pure\nfunc registered(cx *query.Context) int { return distant.", ""},
	{"helper two calls away", "far/far.go", "return i * 2", "return i * 3", "near"},
	{"declaration moved", "far/far.go", "func Deep(i int) int { return deeper(i) }\n\nfunc deeper(i int) int { return i * 2 }", "func deeper(i int) int { return i * 2 }\n\nfunc Deep(i int) int { return deeper(i) }", ""},
	{"body behind a wrapper", "calls.go", "return middle(n) + 1", "return middle(n) + 2", "near"},
	{"signature behind a wrapper", "calls.go", "func near(cx *query.Context, n int) int {", "func near(cx *query.Context, n int) (int, error) { return nearer(n), nil }\n\nfunc nearer(n int) int {", "!"},
	{"method expression", "calls.go", "return int(c) + n", "return int(c) - n", "ordered"},
	{"method value", "calls.go", "return int(c) * n", "return int(c) / n", "ordered"},
	{"method that is not used", "calls.go", "return int(c) - n", "return int(c)", ""},
	{"method that another module calls", "calls.go", "{ l[i], l[j] = l[j], l[i] }", "{ l[j], l[i] = l[i], l[j] }", "ordered"},
	{"method of what an interface holds", "calls.go", `return "shown"`, `return "seen"`, "printed"},
	{"unexported method of the same", "calls.go", `return "hidden"`, `return "unseen"`, ""},
	{"method behind an interface, in a package that is not imported", "plugin/plugin.go", "return c.r * pi()", "return 1", "area"},
	{"what such a method calls", "plugin/plugin.go", "{ return 3 }", "{ return 4 }", "area"},
	{"another method of such a type", "plugin/plugin.go", "Other() {}", "Other() { pi() }", "area"},
	{"method of a type that does not implement it", "plugin/plugin.go", "Area() int { return 1 }", "Area() int { return 2 }", ""},
	{"method behind an interface, in a package of another system", "windows/windows_windows.go", "return 7", "return 8", "area"},
	{"promoted method", "shapes.go", `return "inner"`, `return "in"`, "promoted"},
	{"struct tag", "shapes.go", "`json:\"a\"`", "`json:\"b\"`", "promoted"},
	{"method that a closure calls", "shapes.go", `return "key"`, `return "k"`, "mapped"},
	{"generic function", "shapes.go", "out = append(out, f(x))", "out = append([]U{f(x)}, out...)", "mapped"},
	{"string spelled otherwise", "shapes.go", `return "key"`, "return `key`", ""},
	{"constant", "values.go", "iota + 1", "iota + 2", "constant"},
	{"constant in front", "values.go", "\tsecond\n", "\tinserted\n\tsecond\n", "constant"},
	{"constant behind", "values.go", "\tthird\n", "\tthird\n\tfourth\n", ""},
	{"initial value", "values.go", "{1, 2, 3}", "{1, 2, 4}", "variable"},
	{"assignment in init", "values.go", "append(extra, 2)", "append(extra, 3)", "variable"},
	{"initialization elsewhere", "plugin/plugin.go", "amount = 2", "amount = 3", "registered"},
	{"function that is called in an initialization", "far/far.go", "count += n", "count -= n", "registered"},
	{"embedded file", "words.txt", "one", "two", "embedded"},
	{"body behind a wrapper in a file of this system", "calls.go", "{ return n }", "{ return n + 1 }", "alone"},
	{"method with an alias for a receiver", "native.go", "int(n) * 2", "int(n) * 3", "aliased"},
	{"assembly", "native/native_amd64.s", "$0", "$8", "assembled compiled"},
	{"C", "native/c.go", "return 1", "return 2", "compiled"},
	{"function beside them", "native/native.go", "return 1", "return 2", ""},
	{"file of this system", "system_linux.go", `"linux"`, `"Linux"`, "system"},
	{"file of another system", "system_other.go", `"other"`, `"Other"`, "system"},
	{"comment in a file of another system", "system_other.go", "type unknown struct{}", "// A comment.\ntype unknown struct {\n}", ""},
	{"renaming in a file of another system", "system_other.go", "(u *unknown)", "(other *unknown)", ""},
}

// TestFingerprints edits a module at one place at a time.
func TestFingerprints(t *testing.T) {
	m := newFingerprintModule(t)
	before := m.codes(t, nil)
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			path := filepath.Join(m.dir, e.file)
			text := m.files[e.file]
			if strings.Count(text, e.old) != 1 {
				t.Fatalf("%q is not once in %s", e.old, e.file)
			}
			writeFile(t, path, []byte(strings.Replace(text, e.old, e.new, 1)))
			defer writeFile(t, path, []byte(text))
			want := strings.Fields(e.want)
			if e.want == "!" { // the signature: both sides
				want = []string{"caller", "near"}
			}
			if diff := cmp.Diff(want, changed(before, m.codes(t, nil)), equateEmpty); diff != "" {
				t.Errorf("changed fingerprints (-want +got):\n%s", diff)
			}
		})
	}
}

var equateEmpty = cmp.Transformer("join", func(list []string) string { return strings.Join(list, " ") })

// TestFingerprintsElsewhere computes fingerprints on other systems, in another
// directory and by other patterns.
func TestFingerprintsElsewhere(t *testing.T) {
	m := newFingerprintModule(t)
	before := m.codes(t, nil)
	same := func(name string, now map[string]string) {
		t.Helper()
		if list := changed(before, now); len(list) > 0 {
			t.Errorf("%s: the fingerprints of %v have changed", name, list)
		}
	}
	for _, system := range []string{"linux/386", "windows/amd64"} {
		goos, goarch, _ := strings.Cut(system, "/")
		same(system, m.codes(t, append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)))
	}
	same("without cgo", m.codes(t, append(os.Environ(), "CGO_ENABLED=0")))
	same("with a tag", m.codes(t, append(os.Environ(), "GOFLAGS=-tags=some")))
	same("./...", m.codes(t, nil, "./..."))
	same("elsewhere", newFingerprintModule(t).codes(t, nil))
}

// A fingerprintModule is the module of testdata/fingerprint, laid out.
type fingerprintModule struct {
	dir   string
	files map[string]string
}

func newFingerprintModule(t *testing.T) *fingerprintModule {
	archive, err := txtar.ParseFile("testdata/fingerprint/module.txtar")
	if err != nil {
		t.Fatal(err)
	}
	m := &fingerprintModule{newModule(t), make(map[string]string)}
	mod, err := os.ReadFile(filepath.Join(m.dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(m.dir, "go.mod"), []byte(strings.Replace(string(mod), "module cases.test", "module cases.test/fp", 1)))
	for _, f := range archive.Files {
		m.files[f.Name] = string(f.Data)
		writeFile(t, filepath.Join(m.dir, f.Name), f.Data)
	}
	return m
}

// codes returns the fingerprints by the names of the functions.
func (m *fingerprintModule) codes(t *testing.T, env []string, patterns ...string) map[string]string {
	t.Helper()
	w, err := analyze(context.Background(), Config{Dir: m.dir, Env: env, Patterns: patterns})
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]string)
	for _, q := range w.packs["cases.test/fp"].queries {
		if q.code == (digest{}) {
			t.Fatalf("%s has no fingerprint: %v", q.qualified(), w.problems.sorted())
		}
		codes[q.qualified()] = q.code.String()
	}
	return codes
}

// changed lists what differs, sorted.
func changed(before, after map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if before[name] != after[name] {
			list = append(list, name)
		}
	}
	return list
}

// TestFingerprintsWorkspace makes the fingerprints of a module with another one
// beside it in a workspace, and without: the border between them is the same.
func TestFingerprintsWorkspace(t *testing.T) {
	m := newFingerprintModule(t)
	before := m.codes(t, nil)
	other := t.TempDir()
	writeFile(t, filepath.Join(other, "go.mod"), []byte("module other.test\n\ngo 1.26.0\n"))
	writeFile(t, filepath.Join(other, "square.go"), []byte("package other\n\ntype square struct{}\n\nfunc (square) Area() float64 { return 1 }\n"))
	work := filepath.Join(m.dir, "go.work")
	writeFile(t, work, []byte("go 1.26.0\n\nuse .\nuse "+other+"\n"))
	if list := changed(before, m.codes(t, append(os.Environ(), "GOWORK="+work), ".", other)); len(list) > 0 {
		t.Errorf("the workspace has changed the fingerprints of %v", list)
	}
}
