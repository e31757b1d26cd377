package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

//go:generate go tool querygen

const usage = `usage: gocheck [flags] [packages]

Gocheck type-checks Go packages from their sources, without tests and without
cgo. Packages are import paths or patterns, as for go build; "std" is the
standard library, and none stands for ./...

It exits with 1 if there are errors in packages, with 2 if it cannot work.

`

// Exit codes.
const (
	exitErrors    = 1
	exitUsage     = 2
	exitInterrupt = 130
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // most of what a check allocates is gone soon
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, newProgress(os.Stderr))
	stop()
	os.Exit(code)
}

// run is the command. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, p progress) int {
	flags := flag.NewFlagSet("gocheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	dir := flags.String("C", "", "change to `dir` first")
	jobs := flags.Int("j", 0, "check `n` packages at a time (default: one for each processor)")
	watching := flags.Bool("watch", false, "stay, and check again when files change")
	all := flags.Bool("all", false, "print every error, also in packages that import one with errors")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	}
	c, err := newChecker(ctx, Config{
		Dir: *dir, Patterns: flags.Args(), Parallelism: *jobs, Trace: *watching, Progress: p,
	})
	if err == nil {
		defer c.close()
		if !*watching {
			return once(ctx, c, stdout, stderr, *all)
		}
		err = watch(ctx, c, stdout, *all)
	}
	if *watching && ctx.Err() != nil {
		return 0 // to be interrupted is how a watch ends
	}
	return failure(ctx, stderr, err)
}

// once checks, prints and returns the exit code.
func once(ctx context.Context, c *Checker, stdout, stderr io.Writer, all bool) int {
	r, err := c.check(ctx)
	if err != nil {
		return failure(ctx, stderr, err)
	}
	r.print(stderr, all)
	fmt.Fprintln(stdout, r.summary())
	if r.failed() {
		return exitErrors
	}
	return 0
}

// failure tells why there is no report.
func failure(ctx context.Context, stderr io.Writer, err error) int {
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "gocheck: interrupted")
		return exitInterrupt
	}
	fmt.Fprintf(stderr, "gocheck: %v\n", err)
	return exitUsage
}
