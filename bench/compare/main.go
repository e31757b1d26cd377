// Compare measures querygen beside its peers, on the same shapes, in one run.
//
//	go run ./compare                                # everything, 7 rounds
//	go run ./compare -scale 0.01 -rounds 3          # quickly
//	go run ./compare -shape '^hit' -peer salsa
//	go run ./compare -report compare.json           # its tables once more
//
// It builds the peers that are written in Rust with cargo, runs each
// measurement in a process of its own, in rounds, and writes compare.md and
// compare.json. See ../README.md for how to read them.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"querygen.dev/bench/shapes"
)

type options struct {
	shape, peer   *regexp.Regexp
	scale         float64
	rounds        int
	limit         time.Duration
	build, out    string
	report        string
	child, shape1 string
	n             int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("compare: ")
	o := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case o.child != "":
		err = child(o.child, o.shape1, o.n)
	case o.report != "":
		err = again(o.report)
	default:
		err = compare(ctx, o)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func parse() options {
	var o options
	shape := flag.String("shape", "", "measure the shapes that match this regular expression")
	peer := flag.String("peer", "", "measure the peers that match this one, and querygen")
	flag.Float64Var(&o.scale, "scale", 1, "multiply the sizes by this")
	flag.IntVar(&o.rounds, "rounds", 7, "measure so often")
	flag.DurationVar(&o.limit, "limit", time.Minute, "give each measurement so long")
	flag.StringVar(&o.build, "build", "", "directory for what cargo builds (default .build beside go.mod)")
	flag.StringVar(&o.out, "out", "compare", "write this file, with .md and .json")
	flag.StringVar(&o.report, "report", "", "measure nothing: print the tables of this JSON file")
	flag.StringVar(&o.child, "child", "", "for internal use: measure one shape of a peer")
	flag.IntVar(&o.n, "n", 0, "for internal use: its size")
	flag.Parse()
	o.shape1 = *shape
	o.shape, o.peer = regexp.MustCompile(*shape), regexp.MustCompile(*peer)
	return o
}

// compare measures and writes.
func compare(ctx context.Context, o options) error {
	bench, err := benchDir()
	if err != nil {
		return err
	}
	if o.build == "" {
		o.build = filepath.Join(bench, ".build")
	}
	r := &Report{Date: time.Now().UTC(), Machine: machine(), Versions: map[string]string{}, Scale: o.scale, Limit: o.limit.String()}
	groups, err := plan(o, bench, r)
	if err != nil {
		return err
	}
	c := campaign{jobs: groups, rounds: o.rounds, limit: o.limit, log: os.Stderr}
	c.ended = func(rounds int) error { // what is written by then outlives an interrupt
		r.Rounds = rounds
		r.finish()
		return write(r, o.out)
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	r.markdown(os.Stdout)
	return nil
}

// benchDir is where the module's go.mod is.
func benchDir() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "querygen.dev/bench").Output()
	if err != nil {
		return "", fmt.Errorf("run this in the module querygen.dev/bench: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// write writes both files.
func write(r *Report, out string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(out+".json", append(text, '\n'), 0o666); err != nil {
		return err
	}
	f, err := os.Create(out + ".md")
	if err != nil {
		return err
	}
	r.markdown(f)
	return f.Close()
}

// again prints what an earlier run has found. The verdicts are judged anew.
func again(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	r.finish()
	r.markdown(os.Stdout)
	return nil
}

// plan builds what must be built, and lists the jobs.
func plan(o options, bench string, r *Report) ([][]*job, error) {
	commands, err := prepare(o, bench, r)
	if err != nil {
		return nil, err
	}
	var groups [][]*job
	for _, s := range shapes.All {
		if !o.shape.MatchString(s.Name) {
			continue
		}
		sizes := s.Sizes
		if len(sizes) == 0 {
			sizes = []int{0}
		}
		for _, size := range sizes {
			groups = append(groups, group(s, size, o.scale, commands, r))
		}
	}
	return groups, nil
}

// group lists the jobs of a shape and size.
func group(s shapes.Shape, size int, scale float64, commands map[string][]string, r *Report) []*job {
	n := size
	if size != 0 {
		n = shapes.Scaled(size, scale)
	}
	answer := shapes.Expected(s.Name, n)
	var jobs []*job
	for _, p := range peers {
		if commands[p.name] == nil || !strings.HasPrefix(s.Name, p.only) {
			continue
		}
		smaller := r.last(s.Name, p.name)
		row := &Row{Shape: s.Name, Size: size, N: n, Peer: p.name, Unit: s.Unit, Per: s.Per, answer: answer}
		r.Rows = append(r.Rows, row)
		jobs = append(jobs, &job{s, size, n, p, commands[p.name], row, smaller})
	}
	return jobs
}

// prepare returns the command line of each peer, and notes the versions. A peer
// that can't be built is left out, which the log says.
func prepare(o options, bench string, r *Report) (map[string][]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	deps, commands := modules(), map[string][]string{}
	r.Versions["go"] = runtime.Version()[2:]
	if v := rustc(); v != "" {
		r.Versions["rustc"] = v
	}
	for i, p := range peers {
		if i > 0 && !o.peer.MatchString(p.name) {
			continue
		}
		command := []string{self, "-child", p.name}
		if p.crate != "" {
			binary, err := p.build(bench, o.build)
			if err != nil {
				log.Printf("without %v", err)
				continue
			}
			command = append([]string{binary}, p.args...)
		}
		commands[p.name] = command
		if v := p.version(bench, deps); v != "" && p.only == "" {
			r.Versions[p.name] = v
		}
	}
	return commands, nil
}
