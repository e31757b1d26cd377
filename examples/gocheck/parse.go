package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"

	query "querygen.dev/runtime"
)

// A Source is a file in its place among those of its package.
type Source struct {
	Path string
	Slot int
}

// Each file of a package has a range of positions of its own, slotSize long,
// by its place in the package. So files are parsed one by one and still form
// one file set, in which positions are in file order: go/types compares them
// across files, and what it reports must not depend on which file was parsed
// first.
const slotSize = 1 << 26

// Syntax is a parsed file. It is shared by those who type-check it; none of
// them writes to it.
type Syntax struct {
	File   *ast.File   // what could be parsed of it
	Lines  *token.File // positions of File
	Errors []Diagnostic
}

// parse parses a file. What is wrong with its syntax is part of the result.
//
//query:pure identity
func parse(cx *query.Context, src Source) (*Syntax, error) {
	data, err := Content(cx, src.Path)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	if src.Slot > 0 {
		fset.AddFile("", src.Slot*slotSize-1, 0) // the next file's base is one after this
	}
	s := &Syntax{}
	s.File, err = parser.ParseFile(fset, src.Path, data, parser.SkipObjectResolution)
	s.Lines = fset.File(s.File.FileStart)
	s.Errors = syntaxErrors(src.Path, err)
	return s, nil
}

// syntaxErrors are the parser's errors as diagnostics.
func syntaxErrors(path string, err error) []Diagnostic {
	if err == nil {
		return nil
	}
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []Diagnostic{{Pos: Position{File: path}, Text: err.Error(), Phase: Parsing}}
	}
	var found []Diagnostic
	for _, e := range list {
		found = append(found, Diagnostic{Pos: Position{e.Pos.Filename, e.Pos.Line, e.Pos.Column}, Text: "syntax error: " + e.Msg, Phase: Parsing})
	}
	return found
}
