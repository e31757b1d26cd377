package runtime

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"reflect"
	"strings"
	"sync/atomic"

	"querygen.dev/runtime/codec"
	"querygen.dev/runtime/internal/graph"
)

// ErrSuperseded is what a [DB.Run] ends in when an update changed something
// that it had read. errors.Is(ErrSuperseded, context.Canceled) is true.
var ErrSuperseded error = supersededError{}

// ErrClosed is what calls end in when their database is closed.
var ErrClosed = errors.New("querygen: database is closed")

// ErrInQuery is what an operation that must stand outside ends in when it is
// called from inside a query or an update.
var ErrInQuery = errors.New("querygen: not allowed inside a query or an update; use the query's own Context, or do it outside")

// ErrLocked is what saving ends in when another process writes to the same
// cache directory. A database in memory has none.
var ErrLocked = errors.New("querygen: the cache directory is locked by another process")

// The others end a run, and are no outcomes.
func init() {
	RegisterError("querygen.dev/runtime.ErrInQuery", ErrInQuery)
	RegisterError("querygen.dev/runtime.ErrLocked", ErrLocked)
}

type supersededError struct{}

func (supersededError) Error() string { return "querygen: overtaken by an update" }

func (supersededError) Is(target error) bool { return target == context.Canceled }

// A Node is a query with one key.
type Node struct {
	Query string         // import/path.Func or import/path.Type.Method
	Key   any            // the argument; a struct of the arguments if there are several, nil if there are none
	Pos   token.Position // of the annotated function; no column
}

// String returns the call, with the last element of the import path:
// rates.file("a.json").
func (n Node) String() string {
	name := n.Query[strings.LastIndexByte(n.Query, '/')+1:]
	return name + "(" + formatKey(n.Query, n.Key) + ")"
}

// A CycleError says that each of its nodes demands the next, and the last one
// the first. All of them end in the same CycleError, whatever their bodies make
// of it.
type CycleError struct {
	Nodes []Node // in call order, from the smallest on

	members atomic.Pointer[map[graph.ID]int] // the place in the cycle of each node of the database; hidden ones are not among Nodes
	equalTo atomic.Pointer[CycleError]       // the last one it was found equal to
}

// same reports whether two cycles are equal. Every member of a cycle asks this
// about the same two errors; the answer is remembered, or a long cycle would
// cost the square of its length.
//
// The old one is kept for both. Its nodes may have come and gone meanwhile: their
// numbers are those of the new one, or another node would be taken for a member.
func (e *CycleError) same(old *CycleError) bool {
	if e == old || e.equalTo.Load() == old {
		return true
	}
	if !new(comparer).equal(reflect.ValueOf(&e.Nodes).Elem(), reflect.ValueOf(&old.Nodes).Elem()) {
		return false
	}
	if now := e.members.Load(); now != nil {
		old.members.Store(now)
	}
	e.equalTo.Store(old)
	return true
}

// cycleText is how many nodes of a cycle are written out.
const cycleText = 20

// Error names the nodes with their positions, the first one again at the end.
// A long cycle is shortened.
func (e *CycleError) Error() string {
	var b strings.Builder
	b.WriteString("query cycle: ")
	for i, n := range e.Nodes {
		if i == cycleText {
			fmt.Fprintf(&b, "... (%d more) -> ", len(e.Nodes)-i)
			break
		}
		b.WriteString(n.String())
		if n.Pos.IsValid() {
			fmt.Fprintf(&b, " (%v)", n.Pos)
		}
		b.WriteString(" -> ")
	}
	if len(e.Nodes) > 0 {
		b.WriteString(e.Nodes[0].String())
	}
	return b.String()
}

// A PanicError carries a panic of a query's body to the root of its request.
type PanicError struct {
	Value   any    // what the body panicked with
	Queries []Node // the query stack, from the demand at the root to the body that panicked
	Stack   []byte // of the goroutine that panicked, as debug.Stack formats it
}

// Error gives the value, the query stack and the goroutine's stack.
func (e *PanicError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "panic in a query: %v\n\nqueries:\n", e.Value)
	for i := len(e.Queries) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "\t%v\n\t\t%v\n", e.Queries[i], e.Queries[i].Pos)
	}
	b.WriteString("\n")
	b.Write(e.Stack)
	return b.String()
}

// Unwrap returns the value of the panic if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Transient marks an error as one that is not to be remembered: the query runs
// again in the next request that demands it. Transient(nil) is nil.
func Transient(err error) error {
	if err == nil {
		return nil
	}
	return &transientError{err}
}

type transientError struct{ err error }

func (e *transientError) Error() string { return e.err.Error() }
func (e *transientError) Unwrap() error { return e.err }

// transient reports whether err is good for its request only.
func transient(err error) bool {
	if err == nil {
		return false
	}
	_, ok := errors.AsType[*transientError](err)
	return ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// RegisterError gives a sentinel a name by which it is found again in the next
// process. A sentinel is an error in a package variable that code compares with:
//
//	var ErrEmpty = errors.New("parse: empty file")
//
//	func init() { query.RegisterError("example.com/parse.ErrEmpty", ErrEmpty) }
//
// An outcome that is this error or wraps it can then be written to disk, and
// errors.Is holds for what is read. Without a name it is not written, and the
// query that ended in it runs again. The sentinels of context, errors, io, io/fs,
// os and strconv are registered already.
//
// The name must mean the same error in every process; the import path and the
// variable's name make a good one. RegisterError may be called at any time, best
// in an init beside the variable. It panics if the name is empty or taken by
// another error, and if the error is nil or of a type without ==.
func RegisterError(name string, sentinel error) { codec.NameSentinel(name, sentinel) }
