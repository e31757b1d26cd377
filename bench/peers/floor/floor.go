// Package floor measures what a Go program does without an engine: results in a
// sync.Map, and singleflight for those in progress. It forgets nothing and
// follows no change, so it has only the shapes without edits.
package floor

import (
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"querygen.dev/bench/shapes"
)

// A memo remembers what a function has returned.
type memo struct {
	done   sync.Map
	flight singleflight.Group
	body   func(key uint64) uint64
}

func (m *memo) get(key uint64) uint64 {
	if v, ok := m.done.Load(key); ok {
		return v.(uint64)
	}
	v, _, _ := m.flight.Do(strconv.FormatUint(key, 36), func() (any, error) {
		if v, ok := m.done.Load(key); ok { // it ended between our look and our flight
			return v, nil
		}
		v := m.body(key)
		m.done.Store(key, v)
		return v, nil
	})
	return v.(uint64)
}

// Engine measures it.
var Engine = shapes.Engine{
	"hit.key":    hitKey,
	"hit.inside": hitInside,
	"two.different": func(int) shapes.Result {
		return twoHitting(func(worker int) uint64 { return uint64(worker) })
	},
	"two.same": func(int) shapes.Result { return twoHitting(func(int) uint64 { return 0 }) },
	"first": func(n int) shapes.Result {
		return shapes.First(func() shapes.Graph { return newLayered(n) }, shapes.NewLayered(n, 1).Nodes())
	},
	"memory": func(n int) shapes.Result {
		return shapes.Memory(func() shapes.Graph { return newLayered(n) }, shapes.NewLayered(n, 1).Nodes())
	},
	"gc":          func(n int) shapes.Result { return shapes.Collection(newLayered(n)) },
	"chain.first": func(n int) shapes.Result { return shapes.First(func() shapes.Graph { return newChain(n) }, uint64(n)) },
	"bodies":      bodies,
}

func init() {
	for _, s := range shapes.All {
		if Engine[s.Name] == nil {
			Engine[s.Name] = func(int) shapes.Result { return shapes.Cannot("follows no change") }
		}
	}
	Engine["hit.task"] = func(int) shapes.Result { return shapes.Cannot("has only keys") }
}

// A graph has no Set: nothing follows from one.
type graph struct{ root func() uint64 }

func (g graph) Root() uint64  { return g.root() }
func (graph) Set(_, _ uint64) { panic("a memo has no inputs") }
func newHot() *memo           { return &memo{body: hot} }
func hot(key uint64) uint64   { return shapes.Half(key, shapes.Initial(key)) }
func (m *memo) hits(k uint64, count int) (v uint64) {
	for range count {
		v = m.get(k)
	}
	return v
}

func newLayered(n int) shapes.Graph {
	l, m := shapes.NewLayered(n, 1), &memo{}
	m.body = func(key uint64) uint64 {
		if input, ok := l.Input(key); ok {
			return shapes.Half(key, shapes.Initial(input))
		}
		a, b, c := l.Reads(key)
		return shapes.Combine(key, m.get(a), m.get(b), m.get(c))
	}
	return graph{func() (root uint64) {
		for k, to := l.Top(0); k < to; k++ {
			root = shapes.Fold(root, m.get(k))
		}
		return root
	}}
}

func newChain(n int) shapes.Graph {
	m := &memo{}
	m.body = func(key uint64) uint64 {
		if key == 0 {
			return shapes.Half(0, shapes.Initial(0))
		}
		return shapes.Link(key, m.get(key-1))
	}
	return graph{func() uint64 { return m.get(uint64(n - 1)) }}
}

func hitKey(int) shapes.Result {
	m := newHot()
	return shapes.Hits(func(count int) uint64 { return m.hits(shapes.HitKey, count) })
}

func hitInside(int) shapes.Result {
	leaves := newHot()
	var took time.Duration
	roots := &memo{body: func(uint64) (root uint64) {
		begin := time.Now()
		for k := range uint64(shapes.InsideKeys) {
			root = shapes.Fold(root, leaves.get(k))
		}
		took = time.Since(begin)
		return root
	}}
	return shapes.Inside(func(round int) (time.Duration, uint64) {
		root := roots.get(uint64(round))
		return took, root
	})
}

func twoHitting(key func(worker int) uint64) shapes.Result {
	m := newHot()
	return shapes.TwoHitting(func(worker, count int) uint64 { return m.hits(key(worker), count) })
}

func bodies(n int) shapes.Result {
	return shapes.Bodies(n, func(workers int) (time.Duration, uint64) {
		m, values := &memo{body: shapes.Body}, make([]uint64, n)
		begin := time.Now()
		var g errgroup.Group
		g.SetLimit(workers)
		for k := range n {
			g.Go(func() error { values[k] = m.get(uint64(k)); return nil })
		}
		g.Wait()
		var root uint64
		for _, v := range values {
			root = shapes.Fold(root, v)
		}
		return time.Since(begin), root
	})
}
