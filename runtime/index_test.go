package runtime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// A slotted index knows which slots it has.
type slotted[K comparable] struct {
	index[K, int]
	free []uint32
}

// put makes a cell for a key that is not there.
func (x *slotted[K]) put(k K) (slot uint32) {
	slot = uint32(x.cells.Len())
	if last := len(x.free) - 1; last >= 0 {
		slot, x.free = x.free[last], x.free[:last]
	}
	x.Store(slot, &cell[K, int]{key: k})
	return slot
}

func (x *slotted[K]) Delete(slot uint32) {
	x.index.Delete(slot)
	x.free = append(x.free, slot)
}

func newIndex[K comparable]() *slotted[K] {
	x := new(slotted[K])
	x.init()
	return x
}

// testIndex puts keys in, takes some away and puts others in their slots.
func testIndex[K comparable](t *testing.T, key func(i int) K) {
	const n = 5000
	x, slots := newIndex[K](), map[K]uint32{}
	check := func(i int) {
		t.Helper()
		slot, there := slots[key(i)]
		c, ok := x.Load(key(i))
		if ok != there || there && (c.key != key(i) || c != x.at(slot)) {
			t.Fatalf("key %v: found %v, want %v", key(i), ok, there)
		}
	}
	for i := range n {
		check(i)
		slots[key(i)] = x.put(key(i))
		check(i)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 4 * n {
		if i := r.IntN(2 * n); r.IntN(2) == 0 {
			if slot, ok := slots[key(i)]; ok {
				x.Delete(slot)
				delete(slots, key(i))
			}
		} else if _, ok := slots[key(i)]; !ok {
			slots[key(i)] = x.put(key(i))
		}
	}
	for i := range 2 * n {
		check(i)
	}
	if size, most := len(x.places.Load().list), 4*n; size > most {
		t.Errorf("%d places for %d keys", size, len(slots))
	}
}

type indexedID uint32

func TestIndex(t *testing.T) {
	t.Run("int", func(t *testing.T) { testIndex(t, func(i int) int { return i - 100 }) })
	t.Run("named", func(t *testing.T) { testIndex(t, func(i int) indexedID { return indexedID(i) }) })
	t.Run("stride", func(t *testing.T) { testIndex(t, func(i int) uint64 { return uint64(i) << 48 }) })
	t.Run("stride32", func(t *testing.T) { testIndex(t, func(i int) uint32 { return uint32(i) << 18 }) })
	t.Run("mirrored", func(t *testing.T) { testIndex(t, func(i int) uint64 { return uint64(i)<<32 | uint64(i) }) })
	t.Run("string", func(t *testing.T) { testIndex(t, func(i int) string { return fmt.Sprint(i) }) })
	t.Run("struct", func(t *testing.T) {
		type key struct {
			name string
			n    int
		}
		testIndex(t, func(i int) key { return key{fmt.Sprint(i % 7), i} })
	})
	t.Run("float", func(t *testing.T) { testIndex(t, func(i int) float64 { return float64(i) / 3 }) })
}

// TestIndexOddKeys looks for keys that == has its own mind about.
func TestIndexOddKeys(t *testing.T) {
	x := newIndex[float64]()
	x.put(0)
	if _, ok := x.Load(math.Copysign(0, -1)); !ok {
		t.Error("-0 is not 0")
	}
	for range 100 {
		x.put(math.NaN())
		if _, ok := x.Load(math.NaN()); ok {
			t.Fatal("NaN was found")
		}
	}
	none := newIndex[struct{}]()
	none.put(struct{}{})
	if _, ok := none.Load(struct{}{}); !ok {
		t.Error("the key of a query without arguments was not found")
	}
}

// TestIndexSpread looks at how far from home keys are, in the patterns that
// integers have in programs.
func TestIndexSpread(t *testing.T) {
	for name, key := range map[string]func(i uint64) uint64{
		"dense":     func(i uint64) uint64 { return i },
		"by 1000":   func(i uint64) uint64 { return i * 1000 },
		"by 4096":   func(i uint64) uint64 { return i << 12 },
		"by 2^32":   func(i uint64) uint64 { return i << 32 },
		"a grid":    func(i uint64) uint64 { return i/300<<32 | i%300 },
		"pointers":  func(i uint64) uint64 { return 0xc000000000 + i*48 },
		"at random": func(i uint64) uint64 { return rand.New(rand.NewPCG(i, i)).Uint64() },
	} {
		x := newIndex[uint64]()
		const n = 90_000
		for i := range uint64(n) {
			x.put(key(i))
		}
		p := x.places.Load()
		steps := uint32(0)
		for i := range uint64(n) {
			at, tag := p.home(x.hash(key(i)))
			last := uint32(len(p.list) - 1)
			for ; ; at++ {
				if slot := p.list[at&last].Load() ^ tag; slot <= last && x.at(slot-1).key == key(i) {
					break
				}
				steps++
			}
		}
		t.Logf("%s: %.2f steps", name, float64(steps)/n)
		if steps > 8*n {
			t.Errorf("%s: keys are %.1f places from home", name, float64(steps)/n)
		}
	}
}

// TestIndexReaders has readers look for keys that are always there while others
// come and go, and the table is made anew.
func TestIndexReaders(t *testing.T) {
	x := newIndex[int]()
	const stay, rounds = 100, 50
	for i := range stay {
		x.put(i)
	}
	var over atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !over.Load() {
				for i := range stay {
					if c, ok := x.Load(i); !ok || c.key != i {
						t.Errorf("key %d was not found", i)
						return
					}
				}
				for i := stay; i < 10*stay; i++ { // perhaps
					if c, ok := x.Load(i); ok && c.key != i {
						t.Errorf("key %d was found for %d", c.key, i)
						return
					}
				}
			}
		})
	}
	for round := range rounds {
		var slots []uint32
		for i := range stay + round*20 {
			slots = append(slots, x.put(stay+i))
		}
		for _, slot := range slots {
			x.Delete(slot)
		}
	}
	over.Store(true)
	wg.Wait()
}

// BenchmarkIndex looks keys up, one after the other, among few and many.
func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{100, 1_000_000} {
		x := newIndex[int]()
		for i := range n {
			x.put(i)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				x.Load(i)
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}
