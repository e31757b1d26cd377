package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"querygen.dev/bench/shapes"
)

// child is what this program does when it is started as one: it measures a
// shape and prints the result.
func child(name, shape string, n int) error {
	for _, p := range peers {
		if p.name == name && p.engine != nil {
			return json.NewEncoder(os.Stdout).Encode(p.engine.Measure(shape, n))
		}
	}
	return fmt.Errorf("no child %q", name)
}

// start runs a child. A result without a value says why.
func start(ctx context.Context, command []string, shape string, n int, limit time.Duration) shapes.Result {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append(command[1:len(command):len(command)], "-shape", shape, "-n", fmt.Sprint(n))
	cmd := exec.CommandContext(ctx, command[0], args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var r shapes.Result
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return shapes.Cannot(fmt.Sprintf("takes more than %v", limit))
	case err != nil:
		return shapes.Cannot(failure(err, stderr.String()))
	case json.Unmarshal(stdout.Bytes(), &r) != nil:
		return shapes.Cannot("prints no result")
	}
	return r
}

// failure says in a few words how a child has ended.
func failure(err error, stderr string) string {
	for _, sign := range []string{"stack overflow", "overflowed its stack", "goroutine stack exceeds"} {
		if strings.Contains(stderr, sign) {
			return "stack overflow"
		}
	}
	if strings.Contains(stderr, "memory allocation of") {
		return "out of memory"
	}
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			return strings.TrimSpace(line)
		}
	}
	if _, panicked, ok := strings.Cut(stderr, "panicked at"); ok {
		lines := strings.SplitN(panicked, "\n", 3)
		return "panic: " + strings.TrimSpace(lines[min(1, len(lines)-1)])
	}
	return err.Error()
}
