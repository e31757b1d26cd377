package runtime

import (
	"fmt"
	"go/token"
	"reflect"
	goruntime "runtime"
	"sync"

	"querygen.dev/runtime/internal/graph"
)

// This file is the seam between generated code and the engine: what the
// generator emits calls nothing else. Users call the wrappers instead.

// Kind says when the result of a query has to be made again.
type Kind uint8

const (
	// KindPure queries run again only if something they read has changed.
	KindPure Kind = iota + 1
	// KindInput queries are set from outside; unset, they are pure.
	KindInput
	// KindGeneration queries run again at their first demand in each generation.
	KindGeneration
	// KindAlways queries run once in each request that demands them.
	KindAlways
)

// Definition describes one query. Generated code fills it in.
type Definition struct {
	Name      string // import/path.Func or import/path.Type.Method; unique in the program
	Kind      Kind
	Params    int    // arguments of a call, the receiver of a method among them; with more than one, the key is a struct of them
	Results   int    // without the error; with more than one, the value is a struct of them
	Fails     bool   // the last result is an error
	EqNever   bool   // each run counts as a change
	Identity  bool   // results are compared by == or a method Equal
	NoPersist bool   // results are never written to disk
	Version   string // the explicit version of the code, from the option version=
	Limit     int    // of the bodies that run at once in a database; 0: none
	Code      string // the fingerprint of the code of the main module that the function reaches; see docs/generator-fingerprints.md
}

// query is what the engine knows of a Query whatever its types are.
type query struct {
	def    Definition
	index  uint32 // among the queries of the program
	rescue rescue // how its nodes get out of a cycle
	fn     any    // the annotated function, for its position
	pos    token.Position
	place  sync.Once
	table  func(db *DB) keeper

	bound  bool // it has a body
	hidden bool // of the engine's own; its keys are nodes. See collect.go
	keys   bool // of the keys of an input; flushes assign it

	describe func() imageQuery // nil: it is not written to the disk
	inWord   bool              // its keys are; see inWord
}

// A Query is the descriptor of one annotated function: K is its key, V its
// results without the error. Generated code declares one for each query, as a
// package variable, and binds the function in an init, because a recursive
// query would otherwise be an initialization cycle.
type Query[K comparable, V any] struct {
	query
	body   func(cx *Context, k K) (V, error)
	spare  func(cx *Context, k K) (V, error) // the function of the option cycle=, if there is one
	equal  func(a, b V) bool                 // where there is no codec that knows
	plain  bool                              // == is equality
	codecs codecs[K, V]
	listed *Query[struct{}, []K] // inputs: the node of the keys that are set
	once   *memo[V]              // of tasks that were used once
}

// registry holds the queries of the program. Package initialization fills it.
var registry struct {
	sync.RWMutex
	list   []*query
	byName map[string]*query
}

func register(q *query) {
	registry.Lock()
	defer registry.Unlock()
	if registry.byName == nil {
		registry.byName = map[string]*query{}
	}
	q.index = uint32(len(registry.list))
	registry.list = append(registry.list, q)
	if q.hidden {
		return // it has no name
	}
	if registry.byName[q.def.Name] != nil {
		panic(fmt.Sprintf("querygen: query %s is defined twice", q.def.Name))
	}
	registry.byName[q.def.Name] = q
}

// lookupQuery returns the query of that name, or nil.
func lookupQuery(name string) *query {
	registry.RLock()
	defer registry.RUnlock()
	return registry.byName[name]
}

// Define makes a descriptor. It panics if the name is taken.
func Define[K comparable, V any](d Definition) *Query[K, V] {
	q := &Query[K, V]{query: query{def: d}, equal: equality[V](&d)}
	q.plain = !d.EqNever && !hasEqual[V]() && !partsHaveEqual[V](&d) && plain(reflect.TypeFor[V]())
	q.table = func(db *DB) keeper { return newTable(db, q) }
	q.describe = q.image
	q.once, q.inWord = new(memo[V]), inWord[K]()
	register(&q.query)
	if d.Kind == KindInput && d.Params > 0 {
		q.listed = defineKeys[K](d.Name)
	}
	return q
}

// Bind gives the query its body. fn is the annotated function itself (a method
// expression for a method): it tells the position of the source.
func (q *Query[K, V]) Bind(fn any, body func(cx *Context, k K) (V, error)) {
	q.fn, q.body, q.bound = fn, body, true
}

// Fallback makes nodes of the query that are on a cycle take the value of f,
// which has the option cycle=fallback: of the annotation. f may not call queries.
func (q *Query[K, V]) Fallback(f func(cx *Context, k K) (V, error)) {
	q.rescue, q.spare = fallback, f
}

// Fixpoint makes nodes of the query that are on a cycle be run again and again,
// beginning with the value of f, until nothing changes; f has the option
// cycle=fixpoint: of the annotation, and may not call queries.
func (q *Query[K, V]) Fixpoint(f func(cx *Context, k K) (V, error)) {
	q.rescue, q.spare = fixpoint, f
}

// position is where the annotated function stands in the source that the
// program was built from.
func (q *query) position() token.Position {
	q.place.Do(func() {
		if q.fn == nil {
			return
		}
		if f := goruntime.FuncForPC(reflect.ValueOf(q.fn).Pointer()); f != nil {
			q.pos.Filename, q.pos.Line = f.FileLine(f.Entry())
		}
	})
	return q.pos
}

// Get demands the node with key k.
func (q *Query[K, V]) Get(cx *Context, k K) (V, error) {
	t := tableOf(cx.db, q)
	c := t.find(k)
	out := hit(cx, c, cx.db.g.Word(c.id), &q.query)
	if out != nil && out.plain() {
		return out.value, nil
	}
	return t.get(cx, c, out)
}

// Value demands the node with key k of a query without an error result.
func (q *Query[K, V]) Value(cx *Context, k K) V {
	t := tableOf(cx.db, q)
	c := t.find(k)
	out := hit(cx, c, cx.db.g.Word(c.id), &q.query)
	if out != nil && out.plain() {
		return out.value
	}
	out, err := t.demand(cx, c, out)
	if err == nil {
		err = out.failure()
	}
	if err != nil {
		unwind(cx, err)
	}
	return out.value
}

// get demands the node of a cell, which was hit with out, or nil.
func (t *table[K, V]) get(cx *Context, c *cell[K, V], out *outcome[V]) (V, error) {
	out, err := t.demand(cx, c, out)
	if err != nil {
		var zero V
		return zero, err
	}
	return out.value, out.failure()
}

// demand returns the outcome of the node of a cell, or the error that ended the
// demand. out is what it was hit with, or nil. If the node is gone, it is that of the node
// which has its key by now.
func (t *table[K, V]) demand(cx *Context, c *cell[K, V], out *outcome[V]) (*outcome[V], error) {
	for out == nil {
		o, err := cx.db.demand(cx, c.id, c)
		if err == errGone {
			c = t.find(c.key)
			continue
		}
		if err != nil {
			cx.db.suspectUnfinished(c.id, c)
			if p, ok := err.(*PanicError); ok {
				throw(cx, p)
			}
			return nil, err
		}
		if out = o.(*outcome[V]); out == nil {
			panic(fmt.Sprintf("querygen: internal error: %v is up to date and has no outcome", Node{Query: t.q.def.Name, Key: c.key}))
		}
	}
	if err := out.failure(); err != nil && cx.joins(c.id, err) {
		return nil, err
	}
	return out, nil
}

// Task returns the task of demanding k.
func (q *Query[K, V]) Task(k K) Task[V] { return Task[V]{q: q, key: q.remember(k)} }

// Refresh makes the node with key k run at its next demand.
func (q *Query[K, V]) Refresh(tx *Tx, k K) {
	tx.check()
	t := tableOf(tx.db, q)
	tx.refreshed = append(tx.refreshed, func() graph.ID {
		if c, ok := t.lookup(k); ok {
			return c.id
		}
		return 0 // it runs at its next demand anyway
	})
}
