package graph

import (
	"math/rand/v2"
	"testing"
)

// Tables share the numbers, and each has slots of its own, without gaps; a number
// that is free again goes to its table.
func TestPlaces(t *testing.T) {
	g := New()
	type place struct{ table, slot uint32 }
	tables := []uint32{NoTable, 0, 1, 7}
	slots, there, gone := map[uint32]uint32{}, map[ID]place{}, map[place]ID{}
	first := g.Add(NoTable)
	slots[NoTable], there[first] = 2, place{NoTable, 1} // node 0 has the first slot
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		if r.IntN(4) == 0 {
			for n, p := range there { // any
				g.Free(n)
				delete(there, n)
				gone[p] = n
				break
			}
			continue
		}
		table := tables[r.IntN(len(tables))]
		free := 0
		for p := range gone {
			if p.table == table {
				free++
			}
		}
		n := g.Add(table)
		at, slot := g.Place(n)
		p := place{table, slot}
		switch _, taken := there[n]; {
		case n == 0 || taken || at != table || !g.Has(n) || g.State(n) != Never:
			t.Fatalf("node %d of table %d is at %d of table %d", n, table, slot, at)
		case free > 0:
			if gone[p] != n {
				t.Fatalf("node %d is at slot %d, which was not free", n, slot)
			}
			delete(gone, p)
		case slot != slots[table]:
			t.Fatalf("slot %d of table %d comes before slot %d", slot, table, slots[table])
		default:
			slots[table]++
		}
		there[n] = p
	}
	if g.Live() != len(there) {
		t.Errorf("%d nodes are there, want %d", g.Live(), len(there))
	}
	for n := range ID(g.Nodes() + 1) {
		if _, ok := there[n]; ok != g.Has(n) {
			t.Errorf("node %d is there: %v", n, g.Has(n))
		}
	}
	if err := g.Check(); err != nil {
		t.Error(err)
	}
}

// The revisions of a node are what was noted, whether its group has lags or not.
func TestTimes(t *testing.T) {
	g := New()
	want := map[ID]Times{}
	for range 3 * sideGroup {
		want[g.Add(0)] = Times{}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for now := Moment(1); now < 5000; now++ {
		n := ID(1 + r.IntN(len(want)))
		w, kind := want[n], r.IntN(4)
		if n <= sideGroup && kind != 3 { // there are groups without lags
			kind = 0
		}
		switch kind {
		case 0:
			w = Times{now, now, now}
			g.NoteRun(n, now, true)
		case 1:
			w.Ran, w.Verified = now, now
			g.NoteRun(n, now, false)
		case 2:
			w.Verified = now
			g.NoteVerified(n, now)
		case 3:
			if n <= sideGroup {
				continue
			}
			w.Verified, w.Changed = now, now
			g.NoteSet(n, now)
			if r.IntN(2) == 0 {
				w.Changed = now - 1
				g.NoteChanged(n, now-1)
			}
		}
		want[n] = w
	}
	for n, w := range want {
		if got := g.Times(n); got != w {
			t.Fatalf("node %d: %v, want %v", n, got, w)
		}
	}
	if g.lags.get(1) != nil || g.lags.get(2*sideGroup) == nil {
		t.Error("groups have room that they don't need, or none")
	}
	n := ID(2 * sideGroup)
	g.Free(n)
	if got := g.Times(n); got != (Times{}) {
		t.Errorf("what has gone has %v", got)
	}
}

// What a search has marked stays marked, however many nodes it meets, and so does
// what a Climb has found.
func TestMarks(t *testing.T) {
	g := New()
	c := &Climb{g: g, aside: &closed{}, under: g.nextSerial(), seen: g.nextSerial()}
	g.climbs = append(g.climbs, c)
	for n := ID(1); n <= 100; n++ {
		g.setMark(n, c.under)
		if n > 50 {
			g.setMark(n, c.seen)
		}
	}
	for range 50 {
		a, b := g.nextSerial(), g.nextSerial()
		for n := ID(101); n <= 1000; n++ {
			if n%2 == 0 {
				g.setMark(n, a)
			}
			g.setMark(n, b)
			if n%3 == 0 {
				g.setMark(n, a)
			}
		}
		for n := ID(1); n <= 1100; n++ {
			want := b
			switch {
			case n <= 50:
				want = c.under
			case n <= 100:
				want = c.seen
			case n > 1000:
				want = 0
			case n%3 == 0:
				want = a
			}
			if got := g.mark(n); got != want {
				t.Fatalf("node %d has mark %d, want %d", n, got, want)
			}
		}
	}
	if size := len(g.marks.list); size > 8*1000 {
		t.Errorf("%d places for 1000 marks", size)
	}
	g.serial = ^uint32(0)
	if s := g.nextSerial(); s != 1 || g.mark(5) != 0 {
		t.Errorf("serial %d, mark %d", s, g.mark(5))
	}
}

func TestDistinct(t *testing.T) {
	g := New()
	for range 1000 {
		g.Add(0)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var reads, want []Read
		met := map[ID]bool{}
		for range r.IntN(60) {
			read := Read{ID(1 + r.IntN(50)), r.Uint32()}
			reads = append(reads, read)
			if !met[read.Node] {
				met[read.Node] = true
				want = append(want, read)
			}
		}
		got := g.distinct(reads)
		if len(got) != len(want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%v, want %v", got, want)
			}
		}
	}
}
