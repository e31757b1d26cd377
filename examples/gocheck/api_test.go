package main

import (
	"testing"
)

// TestAPI makes one edit after another to a package, and looks at who is
// checked again. The archive has a chain: top imports mid, mid imports low;
// mid's API mentions low.Point and nothing else of low; side imports low.
func TestAPI(t *testing.T) {
	const low, mid, top, side = "example.com/m/low", "example.com/m/mid", "example.com/m/top", "example.com/m/side"
	tests := []struct {
		name     string
		file     string
		old, new string
		checked  []string
	}{
		{"body", "low/low.go", "return 1 // body", "return 1 + 1 // body", []string{low}},
		{"comment above", "low/low.go", "// One is", "// It has been said that\n//\n// One is", []string{low}},
		{"comment only", "mid/mid.go", "// Origin", "// The origin. Origin", []string{mid}},
		{"unexported function", "low/low.go", "func helper()", "func helper2() {}\n\nfunc helper()", []string{low}},
		{"unexported type", "low/low.go", "type private struct{}", "type private struct{ x int }", []string{low}},
		{"initial value", "low/low.go", "var Limit = 10", "var Limit = 11", []string{low}},
		{"body of a method", "low/low.go", "return p.X + p.y", "return p.X - p.y", []string{low}},
		{"function literal", "low/low.go", "func() int { return 3 }()", "func() int { x := 4; return x }()", []string{low}},
		{"signature", "low/low.go", "func One() int", "func One(more ...int) int", []string{low, mid, side}},
		{"name of a parameter", "low/low.go", "func One(more ...int)", "func One(rest ...int)", []string{low, mid, side}},
		{"constant", "low/low.go", "const Size = 4", "const Size = 5", []string{low, mid, side}},
		{"inferred type", "low/low.go", "var Limit = 11", "var Limit = 11.5", []string{low, mid, side}},
		{"new function", "low/low.go", "func helper()", "func Two() int { return 2 }\n\nfunc helper()", []string{low, mid, side}},
		{"generic constraint", "low/low.go", "type List[T any]", "type List[T comparable]", []string{low, mid, side}},
		{"alias", "low/low.go", "type Name = string", "type Name = int", []string{low, mid, side}},
		{"type seen through mid", "low/low.go", "X, y int", "X, y, z int", []string{low, mid, side, top}},
		{"method seen through mid", "low/low.go", "// methods", "func (p Point) Norm() int { return 0 }", []string{low, mid, side, top}},
		{"signature of mid", "mid/mid.go", "func Origin()", "func Origin(_ ...bool)", []string{mid, top}},
		{"new import", "side/side.go", `import "example.com/m/low"`, "import (\n\t\"example.com/m/low\"\n\t_ \"example.com/m/mid\"\n)", []string{side}},
		{"tests are not looked at", "low/low_test.go", "package low", "package low_test", nil},
	}
	b := newBench(t, unpack(t, "chain.txtar"))
	b.clean()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.t = t
			b.edit(test.file, test.old, test.new)
			wantRan(t, b.clean(), "check", test.checked...)
			wantRan(t, b.clean(), "check")
		})
	}
}

// TestUndo takes an edit back before and after a check.
func TestUndo(t *testing.T) {
	b := newBench(t, unpack(t, "chain.txtar"))
	b.clean()
	b.edit("low/low.go", "func One() int", "func One(more ...int) int")
	b.edit("low/low.go", "func One(more ...int) int", "func One() int")
	wantRan(t, b.clean(), "content")
	b.edit("low/low.go", "func One() int", "func One(string) int")
	if r := b.report(); len(r.Packages) != 1 || r.Packages[0].Path != "example.com/m/mid" {
		t.Errorf("got\n%s", text(r))
	}
	b.edit("low/low.go", "func One(string) int", "func One() int")
	b.clean()
}
