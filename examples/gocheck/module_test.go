package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const tools = "golang.org/x/tools/"

// realModule copies golang.org/x/tools out of the module cache, and picks the
// part of it whose dependencies this repository has as well: the go command,
// which has to agree, can do without the network then.
func realModule(t *testing.T) *bench {
	t.Helper()
	if testing.Short() {
		t.Skip("checks a large module")
	}
	src, ok := goTool(t, ".", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/tools")
	if !ok {
		t.Fatal(src)
	}
	dir := tempDir(t)
	if err := os.CopyFS(dir, os.DirFS(strings.TrimSpace(src))); err != nil {
		t.Fatal(err)
	}
	requireOurs(t, dir)
	return newBench(t, dir, "./go/...", "./internal/...", "./refactor/...")
}

// requireOurs gives the copy the requirements of this repository.
func requireOurs(t *testing.T, dir string) {
	t.Helper()
	data, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := "module golang.org/x/tools\n\ngo " + ours.Go.Version + "\n"
	for _, r := range ours.Require {
		if r.Mod.Path != "golang.org/x/tools" {
			text += "\nrequire " + r.Mod.Path + " " + r.Mod.Version + "\n"
		}
	}
	write(t, filepath.Join(dir, "go.mod"), text)
	sums, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.sum"), string(sums))
}

// TestRealModule edits a module that nobody here wrote, and looks at which
// packages are checked again after each edit.
func TestRealModule(t *testing.T) {
	b := realModule(t)
	cold := b.clean()
	t.Logf("cold: %s", cold.summary())
	if out, ok := goTool(t, b.dir, "build", "./go/...", "./internal/...", "./refactor/..."); !ok {
		t.Fatalf("go build disagrees:\n%s", out)
	}

	const (
		inspector = "go/ast/inspector/inspector.go"
		cfg       = "go/cfg/cfg.go"
	)
	tests := []struct {
		name, file, old, new string
		checked              []string
	}{
		{
			// Some fifty packages import it.
			"body", inspector,
			"return &Inspector{traverse(files)}",
			"events := traverse(files)\n\treturn &Inspector{events}",
			[]string{"go/ast/inspector"},
		},
		{
			// Who imports the package sees it, whether or not New is called.
			"signature", cfg,
			"func New(body *ast.BlockStmt, mayReturn func(*ast.CallExpr) bool) *CFG {",
			"func New(body *ast.BlockStmt, mayReturn func(*ast.CallExpr) bool, _ ...int) *CFG {",
			[]string{"go/cfg", "go/analysis/passes/ctrlflow", "go/analysis/passes/lostcancel", "internal/excfg"},
		},
		{
			// The API of ctrlflow returns the type, so buildssa, which imports
			// ctrlflow and not cfg, sees it too. Its own API hides it from
			// its importers.
			"type", cfg,
			"type CFG struct {",
			"type CFG struct {\n\tNote string",
			[]string{"go/cfg", "go/analysis/passes/ctrlflow", "go/analysis/passes/lostcancel", "internal/excfg", "go/analysis/passes/buildssa"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.t = t
			b.edit(test.file, test.old, test.new)
			r := b.clean()
			t.Logf("%s, cold %s", r.summary(), brief(cold.Elapsed))
			for i, p := range test.checked {
				test.checked[i] = tools + p
			}
			wantRan(t, r, "check", test.checked...)
		})
	}
	t.Run("type error in a body", func(t *testing.T) {
		b.t = t
		b.edit(inspector, "events := traverse(files)", "events := traverse(nil, files)")
		r := b.report()
		t.Logf("%s, cold %s", r.summary(), brief(cold.Elapsed))
		wantRan(t, r, "check", tools+"go/ast/inspector")
		vet, _ := goTool(t, b.dir, "vet", "./go/ast/inspector")
		if got, want := places(text(r)), places(vet); len(want) != 1 || !slices.Equal(got, want) {
			t.Errorf("gocheck:\n%s\ngo vet:\n%s", text(r), vet)
		}
	})
}
