package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows how far a check has come. Only step is called from several
// goroutines; begin may come again before the end, when a check starts over.
type progress interface {
	begin(total int)
	step()
	end()
}

// newProgress draws a bar on a terminal, and writes a line now and then
// elsewhere.
func newProgress(f *os.File) progress {
	if term.IsTerminal(int(f.Fd())) {
		return &bar{w: f}
	}
	return &lines{w: f}
}

type silent struct{}

func (silent) begin(int) {}
func (silent) step()     {}
func (silent) end()      {}

// bar is a progress bar that is gone when the check has ended.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (b *bar) begin(total int) {
	b.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(b.w),
		progressbar.OptionSetDescription("checking packages"),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	)
}

func (b *bar) step() { b.bar.Add(1) }

func (b *bar) end() {
	if b.bar != nil {
		b.bar.Clear()
		b.bar = nil
	}
}

// linesEvery is how long plain progress is silent.
const linesEvery = time.Second

// lines writes plain lines, for logs.
type lines struct {
	w     io.Writer
	mu    sync.Mutex
	total int       // guarded by mu, as what follows
	done  int       //
	last  time.Time // of a line
}

func (l *lines) begin(total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total, l.done, l.last = total, 0, time.Now()
	fmt.Fprintf(l.w, "checking %s, dependencies among them\n", plural(total, "package"))
}

func (l *lines) step() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done++
	if now := time.Now(); now.Sub(l.last) >= linesEvery {
		l.last = now
		fmt.Fprintf(l.w, "%s of %s packages\n", count(l.done), count(l.total))
	}
}

func (l *lines) end() {}
