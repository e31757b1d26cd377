package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"time"

	query "querygen.dev/runtime"
)

// Config is what a Checker is made from.
type Config struct {
	Dir         string   // where patterns are relative to; "" is the working directory
	Patterns    []string // none stands for "./..."
	Parallelism int      // packages at one time; 0 is one for each processor
	Trace       bool     // collect what ran and what was cut off, for Report.Trace
	Progress    progress // may be nil

	// Results of earlier checks are in Cache, or with DefaultCache in a directory for
	// the module below the user's cache directory; with neither, they are in memory.
	Cache        string
	DefaultCache bool
	Notes        io.Writer // is told of trouble with the cache; may be nil
}

// A Checker checks the same packages again and again, and remembers in between
// what has not changed.
type Checker struct {
	db       *query.DB
	env      Env
	dir      string // what was asked for is relative to it
	trace    *trace // nil if nobody wants to know
	progress progress
}

// newChecker finds out about the toolchain. It reads no source file yet.
func newChecker(ctx context.Context, conf Config) (*Checker, error) {
	env, dir, err := findEnv(ctx, conf.Dir)
	if err != nil {
		return nil, err
	}
	return openChecker(env, dir, conf)
}

// openChecker makes a Checker for an environment that is known.
func openChecker(env Env, dir string, conf Config) (c *Checker, err error) {
	c = &Checker{env: env, dir: dir, progress: conf.Progress}
	opts := query.Options{Parallelism: conf.Parallelism}
	if conf.Trace {
		c.trace = new(trace)
		opts.OnEvent = c.trace.record
	}
	if c.progress == nil {
		c.progress = silent{}
	}
	if c.db, err = openDB(env, conf, opts); err != nil {
		return nil, err
	}
	err = c.db.Update(func(tx *query.Tx) error {
		SetEnvironment(tx, env)
		SetWorkDir(tx, dir)
		if len(conf.Patterns) > 0 {
			SetPatterns(tx, conf.Patterns)
		}
		return nil
	})
	return c, err
}

// close ends what is running, saves what was found out and lets the memory go.
func (c *Checker) close() error { return c.db.Close() }

// outdated says that everything on disk may have changed: each file is looked
// at again when it is needed.
func (c *Checker) outdated() { c.db.NextGeneration() }

// changed says that these files may have changed, come or gone, and nothing
// else: no other file is looked at.
func (c *Checker) changed(files []string) error {
	return c.db.Update(func(tx *query.Tx) error {
		for _, f := range files {
			RefreshFileStamp(tx, f)
			RefreshDirList(tx, filepath.Dir(f))
		}
		return nil
	})
}

// check checks the packages as they are now. The error is about the check as a
// whole: mistakes in packages are in the report.
func (c *Checker) check(ctx context.Context) (*Report, error) {
	start, before := time.Now(), c.db.Stats()
	c.trace.reset()
	r, err := query.Do(ctx, c.db, c.judge)
	c.progress.end()
	if err != nil {
		return nil, err
	}
	after := c.db.Stats()
	r.Dir, r.Elapsed = c.dir, time.Since(start)
	r.Runs = after.Runs - before.Runs
	r.Verified = after.Verified - before.Verified
	r.Reused = after.Hits - before.Hits + r.Verified
	r.Loaded = after.Loaded - before.Loaded
	r.Trace = c.trace.take()
	return r, nil
}

// judge is one request: the graph first, then its packages side by side.
func (c *Checker) judge(cx *query.Context) (*Report, error) {
	g, err := ImportGraph(cx)
	if err != nil {
		return nil, err
	}
	c.progress.begin(len(g.Packages))
	verdicts, err := query.Map(cx, g.Packages, func(cx *query.Context, n GraphNode) (Verdict, error) {
		v, err := verdict(cx, n)
		c.progress.step()
		return v, err
	})
	if err != nil {
		return nil, err
	}
	watched, err := watchedDirs(cx, g)
	if err != nil {
		return nil, err
	}
	return newReport(g, verdicts, watched), nil
}

// verdict looks into function bodies where somebody could mend them; of the
// dependencies only what the targets can see has to be right.
func verdict(cx *query.Context, n GraphNode) (Verdict, error) {
	if n.Full {
		return Check(cx, n.Path)
	}
	d, err := Declare(cx, n.Path)
	return Verdict{Errors: d.Errors}, err
}

// watchedDirs are the directories in which a change could change the report.
func watchedDirs(cx *query.Context, g Graph) ([]string, error) {
	dirs := slices.Clone(g.Targets.Dirs)
	for _, n := range g.Packages {
		if n.Dir != "" {
			dirs = append(dirs, n.Dir)
		}
	}
	list, err := Modules(cx)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if m.Local {
			dirs = append(dirs, m.Dir)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), nil
}
