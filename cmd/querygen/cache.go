package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"querygen.dev/runtime/cache"
)

const cacheUsage = `usage: querygen cache stats DIR
       querygen cache verify DIR
       querygen cache gc DIR
       querygen cache dump [-full] [-query NAME] DIR

The directory is one in which a program keeps the results of queries (the
function Open of querygen.dev/runtime).

  stats   what is in it: bytes and files, and for each query the nodes and the
          bytes of their keys and values
  verify  compare every checksum and look into every key and value; name each
          place that is damaged, exit code 1
  gc      move what is of use into one file and remove the rest, now. No program
          may be writing to the directory
  dump    print the entries as JSON, one on a line: the node's number, the query,
          its key, what it has returned, its error, and the fingerprint of both.
          Long values are shortened
          -full        print all of them
          -query NAME  those of one query, also without its import path

All but gc only read, and may be used while programs run. The exit code is 0 if
all is well, 1 if the cache is damaged, 2 if there is none or it can't be used.
`

// exitDamaged is the exit code if what is in a cache is not what was written.
const exitDamaged = 1

// A cacheTask is the rest of a command line behind "cache".
type cacheTask struct {
	dir            string
	full           bool
	query          string
	stdout, stderr io.Writer
}

var cacheTasks = map[string]func(*cacheTask, context.Context) (int, error){
	"stats":  (*cacheTask).stats,
	"verify": (*cacheTask).verify,
	"gc":     (*cacheTask).gc,
	"dump":   (*cacheTask).dump,
}

// cacheCommand is querygen cache.
func cacheCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	do, t, err := parseCache(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, cacheUsage)
		return exitOK
	case err != nil:
		return fail(stderr, err)
	}
	t.stdout, t.stderr = stdout, stderr
	code, err := do(t, ctx)
	if err == nil {
		return code
	}
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case errors.Is(err, cache.ErrDamaged):
		fail(stderr, err)
		fmt.Fprintf(stderr, "querygen cache verify %s says where; a program that opens the cache does without what is damaged, and saves it anew\n", t.dir)
		return exitDamaged
	}
	return fail(stderr, err)
}

// parseCache reads a command line. Flags may stand before the directory and behind it.
func parseCache(args []string) (do func(*cacheTask, context.Context) (int, error), t *cacheTask, err error) {
	if len(args) == 0 {
		return nil, nil, errors.New("what to do with the cache? querygen cache -h tells")
	}
	name, t := args[0], new(cacheTask)
	set := flag.NewFlagSet("querygen cache", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	if name == "dump" {
		set.BoolVar(&t.full, "full", false, "")
		set.StringVar(&t.query, "query", "", "")
	}
	do = cacheTasks[name]
	if do != nil {
		args = args[1:]
	}
	var dirs []string
	for {
		if err := set.Parse(args); err != nil {
			return nil, nil, err
		}
		if args = set.Args(); len(args) == 0 {
			break
		}
		dirs, args = append(dirs, args[0]), args[1:]
	}
	switch {
	case do == nil:
		return nil, nil, fmt.Errorf("cache %s: no such command; there are stats, verify, gc and dump", name)
	case len(dirs) != 1:
		return nil, nil, fmt.Errorf("cache %s wants one directory, got %d", name, len(dirs))
	}
	t.dir = dirs[0]
	return do, t, nil
}

func (t *cacheTask) stats(context.Context) (int, error) {
	c, err := cache.Open(t.dir)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	st, err := c.Stats()
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(t.stdout, "%s: %s\n", t.dir, describe(st.Size))
	fmt.Fprintf(t.stdout, "graph and index %s, %d queries\n\n", bytesOf(st.Graph), len(st.Queries))
	w := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "nodes\tvalues\tfingerprints\tkey bytes\tvalue bytes\t  query")
	for _, q := range st.Queries {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t  %s\n", q.Nodes, q.Values, q.Prints, q.KeyBytes, q.ValueBytes, q.Query)
	}
	return exitOK, w.Flush()
}

func (t *cacheTask) verify(ctx context.Context) (int, error) {
	damages := 0
	v, err := cache.Verify(ctx, t.dir, func(err error) {
		damages++
		fmt.Fprintf(t.stdout, "%s: %v\n", t.dir, err)
	})
	switch {
	case err != nil:
		return 0, err
	case damages > 0:
		fmt.Fprintf(t.stdout, "%s: damaged at %s\n", t.dir, plural(damages, "place"))
		return exitDamaged, nil
	}
	fmt.Fprintf(t.stdout, "%s: all is well: %s, %s in %s\n", t.dir, plural(v.Entries, "entry"), bytesOf(v.Bytes), plural(v.Segments, "segment"))
	return exitOK, nil
}

func (t *cacheTask) gc(ctx context.Context) (int, error) {
	before, after, err := cache.Compact(ctx, t.dir)
	if errors.Is(err, cache.ErrLocked) {
		return 0, fmt.Errorf("%w; try again when it has ended", err)
	}
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(t.stdout, "%s: %s\n", t.dir, describe(after))
	fmt.Fprintf(t.stdout, "before: %s\n", describe(before))
	return exitOK, nil
}

// An entry is a line of dump.
type entry struct {
	Node        uint32          `json:"node"`
	Query       string          `json:"query"`
	Key         json.RawMessage `json:"key,omitempty"`   // missing if the query has no parameters
	Value       json.RawMessage `json:"value,omitempty"` // missing if it is not there
	Error       json.RawMessage `json:"error,omitempty"` // missing if there is none
	Fingerprint string          `json:"fingerprint,omitempty"`
}

// dumpLimit is about how many bytes of a key or a value are printed without -full.
const dumpLimit = 200

func (t *cacheTask) dump(ctx context.Context) (int, error) {
	c, err := cache.Open(t.dir)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	out := bufio.NewWriter(t.stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for e, err := range c.Entries() {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil && t.wants(e.Query) {
			err = t.print(enc, e)
		}
		if err != nil {
			return 0, errors.Join(err, out.Flush())
		}
	}
	return exitOK, out.Flush()
}

// wants reports whether the query was asked for.
func (t *cacheTask) wants(query string) bool {
	if t.query == "" || query == t.query {
		return true
	}
	rest, ok := strings.CutSuffix(query, t.query)
	return ok && strings.HasSuffix(rest, ".")
}

func (t *cacheTask) print(enc *json.Encoder, e cache.Entry) error {
	line := entry{Node: e.Number, Query: e.Query, Fingerprint: e.Fingerprint}
	result, failure, err := e.Result()
	if err != nil {
		return fmt.Errorf("%w: node %d: %w", cache.ErrDamaged, e.Number, err)
	}
	if len(failure) == 1 && failure[0] == msgpackNil {
		failure = nil
	}
	for _, f := range []struct {
		to   *json.RawMessage
		from []byte
	}{{&line.Key, e.Key}, {&line.Value, result}, {&line.Error, failure}} {
		if len(f.from) == 0 {
			continue
		}
		limit := dumpLimit
		if t.full {
			limit = 0
		}
		if *f.to, err = cache.JSON(f.from, limit); err != nil {
			return fmt.Errorf("%w: node %d: %w", cache.ErrDamaged, e.Number, err)
		}
	}
	return enc.Encode(line)
}

const msgpackNil = 0xc0

func describe(s cache.Size) string {
	return fmt.Sprintf("%s, %s live, %s garbage, in %s", plural(s.Entries, "entry"), bytesOf(s.Live), bytesOf(s.Garbage), plural(s.Segments, "segment"))
}

func bytesOf(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

func plural(n int, noun string) string {
	if n != 1 {
		noun = strings.TrimSuffix(noun, "y") + map[bool]string{true: "ies", false: "s"}[strings.HasSuffix(noun, "y")]
	}
	return fmt.Sprintf("%d %s", n, noun)
}
