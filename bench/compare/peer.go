package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"querygen.dev/bench/peers/floor"
	"querygen.dev/bench/peers/goincr"
	"querygen.dev/bench/peers/ours"
	"querygen.dev/bench/shapes"
)

// A peer is an implementation that is measured, or a way to run one. It has an
// engine, if it is written in Go, or a crate.
type peer struct {
	name   string
	engine shapes.Engine
	crate  string   // directory below peers, and name of the binary
	env    []string // for cargo
	args   []string // for the child
	only   string   // prefix of the shapes that it is for
	faults []string // shapes that it gets wrong, or does not end
	what   string
}

// The first is what the others are compared with.
var peers = []peer{
	{name: "querygen", engine: ours.Engine, what: "this module"},
	{name: "salsa", crate: "salsa", what: "Rust; keys are interned structs, made where they are used, and kept in hit.task; built with lto; on the stack that programs begin with, 8 MB or so"},
	{name: "salsa-deep", crate: "salsa", args: []string{"-stack", "6000"}, only: "chain.", what: "the same in a thread with a stack of 6 GB"},
	{name: "incremental-query", crate: "incremental-query", env: []string{"RUSTC_BOOTSTRAP=1"}, faults: []string{"propagate", "ladder", "dynamic"}, what: "Rust; it has no inputs, so these are queries that run in each generation, and each edit is a generation"},
	{name: "go-incr", engine: goincr.Engine, what: "Go; static graphs without keys and demand: a first run is building and stabilizing, a hit is a look at an observer"},
	{name: "floor", engine: floor.Engine, what: "Go; no engine: sync.Map and singleflight, which forget nothing and follow no change"},
}

// build compiles a crate, below dir, and returns the path of its binary.
func (p peer) build(bench, dir string) (string, error) {
	target := filepath.Join(dir, p.crate)
	cmd := exec.Command("cargo", "build", "--release", "--locked", "--target-dir", target)
	cmd.Dir = filepath.Join(bench, "peers", p.crate)
	cmd.Env = append(os.Environ(), p.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: cargo: %v\n%s", p.name, err, lastLines(string(out), 20))
	}
	return filepath.Join(target, "release", p.crate), nil
}

// version says what is measured, from the files that pin it.
func (p peer) version(bench string, modules map[string]string) string {
	switch {
	case p.name == "querygen":
		return describe(bench)
	case p.name == "go-incr":
		return modules["github.com/wcharczuk/go-incr"]
	case p.crate != "":
		lock, err := os.ReadFile(filepath.Join(bench, "peers", p.crate, "Cargo.lock"))
		if err == nil {
			return locked(string(lock), p.crate)
		}
	}
	return ""
}

// locked finds the version of a package in a Cargo.lock. The crates that
// measure have other names than those that are measured.
func locked(lock, name string) string {
	_, rest, ok := strings.Cut(lock, "name = \""+name+"\"\nversion = \"")
	if !ok {
		return ""
	}
	version, _, _ := strings.Cut(rest, `"`)
	return version
}

// describe is the commit of a checkout, if it is one.
func describe(dir string) string {
	cmd := exec.Command("git", "describe", "--always", "--dirty")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "of no commit"
	}
	return strings.TrimSpace(string(out))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
