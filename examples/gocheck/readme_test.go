package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReadme runs the commands of the README, in the directory that they are
// meant for.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		commands = append(commands, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(commands) == 0 {
		t.Fatal("the README has no commands")
	}
	t.Chdir("../..")
	for _, c := range commands {
		t.Run(c, func(t *testing.T) {
			args, ok := strings.CutPrefix(c, "go run ./examples/gocheck ")
			if !ok {
				t.Fatalf("not a command of gocheck: %s", c)
			}
			if testing.Short() && args == "std" {
				t.Skip("reads all of the standard library")
			}
			runCommand(t, strings.Fields(args))
		})
	}
}

func runCommand(t *testing.T, args []string) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &session{t: t}
	var stderr bytes.Buffer
	done := make(chan int, 1)
	go func() { done <- run(ctx, args, s, &stderr, silent{}) }()
	want := "checked "
	if args[0] == "-watch" {
		want = "watching "
		s.expect(want)
		cancel()
	}
	select {
	case code := <-done:
		if code != 0 {
			t.Errorf("exit code %d\n%s", code, stderr.String())
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("it does not end")
	}
	if !strings.Contains(s.out.String(), want) {
		t.Errorf("printed\n%s\nwant %q in it", s.out.String(), want)
	}
}

// TestExitCodes runs the command in the ways that it can end.
func TestExitCodes(t *testing.T) {
	good, bad := unpack(t, "chain.txtar"), unpack(t, "mistakes/undefined_name.txtar")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	tests := []struct {
		name string
		ctx  context.Context
		args []string
		want int
	}{
		{"good", t.Context(), []string{"-C", good}, 0},
		{"errors", t.Context(), []string{"-C", bad}, exitErrors},
		{"no such package", t.Context(), []string{"-C", good, "nosuch"}, exitErrors},
		{"no such flag", t.Context(), []string{"-nosuch"}, exitUsage},
		{"no such directory", t.Context(), []string{"-C", good + "/nosuch"}, exitUsage},
		{"interrupted", stopped, []string{"-C", good}, exitInterrupt},
		{"watch interrupted", stopped, []string{"-C", good, "-watch"}, 0},
		{"help", t.Context(), []string{"-help"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := run(test.ctx, test.args, io.Discard, io.Discard, silent{}); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}
