package scenarios

import (
	"fmt"
	"sync"
	"sync/atomic"

	query "querygen.dev/runtime"
)

// A World names the outside of one test. Tests with worlds of their own can run
// side by side, and each of them as often as it likes.
type World string

// An Outside is what stands behind a World.
type Outside struct {
	Fail func(string) // fails the test

	thing atomic.Pointer[Thing]

	mu        sync.Mutex
	sequences map[string][]int
	bodies    map[string]Code
}

// Code is the body of a query that is made up by a test.
type Code func(cx *query.Context) (int, error)

var worlds sync.Map // from World to *Outside

// Open makes a world.
func Open(w World, fail func(string)) *Outside {
	o := &Outside{Fail: fail, sequences: map[string][]int{}, bodies: map[string]Code{}}
	worlds.Store(w, o)
	return o
}

// Close forgets the world.
func (w World) Close() { worlds.Delete(w) }

func (w World) outside() *Outside {
	o, ok := worlds.Load(w)
	if !ok {
		panic(fmt.Sprintf("there is no world %s", w))
	}
	return o.(*Outside)
}

// Sequence makes name return these values, one in each run.
func (o *Outside) Sequence(name string, values ...int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sequences[name] = values
}

// next takes the next element of a sequence; there has to be one.
func (o *Outside) next(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := o.sequences[name]
	if len(left) == 0 {
		o.Fail(name + " has run once too often")
		return -1
	}
	o.sequences[name] = left[1:]
	return left[0]
}

// Body makes name do this.
func (o *Outside) Body(name string, c Code) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bodies[name] = c
}

func (o *Outside) code(name string) Code {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.bodies[name]
	if c == nil {
		panic("nothing is said about " + name)
	}
	return c
}

// always is seq(...) of the scenarios, for each request.
//
//rerun:always
func always(cx *query.Context, w World, name string) int { return w.outside().next(name) }

// generation is seq(...) of the scenarios, for each generation.
//
//rerun:generation
func generation(cx *query.Context, w World, name string) int { return w.outside().next(name) }

// body does what the test says.
//
//query:pure task
func body(cx *query.Context, w World, name string) (int, error) {
	return w.outside().code(name)(cx)
}

// plain is body without an error result.
//
//query:pure task
func plain(cx *query.Context, w World, name string) int {
	v, err := w.outside().code(name)(cx)
	if err != nil {
		w.outside().Fail(fmt.Sprintf("%s has nowhere to put the error %v", name, err))
	}
	return v
}
