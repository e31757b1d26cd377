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
	context.AfterFunc(ctx, stop) // the second interrupt does not wait for the cache to be saved
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
	cache := flags.String("cache", "", "keep results for the next time in `dir` (default: one for the module below the user's cache directory)")
	noCache := flags.Bool("no-cache", false, "keep no results, and use none that were kept")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case *noCache && *cache != "":
		return failure(ctx, stderr, errors.New("-cache and -no-cache exclude each other"))
	}
	c, err := newChecker(ctx, Config{
		Dir: *dir, Patterns: flags.Args(), Parallelism: *jobs, Trace: *watching, Progress: p,
		Cache: *cache, DefaultCache: *cache == "" && !*noCache, Notes: stderr,
	})
	if err == nil {
		defer c.leave(stderr)
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

// leave closes the checker. That the cache could not be saved changes no verdict.
func (c *Checker) leave(stderr io.Writer) {
	if err := c.close(); err != nil {
		fmt.Fprintf(stderr, "gocheck: note: nothing is kept for the next time: %v\n", err)
	}
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
