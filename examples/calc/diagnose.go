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
		return circular(cx, d, cycle), nil
	}
	return nil, err
}

func duplicate(cx *query.Context, d Decl, first Place) *Flaw {
	return &Flaw{d.At, fmt.Sprintf("%s is already defined at %s", d.Name, position(cx, first))}
}

// position spells where a declaration has its name.
func position(cx *query.Context, p Place) string {
	at := Declarations(cx, p.File)[p.Index].At
	return fmt.Sprintf("%s:%d:%d", p.File, Lines(cx, p.File)[p.Index]+at.Line, at.Col)
}

// circular says who needs whom and where the others are, once for each cycle: at
// its first member. The engine begins with the same one wherever the cycle was
// entered.
func circular(cx *query.Context, d Decl, cycle *query.CycleError) *Flaw {
	if cycle.Nodes[0].Key != d.Name {
		return nil
	}
	path := []string{d.Name}
	for _, n := range cycle.Nodes[1:] {
		name := n.Key.(string)
		path = append(path, fmt.Sprintf("%s (%s)", name, position(cx, Scope(cx)[name])))
	}
	path = append(path, d.Name)
	return &Flaw{d.At, "the definition needs itself: " + strings.Join(path, " -> ")}
}
