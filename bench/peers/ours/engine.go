package ours

import (
	"context"
	"time"

	"querygen.dev/bench/shapes"
	query "querygen.dev/runtime"
)

// Engine measures this module's engine.
var Engine = shapes.Engine{
	"hit.task":   hitTask,
	"hit.key":    hitKey,
	"hit.inside": hitInside,
	"two.different": func(int) shapes.Result {
		return twoHitting(func(worker int) uint32 { return uint32(worker) })
	},
	"two.same": func(int) shapes.Result { return twoHitting(func(int) uint32 { return 0 }) },
	"first": func(n int) shapes.Result {
		return shapes.First(func() shapes.Graph { return layered(n, 1) }, shapes.NewLayered(n, 1).Nodes())
	},
	"unrelated": func(n int) shapes.Result {
		return shapes.Edits(layered(n, 1), layers.Inputs(), shapes.Deep, 1)
	},
	"cutoff": func(n int) shapes.Result { return shapes.Edits(layered(n, 1), 0, shapes.Cut, 1) },
	"cutoff.slow": func(n int) shapes.Result {
		slow = true
		return shapes.Edits(layered(n, 1), 0, shapes.Cut, 1)
	},
	"cutoff.aside": func(n int) shapes.Result {
		g := layered(n, 2)
		return shapes.Aside(g, layers.Width)
	},
	"propagate": func(n int) shapes.Result {
		g := layered(n, 1)
		return shapes.Edits(g, 0, shapes.Deep, layers.Affected(0))
	},
	"fan.cutoff":   func(n int) shapes.Result { return shapes.Edits(sized(n, n, Fan), 0, shapes.Cut, 1) },
	"fan.direct":   func(n int) shapes.Result { return shapes.Edits(sized(n, n, Direct), 0, shapes.Deep, size) },
	"chain.first":  chainFirst,
	"chain.cutoff": func(n int) shapes.Result { return shapes.Edits(sized(n, 1, chain), 0, shapes.Cut, size) },
	"chain.verify": func(n int) shapes.Result { return shapes.Edits(outside{sized(n, 0, chainTied)}, 0, shapes.World, size) },
	"chain.rerun":  func(n int) shapes.Result { return shapes.Edits(sized(n, 1, chain), 0, shapes.Deep, size) },
	"leaves.same":  func(n int) shapes.Result { return shapes.Edits(outside{sized(n, 0, Forest)}, 0, shapes.World, size) },
	"leaves.changed": func(n int) shapes.Result {
		return shapes.Edits(outside{sized(n, 0, Forest)}, 0, shapes.Moved, size)
	},
	"ladder":  func(n int) shapes.Result { return shapes.Edits(sized(n, 1, ladder), 0, shapes.Deep, size) },
	"dynamic": steps,
	"memory": func(n int) shapes.Result {
		return shapes.Memory(func() shapes.Graph { return layered(n, 1) }, shapes.NewLayered(n, 1).Nodes())
	},
	"gc":     func(n int) shapes.Result { return shapes.Collection(layered(n, 1)) },
	"bodies": coldBodies,
}

// A graph is a database with a root.
type graph struct {
	db   *query.DB
	cx   *query.Context
	root func(*query.Context) uint64
}

// newGraph returns a database in which so many inputs are set.
func newGraph(inputs uint64, root func(*query.Context) uint64) graph {
	db := query.New(query.Options{})
	must(db.Update(func(tx *query.Tx) error {
		for i := range inputs {
			SetSource(tx, i, shapes.Initial(i))
		}
		return nil
	}))
	return graph{db, db.Context(context.Background()), root}
}

func (g graph) Root() uint64 { return g.root(g.cx) }

func (g graph) Set(input, value uint64) {
	must(g.db.Update(func(tx *query.Tx) error { SetSource(tx, input, value); return nil }))
}

func (g graph) SetAll(inputs []uint64, value func(input uint64) uint64) {
	must(g.db.Update(func(tx *query.Tx) error {
		for _, input := range inputs {
			SetSource(tx, input, value(input))
		}
		return nil
	}))
}

// Other demands the root of a second layered graph.
func (g graph) Other() uint64 { return Top(g.cx, 1) }

func layered(n, graphs int) graph {
	layers = shapes.NewLayered(n, graphs)
	return newGraph(layers.Inputs()+1, func(cx *query.Context) uint64 { return Top(cx, 0) })
}

// sized is any other graph.
func sized(n, inputs int, root func(*query.Context) uint64) graph {
	size = uint64(n)
	return newGraph(uint64(inputs), root)
}

// outside is a graph in which not the inputs but the outside world is set.
type outside struct{ graph }

func (g outside) Set(_, value uint64) {
	world = value
	g.db.NextGeneration()
}

func chain(cx *query.Context) uint64     { return Link(cx, size-1) }
func chainTied(cx *query.Context) uint64 { return Tied(cx, size-1) }
func ladder(cx *query.Context) uint64    { return Rung(cx, size/3*3-1) }

func chainFirst(n int) shapes.Result {
	return shapes.First(func() shapes.Graph { return sized(n, 1, chain) }, uint64(n))
}

func steps(n int) shapes.Result {
	dynamic = shapes.NewDynamic(n)
	return shapes.Steps(newGraph(dynamic.Inputs(), Choices), dynamic)
}

func hitTask(int) shapes.Result {
	g, t := newGraph(0, nil), HotTask(shapes.HitKey)
	return shapes.Hits(func(count int) (v uint64) {
		for range count {
			v, _ = t.Get(g.cx)
		}
		return v
	})
}

func hitKey(int) shapes.Result {
	g := newGraph(0, nil)
	return shapes.Hits(func(count int) (v uint64) {
		for range count {
			v = Hot(g.cx, shapes.HitKey)
		}
		return v
	})
}

func hitInside(int) shapes.Result {
	g := newGraph(0, nil)
	return shapes.Inside(func(round int) (time.Duration, uint64) {
		root := Inside(g.cx, uint32(round))
		return insideTook, root
	})
}

func twoHitting(key func(worker int) uint32) shapes.Result {
	g := newGraph(0, nil)
	return shapes.TwoHitting(func(worker, count int) (v uint64) {
		cx, k := g.db.Context(context.Background()), key(worker)
		for range count {
			v = Hot(cx, k)
		}
		return v
	})
}

func coldBodies(n int) shapes.Result {
	size = uint64(n)
	return shapes.Bodies(n, func(workers int) (time.Duration, uint64) {
		db := query.New(query.Options{Parallelism: workers})
		defer db.Close()
		begin := time.Now()
		root, err := Bodies(db.Context(context.Background()))
		must(err)
		return time.Since(begin), root
	})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
