package graph

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// A disk holds an image.
type disk struct {
	head  Head
	pages [Parts][][]byte
}

func same(table uint32) uint32 { return table }

// save writes what has changed.
func (d *disk) save(g *Graph) {
	d.head = g.Head()
	for p := range Parts {
		d.pages[p] = slices.Grow(d.pages[p], d.head.Pages(p))[:d.head.Pages(p)]
	}
	g.Changed(func(p Part, page int) { d.pages[p][page] = g.AppendPage(nil, p, page, same) })
	g.Saved()
}

func (d *disk) load(t *testing.T) *Graph {
	t.Helper()
	g, err := FromImage(d.head)
	if err != nil {
		t.Fatal(err)
	}
	for p := range Parts {
		for i, data := range d.pages[p] {
			if err := g.SetPage(p, i, data, same); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := g.Loaded(); err != nil {
		t.Fatal(err)
	}
	g.Track()
	return g
}

// What is saved bit by bit, only what has changed, is what all of it would be; and a
// graph that was loaded goes on like the one that was saved.
func TestImage(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 1))
		g, d := New(), &disk{}
		g.Track()
		g.UnsavedAll()
		for i := range 3000 {
			run(g, g.Add(uint32(i%3)))
		}
		for round := range 30_000 {
			step(g, r)
			if r.IntN(100) > 0 {
				continue
			}
			d.save(g)
			for p := range Parts {
				for i, data := range d.pages[p] {
					if !bytes.Equal(data, g.AppendPage(nil, p, i, same)) {
						t.Fatalf("seed %d, round %d: page %d of part %d has changed, and was not saved", seed, round, i, p)
					}
				}
			}
			if r.IntN(3) == 0 {
				lives, dead := g.lives, g.dead
				if g = d.load(t); g.lives != lives || g.dead != dead {
					t.Fatalf("seed %d, round %d: %d nodes, %d dead edges; want %d, %d", seed, round, g.lives, g.dead, lives, dead)
				}
			}
			if err := g.Check(); err != nil {
				t.Fatalf("seed %d, round %d: %v", seed, round, err)
			}
		}
	}
}

// step does something to a random node. Nodes read only what has a lower number.
func step(g *Graph, r *rand.Rand) {
	n := ID(1 + r.IntN(g.Nodes()))
	if !g.Has(n) {
		g.Add(0)
		return
	}
	switch r.IntN(7) {
	case 0, 1:
		var children []ID
		for range r.IntN(5) {
			if c := ID(1 + r.IntN(int(n))); c != n && g.Has(c) {
				children = append(children, c)
			}
		}
		g.Demand(n)
		run(g, n, children...)
	case 2:
		g.Demand(n)
	case 3:
		if g.State(n).Kind() == Dirty && !slices.ContainsFunc(g.Records(n, nil), func(r Record) bool {
			return g.State(r.Child).Kind() != Clean
		}) {
			g.Verified(n, NewView(1), g.Records(n, nil))
		}
	case 4:
		g.Spoil(n)
		g.NoteVerified(n, g.Times(n).Verified+1)
	case 5:
		if !g.AnyReader(n, func(ID) bool { return true }) {
			g.Free(n)
		}
	case 6:
		g.AnyReader(n, func(ID) bool { return false })
	}
}

// A page that refers to what is not there is an error.
func TestImageOutOfBounds(t *testing.T) {
	g, d := New(), &disk{}
	g.Track()
	a, b := g.Add(0), g.Add(0)
	run(g, a)
	run(g, b, a)
	g.Mark(a, 1)
	d.save(g)
	for p := range Blocks {
		size := parts[p].bytes
		for at := 0; at < size; at += 4 {
			if p == Nodes && (at < 8 || at >= 24) || p == Records && at == 4 {
				continue // states, stamps and times may be anything
			}
			h, err := FromImage(d.head)
			if err != nil {
				t.Fatal(err)
			}
			bad := slices.Clone(d.pages[p][0])
			le.PutUint32(bad[at:], 1<<30)
			if err := h.SetPage(p, 0, bad, same); err == nil {
				t.Errorf("part %d: number %d is 1<<30, and nobody minds", p, at/4)
			}
		}
	}
}
