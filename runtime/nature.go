package runtime

import (
	"reflect"
	"sync"
)

// A typeNature is what values of a type may hold, as far as types tell.
type typeNature struct {
	shared  bool // something behind a pointer
	guarded bool // something of package sync or sync/atomic
}

// natures remembers what natureOf has found.
var natures sync.Map // from reflect.Type to typeNature

func natureOf(t reflect.Type) typeNature {
	if n, ok := natures.Load(t); ok {
		return n.(typeNature)
	}
	w := typeWalk{seen: map[reflect.Type]bool{}}
	w.walk(t)
	natures.Store(t, w.typeNature)
	return w.typeNature
}

// guarded reports whether values of type t look after themselves: they hold a
// lock or an atomic, and may change by right.
func guarded(t reflect.Type) bool { return natureOf(t).guarded }

// writable reports whether somebody who is handed a value of type t can write to
// what others see of it, and is not meant to.
func writable(t reflect.Type) bool { return natureOf(t).shared && !guarded(t) }

type typeWalk struct {
	seen map[reflect.Type]bool
	typeNature
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
