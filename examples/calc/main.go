package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

//go:generate go tool querygen

const usage = `usage: calc [-edit 'OLD => NEW']... [file...]

Calc evaluates the definitions in the files, or in a sample. It exits with 1 if
there is something wrong in them, with 2 if it cannot work.

`

// Exit codes.
const (
	exitProblems = 1
	exitUsage    = 2
)

//go:embed sample
var sample embed.FS

// sampleFiles says in which order the sample is set.
var sampleFiles = []string{"shop.calc", "costs.calc"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("calc", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var edits edits
	flags.Var(&edits, "edit", "evaluate, replace a text in the files, evaluate again, and show what ran for it (`'OLD => NEW'`)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	}
	c := &command{program: newProgram(), stdout: stdout, stderr: stderr}
	defer c.program.close()
	code, err := c.run(ctx, flags.Args(), edits)
	if err != nil {
		fmt.Fprintf(stderr, "calc: %v\n", err)
		return exitUsage
	}
	return code
}

// edits are the values of -edit, "OLD => NEW", where \n stands for a new line.
type edits [][2]string

func (e *edits) String() string { return "" }

func (e *edits) Set(s string) error {
	old, new, ok := strings.Cut(s, " => ")
	if !ok || old == "" {
		return errors.New("not of the form 'OLD => NEW'")
	}
	lines := strings.NewReplacer(`\n`, "\n")
	*e = append(*e, [2]string{lines.Replace(old), lines.Replace(new)})
	return nil
}

type command struct {
	program        *Program
	stdout, stderr io.Writer
}

// run evaluates the files; with edits, it shows only what comes after each.
func (c *command) run(ctx context.Context, files []string, edits edits) (code int, err error) {
	texts, err := read(files)
	if err != nil {
		return 0, err
	}
	if err := c.program.set(texts); err != nil {
		return 0, err
	}
	if len(edits) == 0 {
		return c.print(ctx)
	}
	if _, err := c.program.result(ctx); err != nil {
		return 0, err
	}
	for i, e := range edits {
		if i > 0 {
			fmt.Fprintln(c.stdout)
		}
		c.program.ran() // forget the runs before
		if err := c.program.edit(e[0], e[1]); err != nil {
			return 0, err
		}
		if code, err = c.print(ctx); err != nil {
			return 0, err
		}
		for _, r := range c.program.ran() {
			fmt.Fprintln(c.stdout, r)
		}
	}
	return code, nil
}

// print evaluates and prints, and returns the exit code.
func (c *command) print(ctx context.Context) (int, error) {
	r, err := c.program.result(ctx)
	if err != nil {
		return 0, err
	}
	for _, line := range r.Values {
		fmt.Fprintln(c.stdout, line)
	}
	for _, d := range r.Problems {
		fmt.Fprintln(c.stderr, d)
	}
	if len(r.Problems) > 0 {
		return exitProblems, nil
	}
	return 0, nil
}

// read reads the files, or the sample if there are none.
func read(files []string) ([]Text, error) {
	readFile := os.ReadFile
	if len(files) == 0 {
		files = sampleFiles
		readFile = func(name string) ([]byte, error) { return sample.ReadFile("sample/" + name) }
	}
	var texts []Text
	for _, name := range files {
		data, err := readFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, Text{name, string(data)})
	}
	return texts, nil
}
