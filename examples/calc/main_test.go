package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReadme runs the commands of the README from the root of the module, and
// compares what they print with what it shows.
func TestReadme(t *testing.T) {
	shown := 0
	for _, block := range blocks(t, "console") {
		for _, session := range strings.Split("\n"+block, "\n$ ")[1:] {
			shown++
			command, want, _ := strings.Cut(session, "\n")
			t.Run(command, func(t *testing.T) {
				got, code := runLine(t, command)
				if code != 0 {
					got += "exit status " + strconv.Itoa(code) + "\n"
				}
				if strings.TrimSpace(got) != strings.TrimSpace(want) {
					t.Errorf("printed\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
	for _, block := range blocks(t, "sh") {
		for command := range strings.SplitSeq(strings.TrimSpace(block), "\n") {
			shown++
			t.Run(command, func(t *testing.T) {
				if got, code := runLine(t, command); code != 0 {
					t.Errorf("exit code %d\n%s", code, got)
				}
			})
		}
	}
	if shown < 5 {
		t.Errorf("the README has only %d commands", shown)
	}
}

// TestReadmeCode looks for the code of the README in the sources. A line that
// says "// ..." stands for something left out.
func TestReadmeCode(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, string(data))
	}
	for _, block := range blocks(t, "go") {
		if !anyHas(sources, strings.Split(block, "// ...\n")) {
			t.Errorf("not in the sources:\n%s", block)
		}
	}
}

// anyHas reports whether one of the sources has all pieces, in order.
func anyHas(sources, pieces []string) bool {
	for _, rest := range sources {
		found := true
		for _, piece := range pieces {
			_, rest, found = strings.Cut(rest, strings.TrimSpace(piece))
			if !found {
				break
			}
		}
		if found {
			return true
		}
	}
	return false
}

// blocks returns the fenced blocks of the README in that language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Errorf("the README has no block in %s", language)
	}
	return list
}

// runLine runs a command line. Calc itself runs in this process.
func runLine(t *testing.T, line string) (output string, code int) {
	t.Helper()
	var args []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		args = append(args, m[1]+m[2])
	}
	var out bytes.Buffer
	if strings.HasPrefix(line, "go run ./examples/calc") {
		code := run(t.Context(), args[3:], &out, &out)
		return out.String(), code
	}
	if testing.Short() {
		t.Skip("starts the go command")
	}
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Dir = filepath.Join("..", "..")
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), c.ProcessState.ExitCode()
}

// TestExitCodes runs the command in the ways that it can end.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.calc"), filepath.Join(dir, "bad.calc")
	for name, text := range map[string]string{good: "let a = 1", bad: "let b = c"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	tests := []struct {
		name string
		ctx  context.Context
		args []string
		want int
	}{
		{"sample", t.Context(), nil, 0},
		{"good", t.Context(), []string{good}, 0},
		{"named twice", t.Context(), []string{good, good}, 0},
		{"problems", t.Context(), []string{good, bad}, exitProblems},
		{"problems gone", t.Context(), []string{"-edit", "c => a", good, bad}, 0},
		{"problems come", t.Context(), []string{"-edit", "1 => 1 / 0", good}, exitProblems},
		{"no such file", t.Context(), []string{good + "x"}, exitUsage},
		{"no such flag", t.Context(), []string{"-nosuch"}, exitUsage},
		{"no edit", t.Context(), []string{"-edit", "a=b"}, exitUsage},
		{"edit of nothing", t.Context(), []string{"-edit", "nowhere => there"}, exitUsage},
		{"interrupted", stopped, nil, exitUsage},
		{"help", t.Context(), []string{"-help"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := run(test.ctx, test.args, io.Discard, io.Discard); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}
