package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"querygen.dev/bench/shapes"
)

// tiny is a size at which all shapes take no time.
const tiny = 200

// TestAnswers lets everyone do all shapes, at a tiny size, and looks at nothing
// but the answers. What a peer is known to get wrong is left out.
func TestAnswers(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			measure := measurer(t, p)
			for _, s := range shapes.All {
				if !strings.HasPrefix(s.Name, p.only) || slices.Contains(p.faults, s.Name) {
					continue
				}
				t.Run(s.Name, func(t *testing.T) {
					r := measure(s.Name)
					switch {
					case r.Cannot != "" && p.name == peers[0].name:
						t.Error("we can't do this:", r.Cannot)
					case r.Cannot != "":
						t.Skip(r.Cannot)
					case r.Answer != shapes.Expected(s.Name, tiny):
						t.Errorf("answer %s, want %s", r.Answer, shapes.Expected(s.Name, tiny))
					case r.Value <= 0:
						t.Error("no value")
					}
				})
			}
		})
	}
}

// measurer returns what measures a peer. Go's are measured in this process,
// Rust's need cargo.
func measurer(t *testing.T, p peer) func(shape string) shapes.Result {
	if p.engine != nil {
		return func(shape string) shapes.Result { return p.engine.Measure(shape, tiny) }
	}
	if testing.Short() {
		t.Skip("to build it takes minutes")
	}
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skip("there is no cargo to build it")
	}
	bench, err := benchDir()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := p.build(bench, bench+"/.build")
	if err != nil {
		t.Skip(err)
	}
	command := append([]string{binary}, p.args...)
	return func(shape string) shapes.Result { return start(t.Context(), command, shape, tiny, time.Minute) }
}
