package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Report is what came out of one check.
type Report struct {
	Dir      string // paths are printed relative to it
	Problems []string
	Unused   []string // patterns that match nothing
	Packages []PackageReport
	Checked  int // packages whose bodies were looked into
	Files    int // in those
	Watched  []string

	Elapsed  time.Duration
	Runs     uint64 // of bodies
	Reused   uint64 // results that needed none, those verified among them
	Verified uint64 // results that were found to hold by what they were made from
	Loaded   uint64 // results whose values came from the cache
	Trace    Trace
}

// A PackageReport is the mistakes in one package.
type PackageReport struct {
	Path   string
	Errors []Diagnostic
	Held   []Diagnostic // that may only be consequences; see hold
}

// newReport puts the verdicts of a graph's packages together.
func newReport(g Graph, verdicts []Verdict, watched []string) *Report {
	r := &Report{Problems: g.Targets.Problems, Unused: g.Targets.Unused, Watched: watched}
	failing := spread(g, verdicts)
	for i, n := range g.Packages {
		if n.Full {
			r.Checked++
			r.Files += verdicts[i].Files
		}
		p := PackageReport{Path: n.Path, Errors: verdicts[i].Errors}
		if failing[n.Path] > 1 {
			p.Errors, p.Held = hold(p.Errors)
		}
		if len(p.Errors)+len(p.Held) > 0 {
			r.Packages = append(r.Packages, p)
		}
	}
	return r
}

// hold separates the errors that the go command would show from those it would
// not come to: when a package does not compile, those that import it are not
// compiled.
func hold(list []Diagnostic) (shown, held []Diagnostic) {
	for _, d := range list {
		if d.Phase != Typing {
			shown = append(shown, d)
		} else {
			held = append(held, d)
		}
	}
	return shown, held
}

// spread finds the packages that do not compile: 1 stands for those which have
// errors of their own, 2 for those which import one that does not compile.
func spread(g Graph, verdicts []Verdict) map[string]int {
	importers := map[string][]string{}
	failing := map[string]int{}
	var todo []string
	for i, n := range g.Packages {
		for _, path := range n.Imports {
			importers[path] = append(importers[path], n.Path)
		}
		if len(verdicts[i].Errors) > 0 {
			failing[n.Path] = 1
			todo = append(todo, n.Path)
		}
	}
	for len(todo) > 0 {
		path := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, importer := range importers[path] {
			if failing[importer] == 0 {
				todo = append(todo, importer)
			}
			failing[importer] = 2
		}
	}
	return failing
}

// failed reports whether anything is wrong.
func (r *Report) failed() bool { return len(r.Packages)+len(r.Problems) > 0 }

// maxErrors is how many errors of a package are printed, as by the compiler.
const maxErrors = 10

// print writes the mistakes as go build does: first what keeps packages from
// being loaded, then the errors of each package below its path. With all,
// nothing is held back.
func (r *Report) print(w io.Writer, all bool) {
	for _, p := range r.Unused {
		fmt.Fprintf(w, "gocheck: warning: %q matched no packages\n", p)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
	held := 0
	for _, p := range r.Packages {
		for _, d := range p.Errors {
			if d.Phase == Loading {
				r.printDiagnostic(w, d)
			}
		}
		held += len(p.Held)
	}
	for _, p := range r.Packages {
		r.printPackage(w, p, all)
	}
	if held > 0 && !all {
		fmt.Fprintf(w, "(%s in packages that import these not shown; -all shows them)\n", plural(held, "error"))
	}
}

func (r *Report) printPackage(w io.Writer, p PackageReport, all bool) {
	list := p.Errors
	if all {
		list = append(list[:len(list):len(list)], p.Held...)
	}
	printed := 0
	for _, d := range list {
		if d.Phase == Loading {
			continue
		}
		if printed == 0 {
			fmt.Fprintf(w, "# %s\n", p.Path)
		}
		if printed++; printed > maxErrors && !all {
			fmt.Fprintf(w, "%stoo many errors\n", r.place(d.Pos))
			return
		}
		r.printDiagnostic(w, d)
	}
}

func (r *Report) printDiagnostic(w io.Writer, d Diagnostic) {
	fmt.Fprintf(w, "%s%s\n", r.place(d.Pos), d.Text)
	for _, n := range d.Notes {
		fmt.Fprintf(w, "\t%s%s\n", r.place(n.Pos), n.Text)
	}
}

// place is a position as the beginning of a line.
func (r *Report) place(p Position) string {
	if p.File == "" {
		return ""
	}
	file := relative(r.Dir, p.File)
	if !strings.ContainsRune(file, filepath.Separator) {
		file = "." + string(filepath.Separator) + file
	}
	if p.Line == 0 {
		return file + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", file, p.Line, p.Column)
}

// relative names a file as go build does: from dir, if that is shorter.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || len(rel) >= len(path) {
		return path
	}
	return rel
}

// summary is the last line of a check.
func (r *Report) summary() string {
	return fmt.Sprintf("checked %s, %s in %s (runs %s, reused %s, verified %s, loaded %s)",
		plural(r.Checked, "package"), plural(r.Files, "file"), brief(r.Elapsed),
		count(int(r.Runs)), count(int(r.Reused)), count(int(r.Verified)), count(int(r.Loaded)))
}

// brief rounds a duration to what a reader wants to know.
func brief(d time.Duration) string {
	if d < time.Second {
		return d.Round(100 * time.Microsecond).String()
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}

// count writes a number with commas between the thousands.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
