package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	query "querygen.dev/runtime"
)

// A Text is the content of one file.
type Text struct{ File, Source string }

// A Program is a set of files in a database. This is the part outside of the
// queries: it sets inputs and makes requests.
type Program struct {
	db    *query.DB
	files []string // in the order in which they were first set

	mu   sync.Mutex
	runs []string // since the last call of ran; guarded by mu
}

func newProgram() *Program {
	p := &Program{}
	p.db = query.New(query.Options{OnEvent: p.onEvent})
	return p
}

func (p *Program) close() error { return p.db.Close() }

// set gives files their texts, all in one revision.
func (p *Program) set(texts []Text) error {
	return p.db.Update(func(tx *query.Tx) error {
		for _, t := range texts {
			if _, known := LookupSource(tx, t.File); !known {
				p.files = append(p.files, t.File)
			}
			SetSource(tx, t.File, t.Source)
		}
		return nil
	})
}

// edit replaces a piece of text wherever it stands.
func (p *Program) edit(old, new string) error {
	return p.db.Update(func(tx *query.Tx) error {
		found := false
		for _, file := range p.files {
			text, _ := LookupSource(tx, file)
			found = found || strings.Contains(text, old)
			SetSource(tx, file, strings.ReplaceAll(text, old, new))
		}
		if !found {
			return fmt.Errorf("no file contains %q", old)
		}
		return nil
	})
}

// A Result is what there is to say about a program.
type Result struct {
	Values   []Line
	Problems []Diagnostic
}

// A Line is a name and its value, if it has one.
type Line struct {
	Name  string
	Value int64
	Known bool
}

func (l Line) String() string {
	if !l.Known {
		return l.Name + " = ?"
	}
	return fmt.Sprintf("%s = %d", l.Name, l.Value)
}

// result makes one request: all that it reads is of one revision, whatever
// other goroutines set meanwhile.
func (p *Program) result(ctx context.Context) (Result, error) {
	return query.Do(ctx, p.db, func(cx *query.Context) (Result, error) {
		var r Result
		for _, file := range SourceKeys(cx) {
			list, err := Problems(cx, file)
			if err != nil {
				return Result{}, err
			}
			r.Problems = append(r.Problems, list...)
			r.Values = append(r.Values, valuesOf(cx, file)...)
		}
		return r, nil
	})
}

// valuesOf evaluates the names that a file defines.
func valuesOf(cx *query.Context, file string) []Line {
	var list []Line
	for i, name := range Names(cx, file) {
		if Scope(cx)[name] != (Place{file, i}) {
			continue // has no name, or is not the first of that name
		}
		v, err := Value(cx, name)
		list = append(list, Line{name, v, err == nil})
	}
	return list
}

// onEvent notes how runs end. It is called by the engine.
func (p *Program) onEvent(e query.Event) {
	how := ""
	switch e.Kind {
	case query.Changed:
		how = "ran         "
	case query.Cutoff:
		how = "ran, no news"
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = append(p.runs, fmt.Sprintf("%s  %v", how, query.Node{Query: e.Query, Key: e.Key}))
}

// ran returns the runs since the last call, in the order in which they ended.
func (p *Program) ran() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	runs := p.runs
	p.runs = nil
	return runs
}
