package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"querygen.dev/querygen"
)

// The generator is used as it is, so the exported functions are made queries:
// each gets an annotated function that mentions it. For the types a runtime with
// nothing but a Context is enough, and keeps its dependencies out of old
// modules.

// writeRuntime writes the module with that runtime.
func writeRuntime(work string) error {
	dir := filepath.Join(work, "querygen", "runtime")
	return errors.Join(
		os.MkdirAll(dir, 0o777),
		os.WriteFile(filepath.Join(dir, "..", "go.mod"), []byte("module querygen.dev\n\ngo 1.18\n"), 0o666),
		os.WriteFile(filepath.Join(dir, "runtime.go"), []byte("package runtime\n\ntype Context struct{}\n"), 0o666),
	)
}

// environ lets the go command complete go.mod and go.sum.
func environ() []string {
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
}

func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, environ()
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("go %s: %s", strings.Join(args, " "), exit.Stderr)
	}
	return out, err
}

// releases lists the newest n releases, the oldest first.
func releases(ctx context.Context, work, module string, n int) ([]string, error) {
	// Any module will do to stand in.
	out, err := goCommand(ctx, filepath.Join(work, "querygen"), "list", "-m", "-versions", module)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, v := range strings.Fields(string(out))[1:] {
		if !strings.Contains(v, "-") {
			list = append(list, v)
		}
	}
	if len(list) < n {
		return nil, fmt.Errorf("%s has %d releases, for %d steps it takes %d", module, len(list), n-1, n)
	}
	return list[len(list)-n:], nil
}

// readVersion lays a version out in dir and computes the digests of its
// exported functions.
func readVersion(ctx context.Context, work, dir, module, version string) (map[string]digests, error) {
	out, err := goCommand(ctx, filepath.Join(work, "querygen"), "mod", "download", "-json", module+"@"+version)
	if err != nil {
		return nil, err
	}
	var info struct{ Dir string }
	if err := json.Unmarshal(out, &info); err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, os.DirFS(info.Dir)); err != nil {
		return nil, err
	}
	if err := makeWritable(dir); err != nil {
		return nil, err
	}
	packs, err := readPackages(dir, module)
	if err != nil {
		return nil, err
	}
	for _, p := range packs {
		if err := p.writeQueries(); err != nil {
			return nil, err
		}
	}
	if _, err := goCommand(ctx, dir, "mod", "edit", "-go=1.26.0", "-toolchain=none", "-require=querygen.dev@v0.0.0", "-replace=querygen.dev="+filepath.Join(work, "querygen")); err != nil {
		return nil, err
	}
	codes, err := generate(ctx, dir)
	if err != nil {
		return nil, err
	}
	return join(packs, codes), nil
}

// makeWritable undoes what protects the module cache.
func makeWritable(dir string) error {
	return filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return os.Chmod(name, 0o777)
		}
		return os.Chmod(name, 0o666)
	})
}

var definition = regexp.MustCompile(`Name:\s+"([^"]+)",(?s:.*?)Code:\s+"([0-9a-f]+)"`)

// generate returns the fingerprints by the names of the queries. Packages that
// this Go can't compile any more have none.
func generate(ctx context.Context, dir string) (map[string]string, error) {
	r, err := querygen.Generate(ctx, querygen.Config{Dir: dir, Env: environ(), Patterns: []string{"./..."}})
	if err != nil {
		return nil, err
	}
	codes := make(map[string]string)
	for _, f := range r.Files {
		for _, m := range definition.FindAllSubmatch(f.Content, -1) {
			codes[string(m[1])] = string(m[2])
		}
	}
	if len(codes) == 0 {
		return nil, fmt.Errorf("no fingerprints: %v", r.Problems)
	}
	return codes, nil
}
