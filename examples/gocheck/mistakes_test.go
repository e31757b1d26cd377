package main

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// place matches the beginning of a line that points into a file. Vet marks
// what it says about types.
var place = regexp.MustCompile(`(?m)^\s*(?:vet: )?(?:\./)?([^\s:]+\.go):(\d+):(\d+): `)

// places lists where the lines of some output point at, sorted.
func places(out string) []string {
	var list []string
	for _, m := range place.FindAllStringSubmatch(out, -1) {
		list = append(list, strings.Join(m[1:], ":"))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestMistakes compares gocheck with go build and go vet, which run now and
// here, on modules with mistakes: the verdict, and the places of the errors.
//
// Vet stops at its first type error in each package, and go build at those
// that it finds before it compiles; so each place that one of them names must
// be one of gocheck's, and each of gocheck's must be named by one of them.
func TestMistakes(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join("testdata", "mistakes", "*.txtar"))
	if err != nil || len(archives) < 10 {
		t.Fatal(err, archives)
	}
	for _, a := range archives {
		name := strings.TrimSuffix(filepath.Base(a), ".txtar")
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, filepath.Join("mistakes", name+".txtar"))
			r := newBench(t, dir, "./...").report()
			build, buildOK := goTool(t, dir, "build", "./...")
			vet, vetOK := goTool(t, dir, "vet", "./...")
			t.Logf("gocheck:\n%s\ngo build:\n%s\ngo vet:\n%s", text(r), build, vet)
			if r.failed() != !buildOK {
				t.Errorf("gocheck failed: %v, go build failed: %v", r.failed(), !buildOK)
			}
			if !vetOK && !r.failed() {
				t.Error("go vet fails")
			}
			got, want := places(text(r)), places(vet)
			for _, p := range places(build) {
				want = append(want, cmp.Or(vetPlace[name+" "+p], p))
			}
			if strings.HasPrefix(name, "syntax_error") {
				want = places(vet) // the compiler has a parser of its own
			}
			for _, p := range want {
				if !slices.Contains(got, p) {
					t.Errorf("gocheck does not point at %s", p)
				}
			}
			for _, p := range got {
				if !slices.Contains(want, p) && !noPlace[name] {
					t.Errorf("gocheck alone points at %s", p)
				}
			}
		})
	}
}

// vetPlace are errors for which the compiler and go vet, and so gocheck, name
// different columns.
var vetPlace = map[string]string{
	"argument_count a.go:6:4": "a.go:6:5",
	"generics a.go:9:12":      "a.go:9:9",
}

// noPlace are mistakes for which the go command gives no place.
var noPlace = map[string]bool{"no_go_files": true, "missing_main": true}

// TestMistakeTexts looks at a few outputs as a whole.
func TestMistakeTexts(t *testing.T) {
	tests := []struct{ archive, want string }{
		{"undefined_name", "# example.com/m\n./a.go:4:9: undefined: x\n./a.go:7:27: undefined: y\n"},
		{"import_cycle", "package example.com/m/a\n\timports example.com/m/b from a.go\n\timports example.com/m/c from b.go\n\timports example.com/m/a from c.go: import cycle not allowed\n"},
		{"consequences", "# example.com/m/a\na/a.go:3:10: undefined: undefined\na/a.go:5:23: cannot use \"one\" (untyped string constant) as int value in return statement\n# example.com/m/c\nc/c.go:3:23: cannot use \"two\" (untyped string constant) as int value in return statement\n(2 errors in packages that import these not shown; -all shows them)\n"},
	}
	for _, test := range tests {
		t.Run(test.archive, func(t *testing.T) {
			r := newBench(t, unpack(t, "mistakes/"+test.archive+".txtar"), "./...").report()
			if got := text(r); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
