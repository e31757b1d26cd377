package scenarios

import (
	"fmt"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// TestIQT20Chain goes through a chain of 100,000 nodes.
func TestIQT20Chain(t *testing.T) {
	n := large(100_000)
	s := newQuiet(t)
	s.update(func(tx *query.Tx) {
		SetIn(tx, 0, 1)
		SetIn(tx, 1, 1)
	})
	steps := []struct {
		name  string
		input int
		value int
		want  int
		runs  int
	}{
		{"run", 0, 1, n, n},
		{"an unrelated change", 1, 5, n, 0},
		{"a change at the far end", 0, 5, n + 4, n},
		{"and back", 0, 1, n, n},
	}
	for _, step := range steps {
		s.set(step.input, step.value)
		before := s.db.Stats().Runs
		start := time.Now()
		equal(t, Chain(s.cx, n-1), step.want)
		t.Logf("%s: %v", step.name, time.Since(start))
		equal(t, s.db.Stats().Runs-before, uint64(step.runs))
	}
}

// TestChainCutOffAtTheEnd verifies a chain of 100,000 nodes after a change that
// ends in its first node.
func TestChainCutOffAtTheEnd(t *testing.T) {
	n := large(100_000)
	s := newQuiet(t)
	s.Sequence("looking", 7, 7)
	equal(t, Pace(s.cx, s.w, n), 7+n)
	s.db.NextGeneration()
	before := s.db.Stats()
	start := time.Now()
	equal(t, Pace(s.cx, s.w, n), 7+n)
	t.Logf("verified in %v", time.Since(start))
	after := s.db.Stats()
	equal(t, after.Runs-before.Runs, 1)
	equal(t, after.Verified-before.Verified, uint64(n+1))
}

// TestIQT21Generations: verifying again and again lengthens nothing.
func TestIQT21Generations(t *testing.T) {
	s := newQuiet(t)
	values := make([]int, 101)
	s.Sequence("looking", values...)
	reads := func() string { return fmt.Sprint(query.Inspect(s.db, PeriodicTask(s.w)).Reads) }
	equal(t, Periodic(s.cx, s.w), 1)
	want := reads()
	for range 100 {
		s.db.NextGeneration()
		equal(t, Periodic(s.cx, s.w), 1)
	}
	equal(t, reads(), want)
	equal(t, query.Inspect(s.db, PeriodicTask(s.w)).RanAt, 1)
	equal(t, query.Inspect(s.db, InTask(0)).Readers, 2)
}

// TestIQT21ChangeAtTheEnd: a change below a chain costs the chain's runs.
func TestIQT21ChangeAtTheEnd(t *testing.T) {
	cost := func(n int) time.Duration {
		s := newQuiet(t)
		best := time.Hour
		Chain(s.cx, n-1)
		for v := 1; v <= 5; v++ {
			s.set(0, v)
			before := s.db.Stats().Runs
			start := cpuTime()
			equal(t, Chain(s.cx, n-1), v+n-1)
			best = min(best, cpuTime()-start)
			equal(t, s.db.Stats().Runs-before, uint64(n))
		}
		return best
	}
	t.Logf("10,000: %v", cost(10_000))
	// Both are too large for the caches; the square would be 16 times as long.
	short, long := cost(large(20_000)), cost(large(80_000))
	t.Logf("20,000: %v, 80,000: %v", short, long)
	if long > 11*short {
		t.Errorf("4 times the chain takes %.1f times as long", float64(long)/float64(short))
	}
}

// TestAHugeListOfReads verifies a node with 200,000 reads, one of which may
// have changed.
func TestAHugeListOfReads(t *testing.T) {
	n := large(200_000)
	s := newQuiet(t)
	start := time.Now()
	equal(t, Wide(s.cx, n), 0)
	t.Logf("run: %v", time.Since(start))
	best := time.Hour
	for i := range 50 {
		s.set(i*n/50, 1) // its half is 0 all the same
		before := s.db.Stats()
		start := time.Now()
		equal(t, Wide(s.cx, n), 0)
		best = min(best, time.Since(start))
		after := s.db.Stats()
		equal(t, after.Runs-before.Runs, 1)
		equal(t, after.Hits-before.Hits, 2) // the input, by the body that ran; and the root
		equal(t, after.Verified-before.Verified, 0)
	}
	t.Logf("verified: %v", best)
	// To look at 200,000 reads takes more than this.
	if best > 200*time.Microsecond {
		t.Errorf("verified in %v", best)
	}
	s.set(n-1, 2)
	equal(t, Wide(s.cx, n), 1)
}

// large returns n, or less of it where everything takes longer.
func large(n int) int {
	if race || testing.Short() {
		return n / 10
	}
	return n
}

// newQuiet is newScene without a log: events are not free.
func newQuiet(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, w: World(fmt.Sprint("w", scenes.Add(1))), db: query.New(query.Options{})}
	s.Outside = Open(s.w, func(msg string) { t.Error(msg) })
	s.cx = s.db.Context(t.Context())
	t.Cleanup(func() {
		s.db.Close()
		s.w.Close()
	})
	return s
}
