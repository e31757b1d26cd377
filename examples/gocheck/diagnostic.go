package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/types"
	"io/fs"
	"slices"
	"strings"
)

// A Diagnostic is a mistake in a package.
type Diagnostic struct {
	Pos   Position // File may be "", for what has no place
	Text  string
	Notes []Note
	Phase Phase
}

// A Phase is what a mistake was found by.
type Phase int

const (
	Typing  Phase = iota // the type checker: may be a consequence of errors in imports
	Parsing              // the parser
	Loading              // before that, where the go command would give up
)

// A Note points at another place that a mistake has to do with.
type Note struct {
	Pos  Position
	Text string
}

// diagnostics collects what the type checker reports.
type diagnostics struct {
	list []Diagnostic
	lost bool // a continuation belongs to an error that was left out
}

// report takes one error of the type checker. Errors that begin with a tab
// continue the one before.
func (d *diagnostics) report(err error) {
	var e types.Error
	if !errors.As(err, &e) {
		d.list = append(d.list, Diagnostic{Text: err.Error()})
		return
	}
	pos := position(e.Fset, e.Pos)
	if text, ok := strings.CutPrefix(e.Msg, "\t"); ok && (d.lost || len(d.list) > 0) {
		if !d.lost {
			last := &d.list[len(d.list)-1]
			last.Notes = append(last.Notes, Note{pos, text})
		}
		return
	}
	// That an import failed is known, with a better reason: see Import.Problem.
	d.lost = strings.HasPrefix(e.Msg, "could not import ")
	if !d.lost {
		d.list = append(d.list, Diagnostic{Pos: pos, Text: e.Msg})
	}
}

// sortDiagnostics orders them as the compiler does, and drops repetitions.
func sortDiagnostics(list []Diagnostic) []Diagnostic {
	slices.SortStableFunc(list, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(b.Phase, a.Phase), a.Pos.compare(b.Pos), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(list, func(a, b Diagnostic) bool { return a.Pos == b.Pos && a.Text == b.Text })
}

func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// loadDiagnostic turns an error from before type-checking into a diagnostic.
func loadDiagnostic(path string, err error) Diagnostic {
	var missing *fs.PathError
	var mixed *MixedPackagesError
	switch {
	case errors.As(err, &missing):
		return Diagnostic{Pos: Position{File: missing.Path}, Text: fmt.Sprintf("cannot be read: %v", missing.Err), Phase: Loading}
	case errors.As(err, &mixed):
		return Diagnostic{Text: mixed.Error(), Phase: Loading}
	}
	return Diagnostic{Text: "package " + path + ": " + err.Error(), Phase: Loading}
}
