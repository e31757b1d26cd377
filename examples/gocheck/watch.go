package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long the disk must be at rest before a change is looked at:
// editors and version control write in bursts.
const quiet = 30 * time.Millisecond

// A watcher checks again whenever a file has changed.
type watcher struct {
	checker *Checker
	notify  *fsnotify.Watcher
	dirs    map[string]bool // that are watched
	blind   map[string]bool // that cannot be, for want of system resources
	out     io.Writer
	all     bool          // print errors that are held back
	cold    time.Duration // what the first check took
}

// watch checks once, and then after each change until ctx is done.
func watch(ctx context.Context, c *Checker, out io.Writer, all bool) error {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer n.Close()
	w := &watcher{checker: c, notify: n, dirs: map[string]bool{}, blind: map[string]bool{}, out: out, all: all}
	r, err := c.check(ctx)
	if err != nil {
		return err
	}
	w.cold = r.Elapsed
	c.progress = silent{} // from here on it is too quick to follow
	r.print(out, all)
	fmt.Fprintln(out, r.summary())
	if err := w.follow(ctx, r); err != nil {
		return err
	}
	fmt.Fprintf(out, "watching %s directories\n", count(len(w.dirs)))
	for {
		c, err := w.wait(ctx)
		if err != nil {
			return err
		}
		if err := w.again(ctx, c); err != nil {
			return err
		}
	}
}

// A change is what the disk has reported since the last check.
type change struct {
	files []string // that have changed, come or gone; sorted
	all   bool     // more than that may have
}

// wait returns the next change.
func (w *watcher) wait(ctx context.Context) (change, error) {
	var c change
	var rest <-chan time.Time // nil until something has happened
	for {
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case e, ok := <-w.notify.Events:
			if !ok {
				return c, fsnotify.ErrClosed
			}
			if w.note(&c, e.Name) {
				rest = time.After(quiet)
			}
		case _, ok := <-w.notify.Errors:
			if !ok {
				return c, fsnotify.ErrClosed
			}
			c.all = true // events were lost
			rest = time.After(quiet)
		case <-rest:
			slices.Sort(c.files)
			c.files = slices.Compact(c.files)
			return c, nil
		}
	}
}

// note adds one event, and reports whether it can matter. What happened to a
// directory stands for everything inside it: the files of one that was moved
// have no events of their own.
func (w *watcher) note(c *change, path string) bool {
	info, err := os.Stat(path)
	switch {
	case w.dirs[path], err == nil && info.IsDir():
		c.all = true
	case isSource(filepath.Base(path)):
		c.files = append(c.files, path)
	default:
		return false
	}
	return true
}

// isSource reports whether a file of that name can have a part in a check.
func isSource(name string) bool {
	switch name {
	case "go.mod", "go.work", "modules.txt":
		return true
	}
	return (strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".s")) &&
		!strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_")
}

// again checks after a change and says what that took.
func (w *watcher) again(ctx context.Context, c change) error {
	if c.all {
		w.checker.outdated()
	} else if err := w.checker.changed(c.files); err != nil {
		return err
	}
	r, err := w.checker.check(ctx)
	if ctx.Err() != nil {
		return err
	}
	fmt.Fprintln(w.out)
	for _, f := range c.files {
		fmt.Fprintf(w.out, "changed %s\n", relative(w.checker.dir, f))
	}
	if c.all {
		fmt.Fprintln(w.out, "changed directories: looked at every file")
	}
	if err != nil {
		fmt.Fprintf(w.out, "gocheck: %v\n", err) // of go.mod, perhaps: the next change may mend it
		return nil
	}
	w.tell(r)
	return w.follow(ctx, r)
}

// tell prints a report and what was done for it.
func (w *watcher) tell(r *Report) {
	r.print(w.out, w.all)
	if !r.failed() {
		fmt.Fprintln(w.out, "no errors")
	}
	fmt.Fprintf(w.out, "%s; cold %s\n", r.summary(), brief(w.cold))
	r.Trace.print(w.out, r.Dir)
}

// follow watches the directories of a report. In one that is new to the
// watcher, files may have changed after they were read and before they were
// watched, so everything is looked at once more.
func (w *watcher) follow(ctx context.Context, r *Report) error {
	for w.add(r.Watched) {
		w.checker.outdated()
		next, err := w.checker.check(ctx)
		if err != nil {
			return err
		}
		if !sameErrors(r, next) {
			w.tell(next)
		}
		r = next
	}
	return nil
}

// add begins to watch directories, and reports whether any was new.
func (w *watcher) add(dirs []string) bool {
	added := false
	for dir := range w.dirs {
		if !slices.Contains(dirs, dir) {
			delete(w.dirs, dir)
			w.notify.Remove(dir) // fails for one that is gone: it is not watched any more
		}
	}
	for _, dir := range dirs {
		if w.dirs[dir] {
			continue
		}
		err := w.notify.Add(dir)
		if err == nil {
			w.dirs[dir], added = true, true
		} else if _, gone := os.Stat(dir); gone == nil && !w.blind[dir] {
			w.blind[dir] = true
			fmt.Fprintf(w.out, "gocheck: cannot watch %s: %v\n", dir, err)
		}
	}
	return added
}

// sameErrors reports whether two reports would be printed alike.
func sameErrors(a, b *Report) bool {
	var x, y strings.Builder
	a.print(&x, true)
	b.print(&y, true)
	return x.String() == y.String()
}
