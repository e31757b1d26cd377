package querygen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Config says what to generate for.
type Config struct {
	Dir      string   // where the patterns are resolved; empty: the current directory
	Env      []string // of the go command; nil: this process's
	Patterns []string // packages, as the go command understands them; empty: "."

	// Phase, if it is set, is told how long each part of the work has taken.
	Phase func(name string, took time.Duration)
}

// timed runs f, and tells Phase about it.
func (c Config) timed(name string, f func()) {
	start := time.Now()
	f()
	if c.Phase != nil {
		c.Phase(name, time.Since(start))
	}
}

// A Result is what Generate makes of the packages.
type Result struct {
	// Files holds a file for each package that needs one and has no error, and
	// for each that has one and needs it no more. Sorted by path.
	Files []File
	// Problems holds the errors and warnings, sorted by place.
	Problems []Problem
	// Notes holds what is worth knowing and asks for nothing, sorted by place:
	// queries that can end in errors which are never written to disk.
	Notes []Problem
	// Packages holds the packages that the patterns name, sorted by path.
	Packages []Package
	// Queries is the number of annotated functions.
	Queries int
}

// A Package is one of the packages that the patterns name.
type Package struct {
	Path    string // the import path
	Dir     string // absolute
	Queries int    // annotated functions
}

// Failed tells whether there are errors among the problems.
func (r *Result) Failed() bool {
	for _, p := range r.Problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// A File is one generated file: as it should be, and whether it is so.
type File struct {
	Path    string // absolute
	Content []byte // nil: there should be no file
	Stale   bool   // what is on disk differs
	Digests bool   // it does in nothing but digests of sources: code has changed that no query reaches
	Package string // the import path of its package
}

// Generate makes the generated files of the packages and writes nothing.
//
// What is wrong with the user's code is in Result.Problems; the error says that
// the packages could not be loaded at all.
func Generate(ctx context.Context, c Config) (*Result, error) {
	w, err := analyze(ctx, c)
	if err != nil {
		return nil, err
	}
	return w.result(c), nil
}

// analyze does all that comes before the writing.
func analyze(ctx context.Context, c Config) (w *world, err error) {
	c.timed("load", func() { w, err = load(ctx, c) })
	if err != nil {
		return nil, err
	}
	c.timed("check", w.checkAll)
	c.timed("fingerprint", func() { err = w.fingerprint(ctx, c) })
	return w, err
}

// result makes the files and collects the problems.
func (w *world) result(c Config) *Result {
	r := &Result{}
	c.timed("emit", func() { w.collect(r) })
	return r
}

// checkAll makes models of the packages, and finds what is wrong with them.
func (w *world) checkAll() {
	// Each step goes over all packages before the next begins: the types of one
	// package need the models of those it imports. Packages that were not asked
	// for are modelled too, for their stubs.
	packs := w.allPacks()
	for _, p := range packs {
		p.model()
	}
	for _, p := range packs {
		p.findCollisions()
	}
	w.checkTypes()
	for _, p := range packs {
		p.checkRules()
	}
	w.findMisuses()
}

// collect fills in the result.
func (w *world) collect(r *Result) {
	for _, p := range w.sortedPacks() {
		if !p.matched {
			continue
		}
		n := len(p.queries)
		r.Files = p.addFile(r.Files)
		for _, role := range []role{internal, external} {
			t := w.tested(p, role)
			if t == nil { // there may be a file from before
				t = &pack{world: w, path: p.path, dir: p.dir, role: role, subject: p}
			}
			n += len(t.queries)
			r.Files = t.addFile(r.Files)
		}
		r.Packages = append(r.Packages, Package{p.path, p.dir, n})
		r.Queries += n
	}
	slices.SortFunc(r.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for _, list := range []*problems{w.problems, w.notes} {
		w.dropWarnings(list)
	}
	r.Problems, r.Notes = w.problems.sorted(), w.notes.sorted()
}

// dropWarnings drops warnings about packages that were not asked for. Their
// errors stay, because those asked for depend on them.
func (w *world) dropWarnings(from *problems) {
	asked := make(map[string]bool)
	for _, p := range w.packs {
		if p.matched {
			asked[p.dir] = true
		}
	}
	from.list = slices.DeleteFunc(from.list, func(p Problem) bool {
		return p.Warning && !asked[filepath.Dir(p.Pos.Filename)]
	})
}

// addFile adds the package's file to the list, if there should be one or is one.
func (p *pack) addFile(files []File) []File {
	// The old content decides only whether the file is ours and whether it is
	// up to date. What is in it has no influence on the new content.
	old, err := os.ReadFile(p.output())
	exists := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.world.problems.errorf(p.outputPosition(), "%v", err)
		return files
	}
	if exists && !isOurs(old) && (len(p.queries) == 0 || parses(old)) {
		if len(p.queries) > 0 {
			p.world.problems.errorf(p.outputPosition(), "the file is not generated by querygen, which wants to write it: rename it")
		}
		return files
	}
	if p.failed() || len(p.queries) == 0 && !exists {
		return files
	}
	var content []byte
	if len(p.queries) > 0 {
		if content, err = emit(p); err != nil {
			p.world.problems.errorf(p.outputPosition(), "%v", err)
			return files
		}
	}
	f := File{Path: p.output(), Content: content, Package: p.path}
	f.Stale = exists != (content != nil) || !bytes.Equal(old, content)
	f.Digests = f.Stale && content != nil && bytes.Equal(withoutDigests(old), withoutDigests(content))
	return append(files, f)
}

// parses tells whether a file is worth keeping. One that has lost both our header
// and its sense was ours, and was damaged.
func parses(old []byte) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", old, parser.SkipObjectResolution)
	return err == nil
}

// isOurs tells whether a file on disk may be written over: our header is in it
// at the beginning of a line before any declaration. Merge conflict markers may
// stand above it, and an empty file is nobody's.
func isOurs(old []byte) bool {
	if len(bytes.TrimSpace(old)) == 0 {
		return true
	}
	for line := range bytes.Lines(old) {
		line = bytes.TrimRight(line, "\r\n")
		if string(line) == header {
			return true
		}
		if bytes.HasPrefix(line, []byte("package ")) || bytes.HasPrefix(line, []byte("import ")) {
			return false
		}
	}
	return false
}

// Commit makes the disk agree with the file: writes it, removes it, or leaves
// it alone if nothing has changed. A reader sees the old content or the new,
// never a part.
func (f File) Commit() error {
	switch {
	case !f.Stale:
		return nil
	case f.Content == nil:
		return os.Remove(f.Path)
	}
	// The name begins with a dot and does not end in .go, so that a go command
	// that runs at the same time does not take it for a source.
	tmp, err := os.CreateTemp(filepath.Dir(f.Path), ".query_gen-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already if all went well
	_, err = tmp.Write(f.Content)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Path, err)
	}
	return os.Rename(tmp.Name(), f.Path)
}
