package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"

	"querygen.dev/querygen"
)

// A report is what -json prints: one object, on the standard output, whatever
// the exit code is, unless the command line itself is wrong. Fields may be added
// in later versions; those that are here stay.
type report struct {
	Problems []problem     `json:"problems"` // sorted by place
	Files    []file        `json:"files"`    // sorted by path
	Packages []packageInfo `json:"packages"` // those that the patterns name, sorted by path
}

// A problem is an error or a warning. File is relative to the current directory,
// or missing with Line and Column if there is no place to name.
type problem struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`   // from 1
	Column   int    `json:"column,omitempty"` // from 1, in bytes
	Message  string `json:"message"`
	Severity string `json:"severity"` // error or warning, with -v also note
	Fix      *fix   `json:"fix,omitempty"`
}

// A fix is a change of the problem's file that would settle it.
type fix struct {
	Message string `json:"message"`
	Edits   []edit `json:"edits"`
}

// An edit replaces the bytes from Start to End, counted from the beginning of
// the file.
type edit struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	New   string `json:"new"`
}

// A file is a generated file.
type file struct {
	Path    string `json:"path"` // relative to the current directory
	Package string `json:"package"`
	// Status is unchanged, written, removed or failed; with -check and -diff it
	// is unchanged, stale (it would be written) or superfluous (it would be
	// removed).
	Status string `json:"status"`
	Diff   string `json:"diff,omitempty"` // with -diff
}

type packageInfo struct {
	Path    string `json:"path"`
	Queries int    `json:"queries"` // annotated functions, those with errors included
}

func (s *session) problemsOf(r *querygen.Result) []problem {
	list := []problem{} // an empty list, not null
	for _, p := range s.messages(r) {
		j := problem{Line: p.Pos.Line, Column: p.Pos.Column, Message: p.Message, Severity: "error"}
		switch {
		case p.Note:
			j.Severity = "note"
		case p.Warning:
			j.Severity = "warning"
		}
		if p.Fix != nil {
			j.Fix = &fix{Message: p.Fix.Message}
			for _, e := range p.Fix.Edits {
				j.Fix.Edits = append(j.Fix.Edits, edit{e.Start, e.End, e.New})
			}
		}
		if p.Pos.Filename != "" {
			j.File = s.relative(p.Pos.Filename)
		}
		list = append(list, j)
	}
	return list
}

func packagesOf(r *querygen.Result) []packageInfo {
	list := []packageInfo{}
	for _, p := range r.Packages {
		list = append(list, packageInfo{p.Path, p.Queries})
	}
	return list
}

// status says what is done to a file, or would be.
func status(f querygen.File, writing bool) string {
	switch {
	case !f.Stale, f.Digests && !writing:
		return "unchanged"
	case f.Content == nil && writing:
		return "removed"
	case f.Content == nil:
		return "superfluous"
	case writing:
		return "written"
	}
	return "stale"
}

// difference returns the unified diff from the file on disk to the one that
// should be. A side that does not exist is /dev/null, as for git and patch.
func difference(f querygen.File, name string) ([]byte, error) {
	old, err := os.ReadFile(f.Path)
	name = filepath.ToSlash(name)
	from, to := "a/"+name, "b/"+name
	switch {
	case errors.Is(err, fs.ErrNotExist):
		from = os.DevNull
	case err != nil:
		return nil, err
	}
	if f.Content == nil {
		to = os.DevNull
	}
	return diff.Diff(from, old, to, f.Content), nil
}
