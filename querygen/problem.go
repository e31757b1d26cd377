package querygen

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// A Problem is an error or a warning about a place in the user's sources.
type Problem struct {
	Pos     token.Position // Filename is absolute, or empty if there is no place to name
	Message string         // lower-case, without a final period
	Warning bool           // the output is made all the same; also of a note
	Note    bool           // there need not be anything wrong
	Fix     *Fix           // what would settle it, or nil
}

// Format returns the problem as file:line:col: message, the path relative to
// dir if it lies below it or near it.
func (p Problem) Format(dir string) string {
	msg := p.Message
	switch {
	case p.Note:
		msg = "note: " + msg
	case p.Warning:
		msg = "warning: " + msg
	}
	if p.Pos.Filename == "" {
		return msg
	}
	return place(dir, p.Pos) + ": " + msg
}

// place spells a position, its path relative to dir.
func place(dir string, pos token.Position) string {
	pos.Filename = Relative(dir, pos.Filename)
	return pos.String()
}

// Relative returns path relative to dir, or path itself if there is no way
// from the one to the other.
func Relative(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil {
		return rel
	}
	return path
}

// problems collects what is wrong, so that one run reports all of it.
//
// Messages may name further places: at writes them relative to dir, which is
// where the user stands.
type problems struct {
	dir  string
	list []Problem
}

// errorf reports an error: the package in whose directory pos lies gets no
// output.
func (p *problems) errorf(pos token.Position, format string, args ...any) {
	p.list = append(p.list, Problem{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// warnf reports something that the user should look at, and goes on.
func (p *problems) warnf(pos token.Position, format string, args ...any) {
	p.list = append(p.list, Problem{Pos: pos, Message: fmt.Sprintf(format, args...), Warning: true})
}

// notef reports something that the user may want to know.
func (p *problems) notef(pos token.Position, format string, args ...any) {
	p.list = append(p.list, Problem{Pos: pos, Message: fmt.Sprintf(format, args...), Warning: true, Note: true})
}

// at spells a place within a message.
func (p *problems) at(pos token.Position) string { return place(p.dir, pos) }

// sorted returns the problems by place, each once. A place can be reached by
// several ways (the go command and the parser see the same syntax error), and
// the first word on it is kept.
func (p *problems) sorted() []Problem {
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(
			strings.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
		)
	})
	return slices.CompactFunc(p.list, func(a, b Problem) bool {
		a.Pos.Offset, b.Pos.Offset = 0, 0
		a.Fix, b.Fix = nil, nil // pointers: equal problems have equal ones
		return a == b
	})
}

// failed tells whether a file below one of the directories has an error.
func (p *problems) failed(dir string) bool {
	return slices.ContainsFunc(p.list, func(q Problem) bool {
		return !q.Warning && filepath.Dir(q.Pos.Filename) == dir
	})
}
