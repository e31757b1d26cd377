package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReadme runs the commands of the README, and compares what they print with
// what it shows.
func TestReadme(t *testing.T) {
	for _, block := range blocks(t, "console") {
		command, want, _ := strings.Cut(block, "\n")
		t.Run(command, func(t *testing.T) {
			var args []string
			for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(command, -1) {
				args = append(args, m[1]+m[2])
			}
			var out bytes.Buffer
			if code := run(t.Context(), args[4:], &out, &out); code != 0 { // $ go run ./examples/dataflow
				out.WriteString("exit status " + strconv.Itoa(code) + "\n")
			}
			if out.String() != want {
				t.Errorf("printed\n%s\nwant\n%s", &out, want)
			}
		})
	}
}

// TestReadmeCode looks for the code of the README in the sources.
func TestReadmeCode(t *testing.T) {
	var sources strings.Builder
	files, _ := filepath.Glob("*.go")
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(data)
	}
	for _, block := range blocks(t, "go") {
		if !strings.Contains(sources.String(), block) {
			t.Errorf("not in the sources:\n%s", block)
		}
	}
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

func TestExitCodes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.tac")
	if err := os.WriteFile(bad, []byte("a:\n\tprint x\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"sample", nil, 0},
		{"edits", []string{"-edit", "sum => total", "-edit", `total = 0 => total = 0\n`}, 0},
		{"problems", []string{bad}, exitProblems},
		{"problems that an edit takes away", []string{"-edit", "print x => print 1", bad}, 0},
		{"no such file", []string{bad + "x"}, exitUsage},
		{"two files", []string{bad, bad}, exitUsage},
		{"no such flag", []string{"-nosuch"}, exitUsage},
		{"no edit", []string{"-edit", "a=b"}, exitUsage},
		{"edit of nothing", []string{"-edit", "nowhere => there"}, exitUsage},
		{"help", []string{"-help"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := run(t.Context(), test.args, io.Discard, io.Discard); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}
