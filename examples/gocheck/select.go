package main

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	query "querygen.dev/runtime"
)

// A Position is a place in a source file. Line 0 means the file as a whole.
type Position struct {
	File         string // absolute
	Line, Column int
}

// A FileHeader is what can be known of a file without reading below its
// imports: an edit further down leaves it as it is.
type FileHeader struct {
	Included bool         // the file belongs to this platform
	Package  string       // "" if the package clause cannot be parsed
	Imports  []ImportSpec // in order of the file
}

// An ImportSpec is an import as it is spelled in a file.
type ImportSpec struct {
	Path string
	Pos  Position // where the go command points at: at the name, if it has one
}

// header decides whether the file takes part in the build, and reads its
// package clause and imports if so. Syntax errors are left for parse to report.
//
//query:pure
func header(cx *query.Context, path string) (FileHeader, error) {
	env, err := Environment(cx)
	if err != nil {
		return FileHeader{}, err
	}
	var data []byte
	ctxt := env.context()
	// The content is asked for only if the file's name lets it in: the files
	// of other systems are never read.
	ctxt.OpenFile = func(string) (io.ReadCloser, error) {
		data, err = Content(cx, path) // err is the outer one: MatchFile would add to it
		return io.NopCloser(bytes.NewReader(data)), err
	}
	included, bad := ctxt.MatchFile(filepath.Split(path))
	switch {
	case err != nil:
		return FileHeader{}, err
	case !included:
		return FileHeader{}, bad // with an error, its constraints cannot be read
	}
	h := FileHeader{Included: true}
	if !strings.HasSuffix(path, ".go") {
		return h, nil
	}
	fset := token.NewFileSet()
	file, _ := parser.ParseFile(fset, path, data, parser.ImportsOnly|parser.SkipObjectResolution)
	if file == nil {
		return h, nil
	}
	if file.Name != nil && file.Name.Name != "_" {
		h.Package = file.Name.Name
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if imported == "C" {
			return FileHeader{}, nil // cgo is off, so the file is
		}
		h.Imports = append(h.Imports, ImportSpec{imported, position(fset, spec.Pos())})
	}
	return h, nil
}

// position is where pos lies, as the compiler says it: line directives count.
func position(fset *token.FileSet, pos token.Pos) Position {
	p := fset.Position(pos)
	return Position{p.Filename, p.Line, p.Column}
}

// A SourceSet is the part of a directory that makes a package.
type SourceSet struct {
	Package  string       // the package's name
	Files    []string     // absolute, sorted
	Imports  []ImportSpec // each path once, where it stands first
	Assembly bool         // some functions may have no body
}

// A NoSourcesError says why a directory is not a package.
type NoSourcesError struct {
	Dir    string
	Reason string
}

func (e *NoSourcesError) Error() string { return e.Reason + " in " + e.Dir }

// A MixedPackagesError says that the files of a directory disagree about the
// package that they belong to.
type MixedPackagesError struct {
	Dir                  string
	Name, File           string
	OtherName, OtherFile string
}

func (e *MixedPackagesError) Error() string {
	return fmt.Sprintf("found packages %s (%s) and %s (%s) in %s", e.Name, e.File, e.OtherName, e.OtherFile, e.Dir)
}

// sources selects the files of the package in a directory, tests left out.
//
//query:pure
func sources(cx *query.Context, dir string) (SourceSet, error) {
	entries, err := DirList(cx, dir)
	if err != nil {
		return SourceSet{}, err
	}
	var names []string
	tests := false
	for _, e := range entries {
		switch {
		case e.Dir || strings.HasPrefix(e.Name, "_") || strings.HasPrefix(e.Name, "."):
		case strings.HasSuffix(e.Name, "_test.go"):
			tests = true
		case strings.HasSuffix(e.Name, ".go"), strings.HasSuffix(e.Name, ".s"):
			names = append(names, e.Name)
		}
	}
	headers, err := query.Map(cx, names, func(cx *query.Context, name string) (FileHeader, error) {
		return Header(cx, filepath.Join(dir, name))
	})
	if err != nil {
		return SourceSet{}, err
	}
	set, err := collect(dir, names, headers)
	if err == nil && len(set.Files) == 0 {
		err = &NoSourcesError{dir, noSourcesReason(names, tests)}
	}
	return set, err
}

// collect puts the included files of a directory together.
func collect(dir string, names []string, headers []FileHeader) (SourceSet, error) {
	var set SourceSet
	var first string // the file that named the package
	seen := map[string]bool{}
	for i, h := range headers {
		switch {
		case !h.Included:
			continue
		case strings.HasSuffix(names[i], ".s"):
			set.Assembly = true
			continue
		case set.Package == "":
			set.Package, first = h.Package, names[i]
		case h.Package != "" && h.Package != set.Package:
			return SourceSet{}, &MixedPackagesError{dir, set.Package, first, h.Package, names[i]}
		}
		set.Files = append(set.Files, filepath.Join(dir, names[i]))
		for _, spec := range h.Imports {
			if !seen[spec.Path] {
				seen[spec.Path] = true
				set.Imports = append(set.Imports, spec)
			}
		}
	}
	return set, nil
}

// noSourcesReason says it as the go command does.
func noSourcesReason(names []string, tests bool) string {
	switch {
	case len(names) > 0:
		return "build constraints exclude all Go files"
	case tests:
		return "no non-test Go files"
	default:
		return "no Go files"
	}
}

// packageName is the name of the package in a directory: all that an importer
// needs to know of its files.
//
//query:pure
func packageName(cx *query.Context, dir string) (string, error) {
	set, err := Sources(cx, dir)
	return set.Package, err
}
