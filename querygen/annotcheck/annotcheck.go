// Package annotcheck defines an Analyzer that checks the annotations of queries.
//
// # Analyzer queryannotation
//
// queryannotation: check the spelling and the place of query annotations
//
// A misplaced or misspelled annotation is no annotation, and the function below
// it is quietly not memoized. The analyzer reports what querygen would, as far
// as one file by itself can tell. For the bare spellings, such as
//
//	// query
//	func parse(cx *query.Context, file File) (*Tree, error)
//
// which gofmt has turned into text, it suggests the canonical one:
//
//	//
//	//query:pure
//
// The command querygen runs it as a tool of the go command, with
//
//	go vet -vettool=$(which querygen) ./...
//	go fix -fixtool=$(which querygen) ./...
package annotcheck

import (
	"go/ast"

	"golang.org/x/tools/go/analysis"

	"querygen.dev/querygen"
)

// Analyzer checks the annotations of a package.
var Analyzer = &analysis.Analyzer{
	Name: "queryannotation",
	Doc:  "check the spelling and the place of query annotations",
	URL:  "https://pkg.go.dev/querygen.dev/querygen/annotcheck",
	Run:  run,
	// Annotations are comments: types may be missing, as they are before the
	// wrappers have been generated.
	RunDespiteErrors: true,
}

func run(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		if ast.IsGenerated(file) {
			continue
		}
		f := pass.Fset.File(file.FileStart)
		for _, p := range querygen.CheckFile(pass.Fset, file) {
			d := analysis.Diagnostic{Pos: f.Pos(p.Pos.Offset), Message: p.Message}
			if p.Fix != nil {
				fix := analysis.SuggestedFix{Message: p.Fix.Message}
				for _, e := range p.Fix.Edits {
					fix.TextEdits = append(fix.TextEdits, analysis.TextEdit{Pos: f.Pos(e.Start), End: f.Pos(e.End), NewText: []byte(e.New)})
				}
				d.SuggestedFixes = []analysis.SuggestedFix{fix}
			}
			pass.Report(d)
		}
	}
	return nil, nil
}
