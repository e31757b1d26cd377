package main

import (
	"errors"
	"fmt"
	"strings"

	query "querygen.dev/runtime"
)

// A Diagnostic is something wrong, at its place in a file.
type Diagnostic struct {
	File      string
	Line, Col int // from 1, Col in bytes
	Text      string
}

func (d Diagnostic) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", d.File, d.Line, d.Col, d.Text)
}

// problems are what is wrong in a file, from top to bottom. Only here positions
// within a declaration become positions in the file, and only of what is wrong:
// a file without problems does not care how its lines move.
//
//query:pure
func problems(cx *query.Context, file string) ([]Diagnostic, error) {
	var list []Diagnostic
	for i, d := range Declarations(cx, file) {
		flaw, err := flawOf(cx, Place{file, i}, d)
		if err != nil {
			return nil, err
		}
		if flaw != nil {
			line := Lines(cx, file)[i] + flaw.At.Line
			list = append(list, Diagnostic{file, line, flaw.At.Col, flaw.Text})
		}
	}
	return list, nil
}

// flawOf returns what is wrong with a declaration itself, nil if nothing is.
func flawOf(cx *query.Context, place Place, d Decl) (*Flaw, error) {
	if d.Flaw != nil {
		return d.Flaw, nil
	}
	if first := Scope(cx)[d.Name]; first != place {
		return duplicate(cx, d, first), nil
	}
	_, err := Value(cx, d.Name)
	if err == nil || errors.Is(err, errBroken) {
		return nil, nil
	}
	if flaw, ok := errors.AsType[*Flaw](err); ok {
		return flaw, nil
	}
	if cycle, ok := errors.AsType[*query.CycleError](err); ok {
		return circular(d, cycle), nil
	}
	return nil, err
}

func duplicate(cx *query.Context, d Decl, first Place) *Flaw {
	at := Declarations(cx, first.File)[first.Index].At
	line := Lines(cx, first.File)[first.Index] + at.Line
	return &Flaw{d.At, fmt.Sprintf("%s is already defined at %s:%d:%d", d.Name, first.File, line, at.Col)}
}

// circular says who needs whom, once for each cycle: at its first member. The
// engine begins with the same member wherever the cycle was entered.
func circular(d Decl, cycle *query.CycleError) *Flaw {
	var path []string
	for _, n := range cycle.Nodes {
		path = append(path, n.Key.(string))
	}
	if path[0] != d.Name {
		return nil
	}
	path = append(path, d.Name)
	return &Flaw{d.At, "the definition needs itself: " + strings.Join(path, " -> ")}
}
