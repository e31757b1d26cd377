package flight

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"querygen.dev/runtime/internal/graph"
)

func TestBufferOrder(t *testing.T) {
	var b Buffer
	var hits atomic.Uint64
	var want []graph.Read
	for n := range graph.ID(1000) {
		b.Hit(n+1, 7, &hits)
		b.Add(n+1, 7) // is there
		want = append(want, graph.Read{Node: n + 1, Stamp: 7})
		if n%100 == 50 {
			b.Emit(n)
		}
	}
	if got := b.Reads(); !slices.Equal(got, want) {
		t.Errorf("%d reads, want %d in order", len(got), len(want))
	}
	if got := b.End(); !slices.Equal(got, want) {
		t.Errorf("%d reads at the end, want %d in order", len(got), len(want))
	}
	for _, e := range b.Emitted() {
		if e.At != int(e.Value.(graph.ID))+1 {
			t.Errorf("%v was emitted behind %d reads", e.Value, e.At)
		}
	}
	if b.Hit(1, 7, &hits) || b.Hit(2000, 7, &hits) {
		t.Error("there is a hit after the end")
	}
	b.Add(2000, 7)
	if got := b.End(); len(got) != len(want) {
		t.Errorf("%d reads after the end", len(got))
	}
	if hits.Load() != 1000 {
		t.Errorf("%d hits, want 1000", hits.Load())
	}
}

func TestBufferHits(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(b *Buffer, hits *atomic.Uint64)
		want uint64
	}{
		{"none", func(b *Buffer, hits *atomic.Uint64) { b.Add(1, 1) }, 0},
		{"one", func(b *Buffer, hits *atomic.Uint64) { b.Hit(1, 1, hits) }, 1},
		{"the same", func(b *Buffer, hits *atomic.Uint64) {
			for range 1000 {
				b.Hit(1, 1, hits)
			}
		}, 1000},
		{"over and over", func(b *Buffer, hits *atomic.Uint64) {
			for i := range 10_000 {
				b.Hit(graph.ID(1+i%20), 1, hits)
			}
		}, 10_000},
		{"with others", func(b *Buffer, hits *atomic.Uint64) {
			for i := range 10_000 {
				b.Add(graph.ID(1+i%30), 1)
				b.Hit(graph.ID(1+i%20), 1, hits)
			}
		}, 10_000},
		{"a miss", func(b *Buffer, hits *atomic.Uint64) {
			b.Hit(1, 1, hits)
			b.Hit(2, 1, hits)
			b.Miss()
			b.Add(2, 1)
		}, 1},
		{"in branches", func(b *Buffer, hits *atomic.Uint64) {
			b.Hit(1, 1, hits)
			branches := b.Branch(2)
			for _, s := range branches {
				s.Hit(2, 1, hits)
				s.Hit(3, 1, hits)
			}
			b.Join(branches)
		}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b Buffer
			var hits atomic.Uint64
			test.do(&b, &hits)
			b.End()
			b.End()
			if hits.Load() != test.want {
				t.Errorf("%d hits, want %d", hits.Load(), test.want)
			}
		})
	}
}

// TestBufferJoin joins branches that repeat what was read before: what they emit
// stays behind what it was emitted after.
func TestBufferJoin(t *testing.T) {
	var b Buffer
	b.Add(1, 1)
	b.Add(2, 1)
	branches := b.Branch(2)
	for i, s := range branches {
		s.Emit("first")
		s.Add(2, 1)
		s.Add(graph.ID(10+i), 1)
		s.Emit("last")
	}
	b.Join(branches)
	if got, want := b.End(), []graph.Read{{Node: 1, Stamp: 1}, {Node: 2, Stamp: 1}, {Node: 10, Stamp: 1}, {Node: 11, Stamp: 1}}; !slices.Equal(got, want) {
		t.Errorf("reads %v, want %v", got, want)
	}
	if got, want := b.Emitted(), []Emission{{2, "first"}, {3, "last"}, {3, "first"}, {4, "last"}}; !slices.Equal(got, want) {
		t.Errorf("emitted %v, want %v", got, want)
	}
}

// TestBufferTogether ends a buffer while several goroutines add to it. What was
// recorded is there, what is there was recorded, and each read is seen at once.
func TestBufferTogether(t *testing.T) {
	const workers, each = 4, 600
	for round := range 50 {
		var b Buffer
		var hits, recorded atomic.Uint64
		var wg sync.WaitGroup
		got := make([][]graph.ID, workers)
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					n := graph.ID(1 + w + i*workers)
					if w == 0 {
						n = graph.ID(1 + i%50*workers)
					}
					if !b.Hit(n, 1, &hits) {
						break
					}
					recorded.Add(1)
					got[w] = append(got[w], n)
					if i%100 == 0 && b.All(func(r graph.Read) bool { return r.Node != n }) {
						t.Errorf("node %d was recorded, and is not there", n)
					}
				}
			})
		}
		for b.taken() < round*20 {
			b.All(func(r graph.Read) bool { return r.Stamp == 1 })
		}
		reads := b.End()
		wg.Wait()
		in := map[graph.ID]bool{}
		for _, r := range reads {
			in[r.Node] = true
		}
		for _, list := range got {
			for _, n := range list {
				if !in[n] {
					t.Fatalf("node %d was recorded, and is not there at the end", n)
				}
			}
		}
		if hits.Load() != recorded.Load() {
			t.Fatalf("%d hits were counted of %d", hits.Load(), recorded.Load())
		}
	}
}

func BenchmarkBufferHit(b *testing.B) {
	var hits atomic.Uint64
	for b.Loop() {
		var buf Buffer
		for n := range graph.ID(1000) {
			buf.Hit(n+1, 1, &hits)
		}
	}
}
