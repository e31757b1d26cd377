// Querygen writes the wrappers of annotated functions; see the package
// querygen.dev/querygen for what they are.
//
// Usage:
//
//	querygen [-check] [-diff] [-json] [-v] [-explain Func] [packages]
//	querygen cache stats|verify|gc|dump DIR
//
// The packages are patterns as the go command understands them, by default the
// package in the current directory. For each package with annotated functions
// the file query_gen.go is written, if its content has changed.
//
//   - -check writes nothing, and names each file that is not up to date on a
//     line of the standard output.
//   - -diff writes nothing, and prints what would change as a unified diff that
//     patch -p1 understands.
//   - -json prints what there is to say as one JSON object instead of lines of
//     text: see [report] for the schema. It goes together with the others.
//   - -v tells on the standard error of each package and file, and how long it
//     took; and notes, which ask for nothing.
//
// With -explain nothing is written either. The standard output lists the
// declarations that the code fingerprint of the query covers, those in front
// that differ from the generated file. Func is the name of the function or of
// its wrapper, Type.Method for a method, with or without the import path.
//
// Errors and warnings go to the standard error as file:line:col: message. The
// exit code is 0 if all is well, 1 if -check or -diff has found a file that is
// not up to date, and 2 if there are errors. A package with errors keeps the
// file it has; the others are written all the same.
//
// The second form looks after a directory in which programs keep their results:
// see docs/cache.md, and querygen cache -h.
//
// The same binary is a tool for go vet and go fix, which reports misspelled
// annotations and rewrites the bare spellings to the canonical ones:
//
//	go vet -vettool=$(which querygen) ./...
//	go fix -fixtool=$(which querygen) ./...
//
// Each file is written beside its old form and then takes its place in one step,
// so an interrupt leaves the one or the other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: querygen [-check] [-diff] [-json] [-v] [-explain Func] [packages]
       querygen cache stats|verify|gc|dump DIR

Querygen writes query_gen.go for each of the packages (default ".") that has
functions annotated with //query:pure, //query:input, //rerun:generation or
//rerun:always.

  -check  write nothing; name each file that is not up to date, exit code 1
  -diff   write nothing; print what would change, exit code 1 if anything would
  -json   print problems and files as JSON
  -v      tell about packages, files and times, and what else is worth knowing
  -explain Func
          write nothing; print what the code fingerprint of the query is made of,
          and what of it has changed since the file was generated

The command cache looks after a directory in which programs keep their results:
querygen cache -h.

It is also a tool for go vet -vettool=... and go fix -fixtool=..., which rewrites
//query and //rerun x to the canonical spelling.
`

func main() {
	if isVetTool(os.Args[1:]) {
		vetTool()
	}
	os.Exit(interruptible(os.Args[1:]))
}

// interruptible runs the command so that an interrupt lets it clean up.
func interruptible(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdout, os.Stderr)
}

// The exit codes.
const (
	exitOK = iota
	exitStale
	exitErrors
)

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "cache" {
		return cacheCommand(ctx, args[1:], stdout, stderr)
	}
	flags, err := parseArgs(args)
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
	s := &session{settings: flags, dir: dir, stdout: stdout, stderr: stderr}
	if s.explain != "" {
		return s.explanation(ctx)
	}
	return s.run(ctx)
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "querygen:", err)
	return exitErrors
}

// settings are what the flags say.
type settings struct {
	check, diff, json, verbose bool
	explain                    string // the name of a query
	patterns                   []string
}

// parseArgs reads the command line.
func parseArgs(args []string) (f settings, err error) {
	set := flag.NewFlagSet("querygen", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&f.check, "check", false, "")
	set.BoolVar(&f.diff, "diff", false, "")
	set.BoolVar(&f.json, "json", false, "")
	set.BoolVar(&f.verbose, "v", false, "")
	set.StringVar(&f.explain, "explain", "", "")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.Arg(0) == "cache":
		return f, errors.New("cache comes first: querygen cache stats|verify|gc|dump DIR")
	case f.explain != "" && (f.check || f.diff || f.json):
		return f, errors.New("-explain prints text and compares by itself: leave out -check, -diff and -json")
	}
	f.patterns = set.Args()
	return f, nil
}
