package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// session is a running gocheck -watch.
type session struct {
	t    *testing.T
	dir  string
	mu   sync.Mutex
	out  strings.Builder // guarded by mu
	seen int             // how much of out was looked at
}

func (s *session) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

// expect waits until each text is in what was printed since the last time.
func (s *session) expect(texts ...string) {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		s.mu.Lock()
		all := s.out.String()
		s.mu.Unlock()
		end := s.seen
		for _, text := range texts {
			i := strings.Index(all[s.seen:], text)
			if i < 0 {
				end = -1
				break
			}
			end = max(end, s.seen+i+len(text))
		}
		if end >= 0 {
			s.seen = end
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %q after\n%s\nin\n%s", texts, all[:s.seen], all[s.seen:])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *session) write(file, text string) {
	s.t.Helper()
	write(s.t, filepath.Join(s.dir, file), text)
}

// TestWatch runs the command and changes files under it.
func TestWatch(t *testing.T) {
	s := &session{t: t, dir: unpack(t, "chain.txtar")}
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() { done <- run(ctx, []string{"-watch", "-C", s.dir, "./..."}, s, io.Discard, silent{}) }()
	defer func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
	}()

	s.expect("checked 4 packages, 4 files in ", "watching ")

	top := "package top\n\nimport \"example.com/m/mid\"\n\nvar X = mid.Origin().X\n"
	s.write("top/top.go", top+"\nfunc F() int { return \"\" }\n")
	s.expect("changed top/top.go\n", "# example.com/m/top\ntop/top.go:7:23: cannot use \"\"", "; cold ", "  ran      check        example.com/m/top\n", "  cut off  ")

	s.write("top/top.go", top)
	s.expect("no errors\n", "  ran      check        example.com/m/top\n", "  cut off  header       top/top.go\n")

	// A file in a new directory, and one added when that is watched.
	s.write("new/deep/new.go", "package deep\n\nvar X = undefined\n")
	s.expect("new/deep/new.go:3:9: undefined: undefined\n")
	s.write("new/deep/more.go", "package deep\n\nvar Y = undefined\n")
	s.expect("new/deep/more.go:3:9: undefined: undefined\n")

	// A directory that moves takes its files along without a word about them.
	if err := os.Rename(filepath.Join(s.dir, "new"), filepath.Join(s.dir, "moved")); err != nil {
		t.Fatal(err)
	}
	s.expect("moved/deep/more.go:3:9: undefined: undefined\n", "checked 5 packages, 6 files")
	if err := os.RemoveAll(filepath.Join(s.dir, "moved")); err != nil {
		t.Fatal(err)
	}
	s.expect("no errors\nchecked 4 packages, 4 files")

	// Editors write a new file and move it over the old one.
	s.write("side/.side.go.tmp", "package side\n\nvar X = undefined\n")
	if err := os.Rename(filepath.Join(s.dir, "side/.side.go.tmp"), filepath.Join(s.dir, "side/side.go")); err != nil {
		t.Fatal(err)
	}
	s.expect("changed side/side.go\n", "side/side.go:3:9: undefined: undefined\n")

	// The module itself.
	s.write("go.mod", "module\n")
	s.expect("changed go.mod\n", "gocheck: ", "go.mod:1: usage: module module/path\n")
	s.write("go.mod", "module example.com/other\n\ngo 1.26\n")
	s.expect("changed go.mod\n", "no required module provides package example.com/m/low")
}
