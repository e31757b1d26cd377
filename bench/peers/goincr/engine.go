package goincr

import (
	"context"
	"time"

	"github.com/wcharczuk/go-incr"

	"querygen.dev/bench/shapes"
)

// Engine measures it.
var Engine = shapes.Engine{
	"hit.task":      hitObserver,
	"hit.key":       noKeys,
	"hit.inside":    noKeys,
	"two.different": noKeys,
	"two.same":      noKeys,
	"first": func(n int) shapes.Result {
		return shapes.First(func() shapes.Graph { return lazily(func() *graph { return newLayered(n, 1, false) }) }, shapes.NewLayered(n, 1).Nodes())
	},
	"unrelated": func(n int) shapes.Result {
		return shapes.Edits(newLayered(n, 1, false), shapes.NewLayered(n, 1).Inputs(), shapes.Deep, 1)
	},
	"cutoff":       func(n int) shapes.Result { return shapes.Edits(newLayered(n, 1, false), 0, shapes.Cut, 1) },
	"cutoff.slow":  func(n int) shapes.Result { return shapes.Edits(newLayered(n, 1, true), 0, shapes.Cut, 1) },
	"cutoff.aside": func(n int) shapes.Result { return shapes.Aside(newLayered(n, 2, false), shapes.NewLayered(n, 2).Width) },
	"propagate": func(n int) shapes.Result {
		return shapes.Edits(newLayered(n, 1, false), 0, shapes.Deep, shapes.NewLayered(n, 1).Affected(0))
	},
	"fan.cutoff": func(n int) shapes.Result { return shapes.Edits(newFan(n), 0, shapes.Cut, 1) },
	"fan.direct": func(n int) shapes.Result { return shapes.Edits(newDirect(n), 0, shapes.Deep, uint64(n)) },
	"chain.first": func(n int) shapes.Result {
		return shapes.First(func() shapes.Graph { return lazily(func() *graph { return newChain(n) }) }, uint64(n))
	},
	"chain.cutoff":   func(n int) shapes.Result { return shapes.Edits(grownChain(n), 0, shapes.Cut, uint64(n)) },
	"chain.verify":   func(n int) shapes.Result { return shapes.Edits(newTied(n), 0, shapes.World, uint64(n)) },
	"chain.rerun":    func(n int) shapes.Result { return shapes.Edits(grownChain(n), 0, shapes.Deep, uint64(n)) },
	"leaves.same":    func(n int) shapes.Result { return shapes.Edits(newForest(n), 0, shapes.World, uint64(n)) },
	"leaves.changed": func(n int) shapes.Result { return shapes.Edits(newForest(n), 0, shapes.Moved, uint64(n)) },
	"ladder":         func(n int) shapes.Result { return shapes.Edits(newLadder(n), 0, shapes.Deep, uint64(n)) },
	"dynamic": func(n int) shapes.Result {
		d := shapes.NewDynamic(n)
		return shapes.Steps(newDynamic(d), d)
	},
	"memory": func(n int) shapes.Result {
		return shapes.Memory(func() shapes.Graph { return newLayered(n, 1, false) }, shapes.NewLayered(n, 1).Nodes())
	},
	"gc":     func(n int) shapes.Result { return shapes.Collection(newLayered(n, 1, false)) },
	"bodies": bodies,
}

func noKeys(int) shapes.Result { return shapes.Cannot("has no keys and no demand") }

// A lazy graph is built at the first demand: building it is what a first run is
// elsewhere.
type lazy struct {
	build func() *graph
	*graph
}

func lazily(build func() *graph) shapes.Graph { return &lazy{build: build} }

func (l *lazy) Root() uint64 {
	l.graph = l.build()
	return l.graph.Root()
}

func hitObserver(int) shapes.Result {
	g := newGraph(shapes.HitKey+1, 4)
	g.observe(g.half(shapes.HitKey, shapes.HitKey, false))
	g.Root()
	return shapes.Hits(func(count int) (v uint64) {
		for range count {
			v = g.roots[0].Value()
		}
		return v
	})
}

// An outside graph has leaves that look at the world. Nothing in this library
// is due in each generation, so they are marked one by one.
type outside struct {
	*graph
	world  uint64
	leaves []value
}

func (g *outside) Set(_, v uint64) {
	g.world = v
	for _, l := range g.leaves {
		g.g.SetStale(l)
	}
}

// look adds a leaf.
func (g *outside) look(f func() uint64) value {
	leaf := incr.Func(g.g, func(context.Context) (uint64, error) { return f(), nil })
	g.leaves = append(g.leaves, leaf)
	return g.cut(leaf)
}

func newForest(n int) *outside {
	g := &outside{graph: newGraph(0, 4)}
	tops := make([]value, n)
	for k := range uint64(n) {
		tops[k] = g.look(func() uint64 { return shapes.Leaf(k, g.world) })
	}
	g.observe(g.fold(tops))
	return g
}

func newTied(n int) *outside {
	g := &outside{graph: newGraph(0, n+2)}
	g.grown(g.look(func() uint64 { return shapes.Half(0, shapes.Initial(0)) }), n)
	return g
}

func bodies(n int) shapes.Result {
	return shapes.Bodies(n, func(workers int) (time.Duration, uint64) {
		begin := time.Now()
		g := newGraph(0, 4, incr.OptGraphParallelism(workers))
		leaves := make([]value, n)
		for k := range uint64(n) {
			leaves[k] = incr.Func(g.g, func(context.Context) (uint64, error) { return shapes.Body(k), nil })
		}
		g.observe(g.fold(leaves))
		if err := g.g.ParallelStabilize(context.Background()); err != nil {
			panic(err)
		}
		return time.Since(begin), g.roots[0].Value()
	})
}
