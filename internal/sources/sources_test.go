package sources

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const base = `// Package p is a test.
package p

import (
	"fmt"
	m "math"
)

import _ "embed"

//go:embed data.txt
var data string

// f does things.
//
//query:pure
func f(a, b int) int {
	if a > b { // greater
		return 1
	}
	return fmt.Sprint(data, m.Pi, "x // y")
}
`

func summary(t *testing.T, files Files) Summary {
	t.Helper()
	s, err := Summarize(files, []string{Pattern, "data.txt"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a compiler does not see does not count, all else does.
func TestSummarize(t *testing.T) {
	files := func(old, new string) Files {
		if old != "" && strings.Count(base, old) != 1 {
			t.Fatalf("%q is not once in the file", old)
		}
		return Files{"a.go": []byte(strings.Replace(base, old, new, 1)), "data.txt": []byte("1")}
	}
	before := summary(t, files("", ""))
	if want := []string{"embed", "fmt", "math"}; !slices.Equal(before.Imports, want) {
		t.Errorf("imports %q, want %q", before.Imports, want)
	}
	for _, c := range []struct {
		old, new string
		same     bool
	}{
		{"// f does things.", "/* f */\n\n// does", true},
		{" // greater", "", true},
		{"{ // greater\n\t\treturn 1\n\t}", "{ return 1 }", true},
		{"\tm \"math\"\n)", "\tm \"math\" )", true},
		{"int {\n\tif", "int {\r\n\tif", true},
		{"return 1", "return 2", false},
		{"a > b", "a>b", true},
		{"a > b", "a >= b", false},
		{`"x // y"`, `"x // z"`, false},
		{"//query:pure", "//query:input", false},
		{"//query:pure", "//query", false},
		{"//query:pure\n", "", false},
		{"// Package p", "//go:build linux\n\n// Package p", false},
		{"// Package p", "// +build linux\n\n// Package p", false},
		{"// f does", "//go:noinline\n// f does", false},
		{"if a > b", "if a > b;", false},
		{"\treturn 1\n\t}\n\treturn", "\treturn 1 }\n\treturn", true},
		{"return fmt", "return\nfmt", false},
		{"a, b int", "a, c int", false},
		{"func f(", "func f[T any](", false},
	} {
		if same := summary(t, files(c.old, c.new)).Digest == before.Digest; same != c.same {
			t.Errorf("%q for %q: the same: %v", c.new, c.old, same)
		}
	}
}

// Names of files count, except those of tests and of what is generated or ignored.
func TestFiles(t *testing.T) {
	before := summary(t, Files{"a.go": []byte(base), "data.txt": []byte("1")}).Digest
	for _, c := range []struct {
		name, text string
		same       bool
	}{
		{"data.txt", "2", false},
		{"data/more.go", "package more", false},
		{"b_linux.go", "package p", false},
		{"b.go", "package p", false},
		{"b_test.go", "package p", true},
		{"query_gen.go", "package p", true},
		{"query_gen_test.go", "package p", true},
		{"_b.go", "package p", true},
		{".b.go", "package p", true},
	} {
		files := Files{"a.go": []byte(base), "data.txt": []byte("1")}
		files[c.name] = []byte(c.text)
		if same := summary(t, files).Digest == before; same != c.same {
			t.Errorf("%s: the same: %v", c.name, same)
		}
	}
	if summary(t, Files{"b.go": []byte(base), "data.txt": []byte("1")}).Digest == before {
		t.Error("the file was renamed, and the digest is the same")
	}
	one := Files{"a.go": []byte("package p\nvar a int"), "b.go": []byte("package p\nvar b int")}
	two := Files{"a.go": []byte("package p\nvar a int\nvar b int"), "b.go": []byte("package p")}
	if summary(t, one).Digest == summary(t, two).Digest {
		t.Error("a declaration was moved to another file, and the digest is the same") // the order of initialization
	}
}

// What a digest can't speak for has none.
func TestUnknown(t *testing.T) {
	for _, c := range []struct {
		name     string
		files    Files
		patterns []string
		wrong    string
	}{
		{"cgo", Files{"a.go": []byte("package p\nimport \"C\"")}, nil, "cgo"},
		{"cgo among others", Files{"a.go": []byte("package p\nimport (\"fmt\"\n\"C\")")}, nil, "cgo"},
		{"no Go", Files{"a.go": []byte("package p\nvar s = \"")}, nil, "string literal not terminated"},
		{"a file that is not embedded", Files{"a.go": []byte("package p\n//go:embed x.txt\nvar s string")}, []string{Pattern}, "x.txt"},
		{"less of it", Files{"a.go": []byte("package p\n//go:embed x\nvar s embed.FS"), "x/a.txt": nil}, []string{Pattern, "x/a.txt"}, "embeds"},
		{"hidden files of it", Files{"a.go": []byte("package p\n//go:embed all:x\nvar s embed.FS"), "x/a.txt": nil}, []string{Pattern, "x"}, "all:x"},
		{"its own files", Files{"a.go": []byte("package p\n//go:embed *\nvar s embed.FS")}, []string{Pattern, "*"}, "its own"},
		{"its tests", Files{"a.go": []byte("package p\n//go:embed \"a_*.go\"\nvar s embed.FS"), "a_test.go": nil}, []string{Pattern, "a_*.go"}, "its own"},
	} {
		if _, err := Summarize(c.files, c.patterns); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.wrong)
		}
	}
}

func TestRead(t *testing.T) {
	embedded := fstest.MapFS{
		"a.go":         {Data: []byte(base)},
		"x/y.txt":      {Data: []byte("y")},
		"query_gen.go": {Data: []byte("package p\n\n//go:embed [^._]*.go x \"with space\" `z`\nvar querySources embed.FS\n")},
	}
	files, patterns, err := Read(embedded)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{Pattern, "x", "with space", "z"}; !slices.Equal(patterns, want) {
		t.Errorf("patterns %q, want %q", patterns, want)
	}
	if len(files) != 3 || string(files["x/y.txt"]) != "y" {
		t.Errorf("files %q", files)
	}
	embeds, err := Embeds(files)
	if want := []string{"data.txt"}; err != nil || !slices.Equal(embeds, want) {
		t.Errorf("%q are embedded (%v), want %q", embeds, err, want)
	}
}
