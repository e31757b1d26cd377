// Package ours measures querygen. Its queries are what a user would write for
// the graphs of package shapes.
package ours

import (
	"time"

	"querygen.dev/bench/shapes"
	query "querygen.dev/runtime"
)

//go:generate go tool querygen

// The graph that is measured does not change while its process lives, so the
// bodies may look at it.
var (
	layers  shapes.Layered
	dynamic shapes.Dynamic
	slow    bool   // bodies of first layers take 1 ms
	size    uint64 // of all other graphs
	world   uint64 // what generational queries find outside
)

// source is an input.
//
//query:input
func source(cx *query.Context, input uint64) uint64 { return 0 }

// node is a node of a layered graph.
//
//query:pure
func node(cx *query.Context, key uint64) uint64 {
	if input, ok := layers.Input(key); ok {
		if slow {
			shapes.Spin()
		}
		return shapes.Half(key, Source(cx, input))
	}
	a, b, c := layers.Reads(key)
	return shapes.Combine(key, Node(cx, a), Node(cx, b), Node(cx, c))
}

// top is the root of a layered graph.
//
//query:pure
func top(cx *query.Context, graph uint64) uint64 {
	var root uint64
	for k, to := layers.Top(graph); k < to; k++ {
		root = shapes.Fold(root, Node(cx, k))
	}
	return root
}

// half is a leaf that cuts off edits.
//
//query:pure
func half(cx *query.Context, key uint64) uint64 { return shapes.Half(key, Source(cx, key)) }

// fan is a root over leaves.
//
//query:pure
func fan(cx *query.Context) uint64 {
	var root uint64
	for k := range size {
		root = shapes.Fold(root, Half(cx, k))
	}
	return root
}

// direct is a root over inputs.
//
//query:pure
func direct(cx *query.Context) uint64 {
	var root uint64
	for k := range size {
		root = shapes.Fold(root, Source(cx, k))
	}
	return root
}

// link is a node of a chain over an input.
//
//query:pure
func link(cx *query.Context, key uint64) uint64 {
	if key == 0 {
		return shapes.Half(0, Source(cx, 0))
	}
	return shapes.Link(key, Link(cx, key-1))
}

// found is a leaf that the outside world may change.
//
//rerun:generation
func found(cx *query.Context, key uint64) uint64 { return shapes.Leaf(key, world) }

// unmoved is another, which it does not change.
//
//rerun:generation
func unmoved(cx *query.Context) uint64 { return shapes.Half(0, shapes.Initial(0)) }

// tied is a node of a chain over such a leaf.
//
//query:pure
func tied(cx *query.Context, key uint64) uint64 {
	if key == 0 {
		return Unmoved(cx)
	}
	return shapes.Link(key, Tied(cx, key-1))
}

// forest is a root over such leaves.
//
//query:pure
func forest(cx *query.Context) uint64 {
	var root uint64
	for k := range size {
		root = shapes.Fold(root, Found(cx, k))
	}
	return root
}

// rung is a node of a ladder: the rung and the place in it.
//
//query:pure
func rung(cx *query.Context, key uint64) uint64 {
	k := key / 3
	if key%3 == shapes.Joint {
		return shapes.Fold(Rung(cx, 3*k+shapes.Left), Rung(cx, 3*k+shapes.Right))
	}
	if k == 0 {
		return shapes.Mix(Half(cx, 0) + key)
	}
	return shapes.Mix(Rung(cx, 3*(k-1)+shapes.Joint) + key)
}

// choice is a node of a dynamic graph.
//
//query:pure
func choice(cx *query.Context, key uint64) uint64 {
	if input, ok := dynamic.Input(key); ok {
		return shapes.DynamicInput(Source(cx, input))
	}
	column := Choice(cx, key-dynamic.Width)
	a, b := dynamic.Others(key, column)
	return shapes.DynamicCombine(key, column, Choice(cx, a), Choice(cx, b))
}

// choices is the root of a dynamic graph.
//
//query:pure
func choices(cx *query.Context) uint64 {
	var root uint64
	for k, to := dynamic.Top(0); k < to; k++ {
		root = shapes.Fold(root, Choice(cx, k))
	}
	return root
}

// hot is what is hit.
//
//query:pure task
func hot(cx *query.Context, key uint32) uint64 {
	return shapes.Half(uint64(key), shapes.Initial(uint64(key)))
}

// insideTook is what the last run of inside took, apart from starting and
// ending it. The process calls one at a time.
var insideTook time.Duration

// inside reads nodes that are green, in each round in a run of its own.
//
//query:pure
func inside(cx *query.Context, round uint32) uint64 {
	var root uint64
	begin := time.Now()
	for k := range uint32(shapes.InsideKeys) {
		root = shapes.Fold(root, Hot(cx, k))
	}
	insideTook = time.Since(begin)
	return root
}

// body is a leaf of about 10 microseconds.
//
//query:pure
func body(cx *query.Context, key uint64) uint64 { return shapes.Body(key) }

// bodies demands all of them side by side.
//
//query:pure
func bodies(cx *query.Context) (uint64, error) {
	keys := make([]uint64, size)
	for k := range keys {
		keys[k] = uint64(k)
	}
	values, err := query.Map(cx, keys, func(cx *query.Context, key uint64) (uint64, error) {
		return Body(cx, key), nil
	})
	var root uint64
	for _, v := range values {
		root = shapes.Fold(root, v)
	}
	return root, err
}
