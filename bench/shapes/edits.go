package shapes

import "time"

// A Pair is two graphs in one engine; Root is that of the first.
type Pair interface {
	Graph
	Other() uint64 // demands the root of the second
}

// Aside measures an edit of the second graph and the demand of the first. The
// second is demanded between two steps, or the later edits would find it out of
// date already.
func Aside(g Pair, input uint64) Result {
	sum := Fold(0, g.Root())
	g.Other()
	ns, sum := Repeat(sum, func(i int) (time.Duration, uint64) {
		v := Cut(input, i)
		begin := time.Now()
		g.Set(input, v)
		root := g.Root()
		took := time.Since(begin)
		g.Other()
		return took, root
	})
	return Result{Value: ns, Units: 1, Answer: Sum(sum)}
}

// A Batch is a graph in which several inputs can be set at once.
type Batch interface {
	SetAll(inputs []uint64, value func(input uint64) uint64)
	Root() uint64
}

// Steps measures steps that edit 5 % of the inputs.
func Steps(g Batch, d Dynamic) Result {
	sum := Fold(0, g.Root())
	ns, sum := Repeat(sum, func(i int) (time.Duration, uint64) {
		inputs := d.Edited(i)
		begin := time.Now()
		g.SetAll(inputs, func(input uint64) uint64 { return Deep(input, i) })
		root := g.Root()
		return time.Since(begin), root
	})
	return Result{Value: ns, Units: 1, Answer: Sum(sum)}
}

// Inside measures what a running query sees: run calls one that has not run
// yet, which times its own reads.
func Inside(run func(round int) (took time.Duration, root uint64)) Result {
	run(0) // the keys are not hit yet
	var sum uint64
	ns, _ := Repeat(0, func(i int) (time.Duration, uint64) {
		took, root := run(i + 1)
		sum = Fold(0, root)
		return took, root
	})
	return Result{Value: ns / InsideKeys, Units: InsideKeys, Answer: Sum(sum)}
}

// World is an edit that leaves the outside world as it is, Moved one that
// changes it.
func World(uint64, int) uint64 { return 0 }

// Moved is a new state of the world in each step.
func Moved(_ uint64, step int) uint64 { return uint64(step + 1) }
