package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestFailure(t *testing.T) {
	for _, test := range []struct{ stderr, want string }{
		{"\nthread 'main' (1) has overflowed its stack\nfatal runtime error: stack overflow, aborting\n", "stack overflow"},
		{"runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow\n", "stack overflow"},
		{"memory allocation of 48 bytes failed\n", "out of memory"},
		{"panic: a memo has no inputs\n\ngoroutine 1 [running]:\n", "panic: a memo has no inputs"},
		{"\nthread 'main' (1) panicked at src/main.rs:1:2:\ncycle detected\nnote: more\n", "panic: cycle detected"},
		{"", "exit status 2"},
	} {
		if got := failure(errors.New("exit status 2"), test.stderr); got != test.want {
			t.Errorf("%q: %q, want %q", test.stderr, got, test.want)
		}
	}
}

func TestLocked(t *testing.T) {
	lock := "[[package]]\nname = \"salsa-macros\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"salsa\"\nversion = \"0.28.5\"\n"
	if got := locked(lock, "salsa"); got != "0.28.5" {
		t.Error(got)
	}
	if got := locked(lock, "sal"); got != "" {
		t.Error(got)
	}
}

// TestReport writes a report, reads it, and writes the same tables again.
func TestReport(t *testing.T) {
	r := report(
		&Row{Shape: "first", Size: k10, N: 100, Peer: "querygen", Per: "node", Units: 100, Values: []float64{400, 500, 600}},
		&Row{Shape: "first", Size: k10, N: 100, Peer: "go-incr", Per: "node", Units: 100, Values: []float64{1000, 1000, 1000}},
		&Row{Shape: "first", Size: k10, N: 100, Peer: "salsa", Per: "node", Cannot: "stack overflow"},
	)
	r.finish()
	var before, after bytes.Buffer
	r.markdown(&before)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	again.finish()
	again.markdown(&after)
	if before.String() != after.String() {
		t.Errorf("first\n%s\nthen\n%s", &before, &after)
	}
	for _, want := range []string{
		"| first | 100 | node | querygen | 500 ns [450 ns, 550 ns] |  |",
		"| first | 100 | node | go-incr | 1 µs [1 µs, 1 µs] | 0.5 x [0.45 x, 0.55 x] |",
		"| first | 100 | node | salsa | - stack overflow |  |",
		"| 13 | first 10k | <= 1 x go-incr | 0.5 x [0.45 x, 0.55 x] | met |",
	} {
		if !strings.Contains(before.String(), want+"\n") {
			t.Errorf("no line %q in\n%s", want, &before)
		}
	}
}
