package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"querygen.dev/querygen"
)

// A session is one run of the command.
type session struct {
	settings
	dir            string // where the user stands; paths are relative to it
	stdout, stderr io.Writer
}

// run generates, and writes, compares or prints.
func (s *session) run(ctx context.Context) int {
	r, err := querygen.Generate(ctx, s.config())
	if err != nil {
		return s.fail(ctx, err)
	}
	rep := &report{Problems: s.problemsOf(r), Files: []file{}, Packages: packagesOf(r)}
	if !s.json {
		for _, p := range s.messages(r) {
			fmt.Fprintln(s.stderr, p.Format(s.dir))
		}
		if r.Queries == 0 && len(r.Problems) == 0 {
			fmt.Fprintln(s.stderr, "querygen: no annotated functions in these packages")
		}
	}
	for _, p := range r.Packages {
		s.tell("package %s: %d queries", p.Path, p.Queries)
	}
	code := exitOK
	for _, f := range r.Files {
		code = max(code, s.finish(ctx, f, rep))
	}
	if r.Failed() {
		code = exitErrors
	}
	return max(code, s.print(rep))
}

// messages are the problems, and with -v the notes behind them.
func (s *session) messages(r *querygen.Result) []querygen.Problem {
	if s.verbose {
		return slices.Concat(r.Problems, r.Notes)
	}
	return r.Problems
}

// config is what the package is asked for.
func (s *session) config() querygen.Config {
	return querygen.Config{Dir: s.dir, Patterns: s.patterns, Phase: func(name string, took time.Duration) {
		s.tell("%s took %v", name, took.Round(time.Millisecond))
	}}
}

// tell says something that only -v wants to know.
func (s *session) tell(format string, args ...any) {
	if s.verbose {
		fmt.Fprintf(s.stderr, "querygen: "+format+"\n", args...)
	}
}

// fail reports what made it impossible to generate at all.
func (s *session) fail(ctx context.Context, err error) int {
	if ctx.Err() != nil {
		err = errors.New("interrupted, nothing was written")
	}
	if s.json {
		rep := &report{Problems: []problem{{Message: err.Error(), Severity: "error"}}, Files: []file{}, Packages: []packageInfo{}}
		return max(exitErrors, s.print(rep))
	}
	return fail(s.stderr, err)
}

// finish writes or compares one file, adds it to the report, and returns what it
// means for the exit code.
func (s *session) finish(ctx context.Context, f querygen.File, rep *report) int {
	entry := file{Path: s.relative(f.Path), Package: f.Package, Status: status(f, !s.check && !s.diff)}
	code := exitOK
	var err error
	switch {
	case !f.Stale, f.Digests && (s.check || s.diff):
	case s.check || s.diff:
		code = exitStale
		entry.Diff, err = s.compare(f)
	case ctx.Err() != nil:
		err = fmt.Errorf("interrupted before %s was written", entry.Path)
	default:
		err = f.Commit()
	}
	if err != nil {
		entry.Status = "failed"
		rep.Problems = append(rep.Problems, problem{Message: err.Error(), Severity: "error"})
		code = exitErrors
		if !s.json {
			fail(s.stderr, err)
		}
	}
	rep.Files = append(rep.Files, entry)
	s.tell("%s %s", entry.Status, entry.Path)
	return code
}

// compare shows a stale file to the user, and returns the difference if it was
// asked for.
func (s *session) compare(f querygen.File) (string, error) {
	if !s.diff {
		if !s.json {
			fmt.Fprintln(s.stdout, s.relative(f.Path))
		}
		return "", nil
	}
	d, err := difference(f, s.relative(f.Path))
	if !s.json {
		s.stdout.Write(d)
	}
	return string(d), err
}

func (s *session) relative(path string) string { return querygen.Relative(s.dir, path) }

// print prints the report if -json asks for it.
func (s *session) print(rep *report) int {
	if !s.json {
		return exitOK
	}
	enc := json.NewEncoder(s.stdout)
	enc.SetIndent("", "\t")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rep); err != nil {
		return fail(s.stderr, err)
	}
	return exitOK
}
