package shapes

import (
	"runtime"
	"slices"
	"time"
)

// patience is how long one shape is repeated, apart from setting it up.
const patience = 400 * time.Millisecond

// A Graph is an engine with one of the graphs in it. The inputs have been set
// to their initial values.
type Graph interface {
	Set(input, value uint64)
	Root() uint64 // demands it
}

// median sorts the samples.
func median(samples []float64) float64 {
	slices.Sort(samples)
	return samples[len(samples)/2]
}

// repeated is the least number of repetitions. The answer is of these: how many
// more there are depends on the machine.
const repeated = 3

// Repeat returns the median time of one step, and the checksum of the first
// results.
func Repeat(sum uint64, step func(i int) (time.Duration, uint64)) (ns float64, _ uint64) {
	var samples []float64
	begin := time.Now()
	for i := 0; i < repeated || i < 200 && time.Since(begin) < patience; i++ {
		took, v := step(i)
		if i < repeated {
			sum = Fold(sum, v)
		}
		samples = append(samples, float64(took))
	}
	return median(samples), sum
}

// Edits measures an edit of an input and the demand of the root behind it, by
// the number of units that one edit has.
func Edits(g Graph, input uint64, value func(input uint64, step int) uint64, units uint64) Result {
	sum := Fold(0, g.Root())
	ns, sum := Repeat(sum, func(i int) (time.Duration, uint64) {
		v := value(input, i)
		begin := time.Now()
		g.Set(input, v)
		root := g.Root()
		return time.Since(begin), root
	})
	return Result{Value: ns / float64(units), Units: int(units), Answer: Sum(sum)}
}

// First measures the first demand of the root, of new graphs.
func First(fresh func() Graph, units uint64) Result {
	var samples []float64
	var sum uint64
	start := time.Now()
	for len(samples) == 0 || len(samples) < 9 && time.Since(start) < patience {
		g := fresh()
		runtime.GC() // what is left of the last one is not this one's to collect
		begin := time.Now()
		sum = Fold(0, g.Root())
		samples = append(samples, float64(time.Since(begin)))
		runtime.KeepAlive(g)
	}
	return Result{Value: median(samples) / float64(units), Units: int(units), Answer: Sum(sum)}
}

// Hits measures a call that is repeated count times.
func Hits(call func(count int) uint64) Result {
	sum := Fold(0, call(1))
	count := 1
	for took := time.Duration(0); took < 5*time.Millisecond; {
		count *= 2
		took = clock(func() { call(count) })
	}
	var samples []float64
	for range 11 {
		samples = append(samples, float64(clock(func() { call(count) }))/float64(count))
	}
	return Result{Value: median(samples), Answer: Sum(sum)}
}

func clock(f func()) time.Duration {
	begin := time.Now()
	f()
	return time.Since(begin)
}

// Memory measures the live heap that fresh leaves behind.
func Memory(fresh func() Graph, units uint64) Result {
	before := heap()
	g := fresh()
	sum := Fold(0, g.Root())
	after := heap()
	runtime.KeepAlive(g)
	return Result{Value: float64(after-before) / float64(units), Units: int(units), Answer: Sum(sum)}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Collection measures a garbage collection.
func Collection(g Graph) Result {
	sum := Fold(0, g.Root())
	runtime.GC()
	var samples []float64
	for range 7 {
		samples = append(samples, float64(clock(runtime.GC)))
	}
	runtime.KeepAlive(g)
	return Result{Value: median(samples), Units: 1, Answer: Sum(sum)}
}

// Spin is a body of 1 ms. It looks at the clock, so that the time that is left
// is the engine's.
func Spin() {
	for begin := time.Now(); time.Since(begin) < time.Millisecond; {
	}
}
