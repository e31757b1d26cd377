package main

import (
	"strings"
	"testing"
)

// TestProblems goes through what can be wrong in one file, and where.
func TestProblems(t *testing.T) {
	tests := []struct {
		name, source, want string
	}{
		{"empty", "", ""},
		{"only a comment", "# nothing", ""},
		{"precedence", "let a = 1 + 2 * 3 - 8 / 4", "a = 5"},
		{"from the left", "let a = 10 - 3 - 2", "a = 5"},
		{"parentheses and signs", "let a = -(1 + 2) * --3", "a = -9"},
		{"division rounds towards zero", "let a = -7 / 2", "a = -3"},
		{"over several lines", "let a = (\n1 # one\n+ 2)\nlet b = a", "a = 3, b = 3"},
		{"two on a line", "let a = b let b = 1", "a = 1, b = 1"},
		{"used before it is defined", "let a = b\nlet b = 2", "a = 2, b = 2"},
		{"carriage returns", "let a = 1\r\nlet b = 2\r\n", "a = 1, b = 2"},
		{"not a definition", "a = 1\nlet b = 2", "f:1:1: expected let, found a"},
		{"no name", "let = 1", "f:1:5: expected a name, found ="},
		{"let is not a name", "let let = 1", "f:1:5: expected a name, found let, f:1:9: expected a name, found ="},
		{"no value", "let a =\nlet b = 1", "f:2:1: expected a number, a name or (, found let"},
		{"cut short", "let a = 1 +", "f:1:12: expected a number, a name or (, found the end of the file"},
		{"no operator", "let a = 1 2", "f:1:11: expected an operator or let, found 2"},
		{"not closed", "let a = (1 + 2\nlet b = 1", "f:2:1: expected ), found let"},
		{"no such character", "let a = 1 ä", `f:1:11: unexpected character "ä"`},
		{"not even text", "let a = \xff", `f:1:9: unexpected character "\xff"`},
		{"a large number", "let a = 9223372036854775808", "f:1:9: 9223372036854775808 is too large"},
		{"undefined", "let a = 1 +\n  b", "f:2:3: undefined: b"},
		{"its users are not to blame", "let a = b\nlet b = c\nlet d = a", "f:2:9: undefined: c"},
		{"defined twice", "let a = 1\nlet b = 2\nlet a = 3", "f:3:5: a is already defined at f:1:5"},
		{"division by zero", "let a = 0\nlet b = 1 / (a * 2)", "f:2:11: division by zero"},
		{"overflow", "let a = 9223372036854775807\nlet b = a + 1\nlet c = -a - 2\nlet d = a * 2\nlet e = (-a - 1) / -1\nlet f = -(-a - 1)\nlet g = -1 * (-a - 1)",
			"f:2:11: the result is too large, f:3:12: the result is too large, f:4:11: the result is too large, f:5:18: the result is too large, f:6:9: the result is too large, f:7:12: the result is too large"},
		{"needs itself", "let a = a", "f:1:5: the definition needs itself: a -> a"},
		{"a cycle and its user", "let c = b\nlet b = a\nlet a = b", "f:3:5: the definition needs itself: a -> b (f:2:5) -> a"},
		{"a loop on one line", "let a = b let b = a", "f:1:5: the definition needs itself: a -> b (f:1:15) -> a"},
		{"two cycles", "let a = b\nlet b = a\nlet c = d + a\nlet d = c", "f:1:5: the definition needs itself: a -> b (f:2:5) -> a, f:3:5: the definition needs itself: c -> d (f:4:5) -> c"},
		{"several, from top to bottom", "let a = 1 / 0\nlet b\nlet c = x", "f:1:11: division by zero, f:3:1: expected =, found let, f:3:9: undefined: x"},
		{"too long", "let a = 1" + strings.Repeat(" + 1", maxOperands), "f:1:40009: the definition is too long"},
		{"too deep", "let a = " + strings.Repeat("(", 100*maxOperands), "f:1:10009: the definition is too long"},
		{"as long as can be", "let a = 1" + strings.Repeat(" + 1", maxOperands-1), "a = 10000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, _ := newTestProgram(t, []Text{{"f", test.source}})
			if got := p.show(t); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

// TestFiles looks at what goes between files.
func TestFiles(t *testing.T) {
	p, _ := newTestProgram(t, []Text{{"b", "let x = y"}, {"a", "\n let x = 1\nlet y = 2"}})
	if got, want := p.show(t), "a:2:6: x is already defined at b:1:5"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	// The diagnostic in one file names a line of the other.
	p.mustEdit(t, "let x = y", "# moved\nlet x = y")
	if got, want := p.show(t), "a:2:6: x is already defined at b:2:5"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	p.mustEdit(t, "let x = 1", "let z = 1")
	if got, want := p.show(t), "x = 2, z = 1, y = 2"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// FuzzParse looks for sources that the parser does not survive.
func FuzzParse(f *testing.F) {
	f.Add("let a = (1 + b) * -2 # c\nlet b = 1")
	f.Add("let let = = (")
	f.Fuzz(func(t *testing.T, source string) {
		file := parseFile(source)
		if len(file.Decls) != len(file.Lines) {
			t.Fatalf("%d declarations on %d lines", len(file.Decls), len(file.Lines))
		}
		for _, d := range file.Decls {
			if (d.Flaw == nil) == (d.Value == nil) || d.Flaw == nil && d.Name == "" {
				t.Fatalf("%+v", d)
			}
		}
	})
}
