package runtime

import (
	"reflect"
	"sync"
)

// writables remembers what writable has found.
var writables sync.Map // from reflect.Type to bool

// writable reports whether somebody who is handed a value of type t can write to
// what others see of it, and is not meant to: what holds a lock or an atomic
// looks after itself.
func writable(t reflect.Type) bool {
	w, ok := writables.Load(t)
	if !ok {
		found := typeWalk{seen: map[reflect.Type]bool{}}
		found.walk(t)
		w, _ = writables.LoadOrStore(t, found.shared && !found.guarded)
	}
	return w.(bool)
}

// A typeWalk looks at a type and at all that values of it may hold, as far as
// types tell.
type typeWalk struct {
	seen    map[reflect.Type]bool
	shared  bool // something lies behind a pointer
	guarded bool // there is something of package sync or sync/atomic
}

func (w *typeWalk) walk(t reflect.Type) {
	if w.seen[t] || t == timeType { // whose zone nobody writes to
		return
	}
	w.seen[t] = true
	if p := t.PkgPath(); p == "sync" || p == "sync/atomic" {
		w.guarded = true
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		w.shared = true
		w.walk(t.Elem())
	case reflect.Map:
		w.shared = true
		w.walk(t.Key())
		w.walk(t.Elem())
	case reflect.Interface:
		w.shared = true
	case reflect.Array:
		w.walk(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			w.walk(f.Type)
		}
	}
}
