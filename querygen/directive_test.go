package querygen

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
)

func TestReadLine(t *testing.T) {
	tests := []struct {
		text   string
		form   form
		kind   kind
		faults []int // their offsets
	}{
		{"//query:pure", formCanonical, kindPure, nil},
		{"//query:input  name=Source task", formCanonical, kindInput, nil},
		{"//rerun:generation\tversion=12", formCanonical, kindGeneration, nil},
		{"//rerun:always ", formCanonical, kindAlways, nil},
		{"//query:", formCanonical, "", []int{8}},
		{"//query:Pure", formCanonical, kindPure, []int{8}},
		{"//query:pure,task", formCanonical, "", []int{8}},
		{"//query:pure persist eq=", formCanonical, kindPure, []int{13, 24}},

		{"//query", formBare, kindPure, nil},
		{"//query task name=X", formBare, kindPure, nil},
		{"//rerun always", formBare, kindAlways, nil},
		{"//rerun  generation", formBare, kindGeneration, nil},
		{"//rerun sometimes", formBare, "", []int{8}},
		{"//query tsk", formBare, kindPure, []int{8}},
		{"//query nmae=X other", formBare, kindPure, []int{8, 15}},
		{"//query keep=3", formBare, kindPure, []int{8}},

		{"// query", formSpaced, kindPure, nil},
		{"// rerun always task", formSpaced, kindAlways, nil},
		{"// rerun generation", formSpaced, kindGeneration, nil},
		{"// query keep=3", formSpaced, kindPure, []int{9}},
		{"// query name=1", formSpaced, kindPure, []int{14}},

		{"// query:pure", formLookalike, "", nil},
		{"// rerun:always task", formLookalike, "", nil},

		{"", formProse, "", nil},
		{"//", formProse, "", nil},
		{"// ", formProse, "", nil},
		{"/*query:pure*/", formProse, "", nil},
		{"//queries", formProse, "", nil},
		{"// queries", formProse, "", nil},
		{"//rerun", formProse, "", nil},
		{"// rerun", formProse, "", nil},
		{"//query the database", formProse, "", nil},
		{"//rerun it always", formProse, "", nil},
		{"// query the database", formProse, "", nil},
		{"// query it", formProse, "", nil},
		{"// query.", formProse, "", nil},
		{"// query:pure functions are memoized", formProse, "", nil},
		{"// rerun sometimes", formProse, "", nil},
		{"// Query", formProse, "", nil},
		{"//\tquery", formProse, "", nil},
		{"//  query", formProse, "", nil},
		{"//  rerun:always", formProse, "", nil},
		{"// \tquery", formProse, "", nil},
		{"//go:generate querygen", formProse, "", nil},
		{"//querygen:pure", formProse, "", nil},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			l := readLine(test.text)
			var offsets []int
			for _, f := range l.faults {
				offsets = append(offsets, f.offset)
			}
			if l.form != test.form || l.kind != test.kind || !reflect.DeepEqual(offsets, test.faults) {
				t.Errorf("form %d, kind %q, faults %v; want form %d, kind %q, faults at %v", l.form, l.kind, l.faults, test.form, test.kind, test.faults)
			}
		})
	}
}

// FuzzReadLine checks what holds of every line, whatever it says.
func FuzzReadLine(f *testing.F) {
	for _, seed := range []string{
		"//query:pure name=X task", "//query", "// rerun always", "// query the database", "//query:", "//rerun:x y=z",
		"//\tquery", "// query:pure", "//query name=世界", "//query:pure\u00a0task", "/* query */",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\n\r") {
			return // not a line
		}
		l := readLine(text)
		for _, fault := range l.faults {
			if fault.offset < len("//") || fault.offset > len(text) {
				t.Errorf("a fault at %d of %q", fault.offset, text)
			}
		}
		canonical := strings.HasPrefix(text, "//query:") || strings.HasPrefix(text, "//rerun:")
		if canonical != (l.form == formCanonical) {
			t.Errorf("%q begins as a directive: %t, but has form %d", text, canonical, l.form)
		}
		if l.form == formProse && (len(l.faults) > 0 || l.kind != "") {
			t.Errorf("prose with a reading: %q is %+v", text, l)
		}
		if d, ok := ast.ParseDirective(token.NoPos, text); ok && len(l.faults) == 0 && l.form == formCanonical && d.Tool+":"+d.Name != strings.TrimPrefix(l.kind.spelling(), "//") {
			t.Errorf("go/ast reads %q as %s:%s, we as %s", text, d.Tool, d.Name, l.kind)
		}
		// A word in front makes prose of everything.
		if rest, ok := strings.CutPrefix(text, "//"); ok {
			if got := readLine("// Word " + rest); got.form != formProse {
				t.Errorf("%q inside of a sentence has form %d", rest, got.form)
			}
		}
	})
}

// TestGofmt checks that an annotation survives gofmt, which turns the bare
// forms into prose and moves directives.
func TestGofmt(t *testing.T) {
	for _, doc := range []string{
		"//query",
		"//rerun always task",
		"// Text.\n//query",
		"// Text!\n//\n//query name=X",
		"//query\n//rerun generation",
		"// Text.\n//\n//rerun generation version=2\n//query",
		"//go:noinline\n//query",
		"// Text.\n//go:noinline\n//\n//rerun always",
		"// Text.\n//query:pure task\n//go:noinline",
		"//query:input",
		"// Text.\n//\n//\tcode\n//query",
	} {
		t.Run(doc, func(t *testing.T) {
			text := "package p\n\n" + doc + "\nfunc f() {}\n"
			pretty, err := format.Source([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			before, after := annotationIn(t, text), annotationIn(t, string(pretty))
			if before == nil || after == nil {
				t.Fatalf("before gofmt %v, after it %v:\n%s", before, after, pretty)
			}
			if before.kind != after.kind || !reflect.DeepEqual(before.options, after.options) {
				t.Errorf("before gofmt %+v, after it %+v", before, after)
			}
		})
	}
}

// annotationIn returns the annotation of the one function in a file.
func annotationIn(t *testing.T, text string) *annotation {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	problems := &problems{}
	s := &source{pack: &pack{world: &world{fset: fset}}, problems: problems, syntax: f}
	s.annotate()
	for _, p := range problems.list {
		if !p.Warning {
			t.Errorf("%s", p.Format(""))
		}
	}
	if len(s.annotated) == 0 {
		return nil
	}
	return s.annotated[0].ann
}
