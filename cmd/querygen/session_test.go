package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"querygen.dev/querygen"
)

// An interrupt that comes while files are written stops before the next one.
func TestInterruptedWriting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "query_gen.go")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	s := &session{dir: dir, stderr: &stderr}
	code := s.finish(ctx, querygen.File{Path: path, Content: []byte("package p\n"), Stale: true}, &report{})
	if code != exitErrors || !strings.Contains(stderr.String(), "interrupted before query_gen.go was written") {
		t.Errorf("code %d, %q", code, &stderr)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was written")
	}
}

// A file that can't be written leaves nothing beside it, and does not keep the
// others from being written.
func TestFailedWriting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "query_gen.go")
	if err := os.MkdirAll(filepath.Join(path, "occupied"), 0o777); err != nil {
		t.Fatal(err)
	}
	f := querygen.File{Path: path, Content: []byte("package p\n"), Stale: true}
	if err := f.Commit(); err == nil {
		t.Error("a directory was written over")
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left: %v", list)
	}
}
