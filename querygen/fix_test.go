package querygen

import (
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestFixes applies the fixes of the bare spellings: what comes out is as gofmt
// would have it, means the same, and needs no fix.
func TestFixes(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/fix/bare.txtar")
	if err != nil {
		t.Fatal(err)
	}
	from, want := string(archive.Files[0].Data), string(archive.Files[1].Data)
	got := from
	var fixes []*Fix
	for _, p := range check(t, from) {
		if p.Fix != nil {
			fixes = append(fixes, p.Fix)
		}
	}
	for _, fix := range slices.Backward(fixes) {
		for _, e := range slices.Backward(fix.Edits) {
			got = got[:e.Start] + e.New + got[e.End:]
		}
	}
	if got != want {
		t.Errorf("got:\n%s", got)
	}
	if pretty, err := format.Source([]byte(got)); err != nil || string(pretty) != got {
		t.Errorf("gofmt has its own idea (%v):\n%s", err, pretty)
	}
	for _, p := range check(t, got) {
		if p.Fix != nil || strings.Contains(p.Message, "canonical") {
			t.Errorf("still to fix: %v", p)
		}
	}
}

func check(t *testing.T, text string) []Problem {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "a.go", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return CheckFile(fset, f)
}
