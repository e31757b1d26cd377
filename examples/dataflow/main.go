package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"text/tabwriter"

	query "querygen.dev/runtime"
)

//go:generate go tool querygen

const usage = `usage: dataflow [-edit 'OLD => NEW']... [file]

Dataflow prints which variables are live where the blocks of a program begin and
end, and what is wrong with it; without a file, of a sample. It exits with 1 if
something is wrong, with 2 if it cannot work.

`

// Exit codes.
const (
	exitProblems = 1
	exitUsage    = 2
)

//go:embed sample/products.tac
var sample string

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dataflow", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var edits edits
	flags.Var(&edits, "edit", "replace a text in the program, and show what ran for it (`'OLD => NEW'`)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	}
	s := newSession(stdout, stderr)
	defer s.db.Close()
	code, err := s.run(ctx, flags.Args(), edits)
	if err != nil {
		fmt.Fprintf(stderr, "dataflow: %v\n", err)
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

// A session is one run of the command.
type session struct {
	db             *query.DB
	stdout, stderr io.Writer

	mu   sync.Mutex
	runs []query.Node // since the last call of ran; guarded by mu
}

func newSession(stdout, stderr io.Writer) *session {
	s := &session{stdout: stdout, stderr: stderr}
	s.db = query.New(query.Options{OnEvent: s.onEvent})
	return s
}

func (s *session) run(ctx context.Context, files []string, edits edits) (code int, err error) {
	text, err := read(files)
	if err != nil {
		return 0, err
	}
	if err := s.set(text); err != nil || len(edits) == 0 {
		if err != nil {
			return 0, err
		}
		return s.print(ctx)
	}
	if _, err := query.Do(ctx, s.db, reportOn); err != nil {
		return 0, err
	}
	for i, e := range edits {
		if !strings.Contains(text, e[0]) {
			return 0, fmt.Errorf("the program does not contain %q", e[0])
		}
		if i > 0 {
			fmt.Fprintln(s.stdout)
		}
		s.ran() // forget the runs before
		text = strings.ReplaceAll(text, e[0], e[1])
		if err := s.set(text); err != nil {
			return 0, err
		}
		if code, err = s.print(ctx); err != nil {
			return 0, err
		}
		for _, line := range s.ran() {
			fmt.Fprintln(s.stdout, line)
		}
	}
	return code, nil
}

func (s *session) set(text string) error {
	return s.db.Update(func(tx *query.Tx) error {
		SetSource(tx, text)
		return nil
	})
}

// A report is what there is to say about a program.
type report struct {
	labels   []string
	in, out  map[string]Vars
	problems []Problem
}

// reportOn makes the report in one request.
func reportOn(cx *query.Context) (*report, error) {
	r := &report{labels: Labels(cx), in: make(map[string]Vars), out: make(map[string]Vars), problems: Problems(cx)}
	for _, l := range r.labels {
		r.in[l], r.out[l] = LiveIn(cx, l), LiveOut(cx, l)
	}
	return r, nil
}

// print prints the report, and returns the exit code.
func (s *session) print(ctx context.Context) (int, error) {
	r, err := query.Do(ctx, s.db, reportOn)
	if err != nil {
		return 0, err
	}
	t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
	for _, l := range r.labels {
		fmt.Fprintf(t, "%s\tin %v\tout %v\n", l, r.in[l], r.out[l])
	}
	t.Flush()
	for _, p := range r.problems {
		fmt.Fprintln(s.stderr, p)
	}
	if len(r.problems) > 0 {
		return exitProblems, nil
	}
	return 0, nil
}

// onEvent notes the runs. The engine calls it from any goroutine.
func (s *session) onEvent(e query.Event) {
	if e.Kind != query.Run {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, query.Node{Query: e.Query, Key: e.Key})
}

// ran tells what ran since the last call: a line for each query, with the blocks
// it ran for, and how often if that was more than once.
func (s *session) ran() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var queries []string
	blocks := make(map[string][]string) // by query, each once
	times := make(map[query.Node]int)
	for _, n := range s.runs {
		if blocks[n.Query] == nil {
			queries, blocks[n.Query] = append(queries, n.Query), []string{}
		}
		label, ok := n.Key.(string)
		if times[n]++; ok && times[n] == 1 {
			blocks[n.Query] = append(blocks[n.Query], label)
		}
	}
	var lines []string
	for _, q := range queries {
		_, name, _ := strings.Cut(path.Base(q), ".")
		line := "ran " + name
		for _, b := range blocks[q] {
			line += " " + b
			if n := times[query.Node{Query: q, Key: b}]; n > 1 {
				line += fmt.Sprintf(" (%d times)", n)
			}
		}
		lines = append(lines, line)
	}
	s.runs = nil
	return lines
}

// read reads the file, or the sample if there is none.
func read(files []string) (string, error) {
	switch len(files) {
	case 0:
		return sample, nil
	case 1:
		data, err := os.ReadFile(files[0])
		return string(data), err
	}
	return "", errors.New("one file at a time")
}
