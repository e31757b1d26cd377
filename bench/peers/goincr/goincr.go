// Package goincr measures github.com/wcharczuk/go-incr. Its graphs are built
// before they are computed: there are no keys and no demand, what is observed
// is kept up to date. So a first run is the building and the first
// stabilization, and a hit is a look at an observer.
package goincr

import (
	"context"

	"github.com/wcharczuk/go-incr"

	"querygen.dev/bench/shapes"
)

// A graph is a go-incr graph with its inputs and what is observed.
type graph struct {
	g      *incr.Graph
	inputs []incr.VarIncr[uint64]
	roots  []incr.ObserveIncr[uint64]
}

type value = incr.Incr[uint64]

func newGraph(inputs uint64, height int, opts ...incr.GraphOption) *graph {
	g := &graph{g: incr.New(append(opts, incr.OptGraphMaxHeight(height+16))...)}
	for i := range inputs {
		g.inputs = append(g.inputs, incr.Var(g.g, shapes.Initial(i)))
	}
	return g
}

func (g *graph) observe(v value) { g.roots = append(g.roots, incr.MustObserve(g.g, v)) }

func (g *graph) Set(input, v uint64) { g.inputs[input].Set(v) }

func (g *graph) SetAll(inputs []uint64, value func(input uint64) uint64) {
	for _, input := range inputs {
		g.Set(input, value(input))
	}
}

// Root brings everything that is observed up to date.
func (g *graph) Root() uint64 {
	if err := g.g.Stabilize(context.Background()); err != nil {
		panic(err)
	}
	return g.roots[0].Value()
}

// Other is up to date with the first root.
func (g *graph) Other() uint64 { return g.roots[1].Value() }

// half is a leaf over an input. It is a node that runs and a node that cuts
// off: in this library not every node does.
func (g *graph) half(key, input uint64, slow bool) value {
	leaf := incr.Map(g.g, value(g.inputs[input]), func(v uint64) uint64 {
		if slow {
			shapes.Spin()
		}
		return shapes.Half(key, v)
	})
	return g.cut(leaf)
}

func (g *graph) cut(v value) value {
	return incr.Cutoff(g.g, v, func(old, now uint64) bool { return old == now })
}

func (g *graph) fold(leaves []value) value {
	return incr.MapN(g.g, func(values ...uint64) uint64 {
		var root uint64
		for _, v := range values {
			root = shapes.Fold(root, v)
		}
		return root
	}, leaves...)
}

func newLayered(n, graphs int, slow bool) *graph {
	l := shapes.NewLayered(n, graphs)
	g := newGraph(l.Inputs()+1, int(l.Layers)+3)
	nodes := make([]value, l.Nodes())
	for k := range l.Nodes() {
		if input, ok := l.Input(k); ok {
			nodes[k] = g.half(k, input, slow)
			continue
		}
		a, b, c := l.Reads(k)
		nodes[k] = incr.Map3(g.g, nodes[a], nodes[b], nodes[c], func(a, b, c uint64) uint64 {
			return shapes.Combine(k, a, b, c)
		})
	}
	for i := range uint64(graphs) {
		from, to := l.Top(i)
		g.observe(g.fold(nodes[from:to]))
	}
	return g
}

func newFan(n int) *graph {
	g := newGraph(uint64(n), 4)
	leaves := make([]value, n)
	for k := range uint64(n) {
		leaves[k] = g.half(k, k, false)
	}
	g.observe(g.fold(leaves))
	return g
}

func newDirect(n int) *graph {
	g := newGraph(uint64(n), 4)
	leaves := make([]value, n)
	for k := range leaves {
		leaves[k] = g.inputs[k]
	}
	g.observe(g.fold(leaves))
	return g
}

// chain is a chain over a first node.
func (g *graph) chain(first value, n int) *graph {
	v := first
	for k := uint64(1); k < uint64(n); k++ {
		v = g.link(k, v)
	}
	g.observe(v)
	return g
}

// grown is a chain that is brought up to date after each node. To do that at
// the end takes time that is quadratic in its length: the search for the next
// node to compute begins with the lowest height.
func (g *graph) grown(first value, n int) *graph {
	v := first
	g.observe(v)
	for k := uint64(1); k < uint64(n); k++ {
		v = g.link(k, v)
		below := g.roots[0]
		g.roots = g.roots[:0]
		g.observe(v)
		below.Unobserve(context.Background())
		g.Root()
	}
	return g
}

func (g *graph) link(key uint64, below value) value {
	return incr.Map(g.g, below, func(below uint64) uint64 { return shapes.Link(key, below) })
}

func newChain(n int) *graph {
	g := newGraph(1, n+2)
	return g.chain(g.half(0, 0, false), n)
}

func grownChain(n int) *graph {
	g := newGraph(1, n+2)
	return g.grown(g.half(0, 0, false), n)
}

func newLadder(n int) *graph {
	g := newGraph(1, n+4)
	v := g.half(0, 0, false)
	for k := range uint64(n / 3) {
		left := incr.Map(g.g, v, func(v uint64) uint64 { return shapes.Mix(v + 3*k + shapes.Left) })
		right := incr.Map(g.g, v, func(v uint64) uint64 { return shapes.Mix(v + 3*k + shapes.Right) })
		v = incr.Map2(g.g, left, right, shapes.Fold)
	}
	g.observe(v)
	return g
}

// newDynamic has a Bind in each node, for the reads that depend on a value.
func newDynamic(d shapes.Dynamic) *graph {
	g := newGraph(d.Inputs(), int(d.Layers)*8)
	nodes := make([]value, d.Nodes())
	for k := range d.Nodes() {
		if input, ok := d.Input(k); ok {
			nodes[k] = g.cut(incr.Map(g.g, value(g.inputs[input]), shapes.DynamicInput))
			continue
		}
		node := incr.Bind(g.g, nodes[k-d.Width], func(bs incr.Scope, column uint64) value {
			a, b := d.Others(k, column)
			return incr.Map2(bs, nodes[a], nodes[b], func(a, b uint64) uint64 {
				return shapes.DynamicCombine(k, column, a, b)
			})
		})
		nodes[k] = g.cut(node)
	}
	from, to := d.Top(0)
	g.observe(g.fold(nodes[from:to]))
	return g
}
