package main

import (
	"errors"

	query "querygen.dev/runtime"
)

// names are those that a file declares, in order, "" where there is none. It
// forgets what the definitions say: most edits end here as far as scope is
// concerned.
//
//query:pure
func names(cx *query.Context, file string) []string {
	decls := Declarations(cx, file)
	list := make([]string, len(decls))
	for i, d := range decls {
		list[i] = d.Name
	}
	return list
}

// A Place is one declaration in one file.
type Place struct {
	File  string
	Index int // into the declarations of the file
}

// scope says where each name is defined. The first definition counts, in the
// order in which the files were set.
//
//query:pure
func scope(cx *query.Context) map[string]Place {
	places := map[string]Place{}
	for _, file := range SourceKeys(cx) {
		for i, name := range Names(cx, file) {
			if _, taken := places[name]; name != "" && !taken {
				places[name] = Place{file, i}
			}
		}
	}
	return places
}

// errUndefined is what a name ends in that no file defines.
var errUndefined = errors.New("undefined")

func init() { query.RegisterError("calc.errUndefined", errUndefined) }

// definition is what a name stands for. It reads all of the scope and all of a
// file, and forgets everything but one declaration: who reads it is not
// concerned by edits to others.
//
//query:pure
func definition(cx *query.Context, name string) (Decl, error) {
	place, ok := Scope(cx)[name]
	if !ok {
		return Decl{}, errUndefined
	}
	return Declarations(cx, place.File)[place.Index], nil
}
