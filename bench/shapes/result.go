package shapes

import "fmt"

// A Result is what a child prints.
type Result struct {
	Value  float64            `json:"value"`            // in the unit of the shape
	Units  int                `json:"units,omitempty"`  // what the value was divided by
	Answer string             `json:"answer,omitempty"` // checksum of what was returned
	Extra  map[string]float64 `json:"extra,omitempty"`  // what else was measured
	Cannot string             `json:"cannot,omitempty"` // why there is no value
}

// Cannot is the result of an engine that has nothing of the kind.
func Cannot(why string) Result { return Result{Cannot: why} }

// Sum writes a checksum.
func Sum(v uint64) string { return fmt.Sprintf("%016x", v) }

// An Engine measures shapes by name. It may panic, overflow its stack, or take
// for ever: it has a process of its own.
type Engine map[string]func(n int) Result

// Measure runs one shape.
func (e Engine) Measure(name string, n int) Result {
	f, ok := e[name]
	if !ok {
		return Cannot("does not have it")
	}
	return f(n)
}
