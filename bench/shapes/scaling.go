package shapes

import (
	"sync"
	"time"
)

// turns is how often each of the four things is measured.
const turns = 15

// Scaling compares one and two workers, once with the engine's work and once
// with a plain loop, in turns, so that what the machine does besides is done to
// all alike. Each call does an amount of work that does not depend on the
// number of workers, and returns how long that took.
func Scaling(sum uint64, work, loop func(workers int) time.Duration) Result {
	var work1, work2, loop1, loop2 []float64
	for range turns {
		work1 = append(work1, float64(work(1)))
		loop1 = append(loop1, float64(loop(1)))
		work2 = append(work2, float64(work(2)))
		loop2 = append(loop2, float64(loop(2)))
	}
	ours, plain := median(work1)/median(work2), median(loop1)/median(loop2)
	return Result{Value: ours / plain, Answer: Sum(sum), Extra: map[string]float64{
		"scaling": ours, "scaling of the loop": plain, "ns, one worker": work1[turns/2], "ns, two workers": work2[turns/2],
	}}
}

// hitsEach is what two workers share.
const hitsEach = 200_000

// TwoHitting measures hits by two goroutines. hit calls its worker's key so
// often.
func TwoHitting(hit func(worker, count int) uint64) Result {
	sum := Fold(Fold(0, hit(0, 1)), hit(1, 1))
	return Scaling(sum, Together(func(worker, workers int) { hit(worker, 2*hitsEach/workers) }),
		Together(func(worker, workers int) { Plain(2 * hitsEach / workers) }))
}

// Together runs work in so many goroutines.
func Together(work func(worker, workers int)) func(workers int) time.Duration {
	return func(workers int) time.Duration {
		return clock(func() {
			var wg sync.WaitGroup
			for worker := range workers {
				wg.Go(func() { work(worker, workers) })
			}
			wg.Wait()
		})
	}
}

var sink [16]uint64 // keeps loops from being optimized away

// Plain is a loop that needs nothing but a core.
func Plain(count int) {
	if v := Busy(uint64(count), 8*count); v == 0 {
		sink[0] = v
	}
}

// bodySteps make about 10 microseconds.
const bodySteps = 3_000

// Body is the body of a leaf of bodies.
func Body(key uint64) uint64 { return Busy(key, bodySteps) }

// Busy is work of so many steps.
func Busy(v uint64, steps int) uint64 {
	for range steps {
		v = Mix(v + 1)
	}
	return v
}

// Bodies measures cold runs of n bodies. run does them in a new database, so
// many at a time, and returns how long they took and the root.
func Bodies(n int, run func(workers int) (time.Duration, uint64)) Result {
	_, root := run(1)
	r := Scaling(Fold(0, root), func(workers int) time.Duration {
		took, _ := run(workers)
		return took
	}, Together(func(worker, workers int) {
		for k := worker; k < n; k += workers {
			if Body(uint64(k)) == 0 {
				sink[worker*8] = 1
			}
		}
	}))
	r.Units = n
	return r
}
