package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	query "querygen.dev/runtime"
)

// Env is what has to be known about the machine and the module before any file
// is read. It is found by asking the go command once, at the start, so that
// gocheck sees the toolchain that go build would use in that directory.
type Env struct {
	GOROOT   string
	ModCache string // where the sources of dependencies lie
	GoMod    string // file of the main module; "" outside one
	GoWork   string // workspace file; "" without one
	ModFlag  string // what GOFLAGS says for -mod; "" leaves it to go.mod

	GOOS, GOARCH string
	BuildTags    []string
	ToolTags     []string
	ReleaseTags  []string
}

// environment is set once, before the first check.
//
//query:input
func environment(cx *query.Context) (Env, error) {
	return Env{}, errors.New("gocheck: the environment has not been set")
}

// workDir is what patterns that begin with "." are relative to. It is an input of its own,
// so that one who stands elsewhere in a module finds all that was checked from its root.
//
//query:input
func workDir(cx *query.Context) (string, error) {
	return "", errors.New("gocheck: the directory has not been set")
}

// editsGOROOT reports whether somebody stands in the standard library, and so may edit it.
//
//query:pure
func editsGOROOT(cx *query.Context) (bool, error) {
	env, err := Environment(cx)
	if err != nil {
		return false, err
	}
	dir, err := WorkDir(cx)
	return inside(dir, env.GOROOT), err
}

// patterns are the packages that were asked for on the command line.
//
//query:input
func patterns(cx *query.Context) []string {
	return []string{"./..."}
}

// context is the build context that files are selected with. Cgo is off: what
// a C compiler would have to be asked cannot be checked from sources.
func (e Env) context() build.Context {
	return build.Context{
		GOROOT:      e.GOROOT,
		GOOS:        e.GOOS,
		GOARCH:      e.GOARCH,
		Compiler:    "gc",
		CgoEnabled:  false,
		BuildTags:   e.BuildTags,
		ToolTags:    e.ToolTags,
		ReleaseTags: e.ReleaseTags,
	}
}

// std is the directory of the standard library's packages.
func (e Env) std() string { return filepath.Join(e.GOROOT, "src") }

// goContext prints the build context in use, one field on each line.
const goContext = `{{with context}}{{.GOOS}}
{{.GOARCH}}
{{join .BuildTags ","}}
{{join .ToolTags ","}}
{{join .ReleaseTags ","}}{{end}}`

// findEnv asks the go command for the environment of dir, which it returns by the name
// that patterns are to be relative to.
func findEnv(ctx context.Context, dir string) (env Env, abs string, err error) {
	abs, err = filepath.Abs(dir)
	if err != nil {
		return Env{}, "", err
	}
	// The go command names the module's files by resolved paths: patterns
	// must be relative to a directory that is named in the same way.
	abs, err = filepath.EvalSymlinks(abs)
	if err != nil {
		return Env{}, "", err
	}
	var g errgroup.Group // each field is written by one of them
	g.Go(func() error { return env.findVariables(ctx, abs) })
	g.Go(func() error { return env.findContext(ctx, abs) })
	err = g.Wait()
	return env, abs, err
}

// findVariables fills in where things are.
func (e *Env) findVariables(ctx context.Context, dir string) error {
	out, err := goCommand(ctx, dir, "env", "-json", "GOROOT", "GOMODCACHE", "GOMOD", "GOWORK", "GOFLAGS")
	if err != nil {
		return err
	}
	var v struct{ GOROOT, GOMODCACHE, GOMOD, GOWORK, GOFLAGS string }
	if err := json.Unmarshal(out, &v); err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	e.GOROOT, e.ModCache, e.GoMod, e.GoWork = v.GOROOT, v.GOMODCACHE, v.GOMOD, v.GOWORK
	if e.GoMod == os.DevNull {
		e.GoMod = ""
	}
	if e.GoWork == "off" {
		e.GoWork = ""
	}
	for _, flag := range strings.Fields(v.GOFLAGS) {
		if mode, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "mod="); ok {
			e.ModFlag = mode
		}
	}
	return nil
}

// findContext fills in what files are selected by.
func (e *Env) findContext(ctx context.Context, dir string) error {
	out, err := goCommand(ctx, dir, "list", "-e", "-f", goContext, "unsafe")
	if err != nil {
		return err
	}
	lines := strings.Split(string(out), "\n")
	if len(lines) < 5 {
		return fmt.Errorf("go list: unexpected answer %q", out)
	}
	e.GOOS, e.GOARCH = lines[0], lines[1]
	e.BuildTags, e.ToolTags, e.ReleaseTags = commaList(lines[2]), commaList(lines[3]), commaList(lines[4])
	return nil
}

func commaList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// goCommand runs the go command in dir and returns what it prints.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "PWD="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, fmt.Errorf("go %s: %s", args[0], text)
		}
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}
