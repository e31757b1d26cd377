package querygen

import (
	"go/types"
	"strings"
)

// A flaw is why a type can't be a key or a result.
type flaw struct {
	path   string // to the part that is at fault: .Pos.src, empty for the type itself
	what   string // a pointer (*T)
	advice string
}

// describe says where the flaw is in something of that name and type.
func (f *flaw) describe(name, spelled string) string {
	subject := strings.TrimSpace(name + " (" + spelled + ")")
	text := subject + " is " + f.what
	if f.path != "" {
		text = subject + " holds " + f.what + " in " + strings.TrimPrefix(f.path, ".")
	}
	if f.advice != "" {
		text += ": " + f.advice
	}
	return text
}

// below returns the flaw as seen from one step up.
func (f *flaw) below(step string) *flaw {
	if f != nil {
		f.path = step + f.path
	}
	return f
}

// badKey returns why t can't be part of a key, or nil if it can. A key must be
// comparable and must mean the same in another process, so it can hold neither
// addresses nor values of types that are not known here.
func badKey(t types.Type, seen []types.Type) *flaw {
	if _, generic := t.(*types.TypeParam); generic || keyTypes(t) {
		return nil // type parameters are an error of their own
	}
	for _, s := range seen {
		if types.Identical(s, t) {
			return nil // an invalid recursive type, reported by the type checker
		}
	}
	seen = append(seen, t)
	if isNamed(t, "time", "Time") {
		return &flaw{what: "a time.Time, which holds a pointer (*time.Location)", advice: "pass t.UnixNano() or a formatted string"}
	}
	switch u := t.Underlying().(type) {
	case *types.Array:
		return badKey(u.Elem(), seen).below("[]")
	case *types.Struct:
		for f := range u.Fields() {
			if bad := badKey(f.Type(), seen); bad != nil {
				return bad.below("." + f.Name())
			}
		}
		return nil
	default:
		return badKeyLeaf(u)
	}
}

// badKeyLeaf is badKey for types that are not made of others by value.
func badKeyLeaf(t types.Type) *flaw {
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return &flaw{what: "a pointer", advice: pointerAdvice}
		}
	case *types.Pointer:
		return &flaw{what: "a pointer", advice: pointerAdvice}
	case *types.Chan:
		return &flaw{what: "a channel", advice: "it has no meaning in another process, pass a value"}
	case *types.Signature:
		return &flaw{what: "a func", advice: "funcs can't be compared, pass a value that says which one"}
	case *types.Interface:
		return &flaw{what: "an interface", advice: "pass a concrete type"}
	case *types.Slice:
		return &flaw{what: "a slice", advice: "slices can't be compared, pass a string, an array or a handle"}
	case *types.Map:
		return &flaw{what: "a map", advice: "maps can't be compared, pass a struct, a string or a handle"}
	}
	return nil
}

const pointerAdvice = "it has no meaning in another process, pass a value or a handle (unique.Handle)"

// keyTypes tells whether t may be in a key whatever it holds.
func keyTypes(t types.Type) bool {
	if isRuntime(t, "Task", "Handle") || isNamed(t, "unique", "Handle") {
		return true
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "net/netip"
}

// Results are compared after each run, to cut off what depends on an outcome
// that is the same as before. Two funcs or channels that do the same can't be
// told to be equal, so every run would count as a change, silently. That is
// allowed, but it has to be said, with eq=never.

// badResult returns why two values of t can't be compared by what they hold,
// or nil if they can. What is behind an interface shows only at run time.
func badResult(t types.Type) *flaw { return resultFlaw(t, make(map[types.Type]bool)) }

func resultFlaw(t types.Type, seen map[types.Type]bool) *flaw {
	t = types.Unalias(t)
	if seen[t] || keyTypes(t) || isNamed(t, "time", "Time") {
		return nil
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Kind() == types.UnsafePointer {
			return &flaw{what: "an unsafe.Pointer"}
		}
	case *types.Chan:
		return &flaw{what: "a channel"}
	case *types.Signature:
		return &flaw{what: "a func"}
	case *types.Pointer:
		return resultFlaw(u.Elem(), seen)
	case *types.Slice:
		return resultFlaw(u.Elem(), seen).below("[]")
	case *types.Array:
		return resultFlaw(u.Elem(), seen).below("[]")
	case *types.Map:
		if bad := resultFlaw(u.Key(), seen); bad != nil {
			return bad.below("[key]")
		}
		return resultFlaw(u.Elem(), seen).below("[]")
	case *types.Struct:
		for f := range u.Fields() {
			if bad := resultFlaw(f.Type(), seen); bad != nil {
				return bad.below("." + f.Name())
			}
		}
	}
	return nil
}

// hasEqual tells whether the type itself says what equal means, by a method
// Equal(T) bool.
func hasEqual(t types.Type) bool {
	if isNamed(t, "time", "Time") {
		return false // it ignores the zone
	}
	sel := types.NewMethodSet(t).Lookup(nil, "Equal")
	if sel == nil {
		return false
	}
	sig, ok := sel.Obj().Type().(*types.Signature)
	return ok && sig.Params().Len() == 1 && sig.Results().Len() == 1 && !sig.Variadic() &&
		types.Identical(sig.Params().At(0).Type(), t) &&
		types.Identical(sig.Results().At(0).Type(), types.Typ[types.Bool])
}

// walkType calls visit for the types that the spelling of t is made of, as long
// as visit returns true. It does not look behind names.
func walkType(t types.Type, visit func(types.Type) bool) {
	if t == nil || !visit(t) {
		return
	}
	each := func(list *types.Tuple) {
		for v := range list.Variables() {
			walkType(v.Type(), visit)
		}
	}
	switch t := t.(type) {
	case *types.Named:
		for a := range t.TypeArgs().Types() {
			walkType(a, visit)
		}
	case *types.Alias:
		for a := range t.TypeArgs().Types() {
			walkType(a, visit)
		}
		walkType(types.Unalias(t), visit)
	case *types.Pointer:
		walkType(t.Elem(), visit)
	case *types.Slice:
		walkType(t.Elem(), visit)
	case *types.Array:
		walkType(t.Elem(), visit)
	case *types.Chan:
		walkType(t.Elem(), visit)
	case *types.Map:
		walkType(t.Key(), visit)
		walkType(t.Elem(), visit)
	case *types.Signature:
		each(t.Params())
		each(t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			walkType(f.Type(), visit)
		}
	}
}
