// Querygen writes the wrappers of annotated functions; see the package
// querygen.dev/querygen for what they are.
//
// Usage:
//
//	querygen [-check] [-explain Func] [packages]
//
// The packages are patterns as the go command understands them, by default the
// package in the current directory. For each package with annotated functions
// the file query_gen.go is written, if its content has changed.
//
// With -check nothing is written, and each file that is not up to date is named
// on a line of the standard output.
//
// With -explain nothing is written either. The standard output lists the
// declarations that the code fingerprint of the query covers, those in front
// that differ from the generated file. Func is the name of the function or of
// its wrapper, Type.Method for a method, with or without the import path.
//
// Errors and warnings go to the standard error as file:line:col: message. The
// exit code is 0 if all is well, 1 if -check has found a file that is not up to
// date, and 2 if there are errors. A package with errors keeps the file it has;
// the others are written all the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"querygen.dev/querygen"
)

const usage = `usage: querygen [-check] [-explain Func] [packages]

Querygen writes query_gen.go for each of the packages (default ".") that has
functions annotated with //query:pure, //query:input, //rerun:generation or
//rerun:always.

  -check  write nothing; name each file that is not up to date, exit code 1
  -explain Func
          write nothing; print what the code fingerprint of the query is made of,
          and what of it has changed since the file was generated
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitOK = iota
	exitStale
	exitErrors
)

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	check, explained, patterns, err := parseArgs(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		return fail(stderr, err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return fail(stderr, err)
	}
	if explained != "" {
		return explain(ctx, querygen.Config{Dir: dir, Patterns: patterns}, explained, stdout, stderr)
	}
	r, err := querygen.Generate(ctx, querygen.Config{Dir: dir, Patterns: patterns})
	if err != nil {
		return fail(stderr, err)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(stderr, p.Format(dir))
	}
	if r.Queries == 0 && len(r.Problems) == 0 {
		fmt.Fprintln(stderr, "querygen: no annotated functions in these packages")
	}
	return finish(r, check, dir, stdout, stderr)
}

// finish writes or compares the files, and returns the exit code.
func finish(r *querygen.Result, check bool, dir string, stdout, stderr io.Writer) int {
	code := exitOK
	for _, f := range r.Files {
		switch {
		case check && f.Stale:
			fmt.Fprintln(stdout, querygen.Relative(dir, f.Path))
			code = exitStale
		case !check:
			if err := f.Commit(); err != nil {
				return fail(stderr, err)
			}
		}
	}
	if r.Failed() {
		return exitErrors
	}
	return code
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "querygen:", err)
	return exitErrors
}

// parseArgs reads the command line.
func parseArgs(args []string) (check bool, explained string, patterns []string, err error) {
	set := flag.NewFlagSet("querygen", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&check, "check", false, "")
	later := map[string]*bool{}
	for _, name := range []string{"diff", "json", "v"} {
		later[name] = set.Bool(name, false, "")
	}
	set.StringVar(&explained, "explain", "", "")
	if err := set.Parse(args); err != nil {
		return false, "", nil, err
	}
	for _, name := range []string{"diff", "json", "v"} {
		if *later[name] {
			return false, "", nil, fmt.Errorf("the flag -%s is not built yet", name)
		}
	}
	if set.Arg(0) == "cache" {
		return false, "", nil, errors.New("the command cache is not built yet")
	}
	return check, explained, set.Args(), nil
}
