package runtime

import (
	"reflect"
	goruntime "runtime"
	"slices"
	"sync"
	"weak"

	"github.com/zeebo/xxh3"
)

// A Handle stands for a value of type T, by content: two handles are equal if
// and only if their values are, in the sense of the package documentation (a
// method Equal of T does not count). A handle is as small as a pointer and
// comparable whatever T is, so a big value, or one with slices in it, can be a
// part of a key.
//
//	options := query.Intern(cx, Options{Paths: paths})
//	prog, err := Compile(cx, options)
//
// The zero Handle stands for no value.
type Handle[T any] struct{ e *handled[T] }

// handled is what a handle points at. There is one for each value at a time.
type handled[T any] struct {
	value T
	sum   xxh3.Uint128 // of the content; the same in every process
}

// Intern returns the handle of v. It keeps v as it is given, unless there is an
// equal one already: nobody may write to it afterwards, nor to what it points at.
// The value is given back to the garbage collector when no handle of it is left;
// a node keeps those in its key.
//
// Its cost is that of reading v once. For a query it is no read, since what it
// returns depends on v alone; cx may belong to any query or database, or to none.
// It may be called by several goroutines at once.
func Intern[T any](cx *Context, v T) Handle[T] {
	return Handle[T]{handlesOf[T]().find(v)}
}

// Value returns the value, which is shared: nobody may write to it. It is no
// read. It panics for the zero Handle.
func (h Handle[T]) Value(cx *Context) T {
	if h.e == nil {
		panic("querygen: the zero Handle has no value")
	}
	return h.e.value
}

// String returns the value as it is written in the key of a node, shortened if it
// is long.
func (h Handle[T]) String() string { return formatValue(reflect.ValueOf(h)) }

func (h Handle[T]) isHandle() {}

// handles are all values of one type that have handles. They are held weakly: an
// entry whose value is gone is removed by its cleanup.
type handles[T any] struct {
	mu    sync.Mutex
	bySum map[xxh3.Uint128][]weak.Pointer[handled[T]] // guarded by mu; several only where hashes collide, or for a moment
}

// handleTables holds the *handles of each type. They are those of the process: a
// handle means the same in every database.
var handleTables sync.Map // from reflect.Type

func handlesOf[T any]() *handles[T] {
	t := reflect.TypeFor[T]()
	h, ok := handleTables.Load(t)
	if !ok {
		h, _ = handleTables.LoadOrStore(t, &handles[T]{bySum: map[xxh3.Uint128][]weak.Pointer[handled[T]]{}})
	}
	return h.(*handles[T])
}

// find returns the entry of v, and makes it if there is none.
func (h *handles[T]) find(v T) *handled[T] {
	sum := contentSum(reflect.ValueOf(&v).Elem())
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.bySum[sum] {
		if e := w.Value(); e != nil && sameContent(&e.value, &v) {
			return e
		}
	}
	e := &handled[T]{v, sum}
	h.bySum[sum] = append(h.bySum[sum], weak.Make(e))
	goruntime.AddCleanup(e, h.remove, sum)
	return e
}

func sameContent[T any](a, b *T) bool {
	return new(comparer).equal(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
}

// remove forgets the entries of that sum that are gone.
func (h *handles[T]) remove(sum xxh3.Uint128) {
	h.mu.Lock()
	defer h.mu.Unlock()
	left := slices.DeleteFunc(h.bySum[sum], func(w weak.Pointer[handled[T]]) bool { return w.Value() == nil })
	if h.bySum[sum] = left; len(left) == 0 {
		delete(h.bySum, sum)
	}
}
