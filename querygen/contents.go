package querygen

import (
	"go/token"
	"go/types"
)

// hold says that values of a type have become an interface, so that code
// outside of the modules may call their methods: fmt calls String, sort calls
// Less. That code can't be seen, so all exported methods count, also those of
// the values that such a value contains.
func (r *referrer) hold(t types.Type) {
	list, ok := r.base.held[t]
	if !ok {
		walkContents(t, func(t types.Type) bool {
			list = append(list, r.base.exported(t)...)
			named, ok := t.(*types.Named)
			// The fields of other modules' types hold none of ours, their type
			// arguments do.
			return !ok || named.Obj().Pkg() != nil && r.base.packs[named.Obj().Pkg().Path()] != nil
		})
		r.base.held[t] = list
	}
	r.add(list...)
}

// exported returns the exported methods of a type.
func (b *codeBase) exported(t types.Type) []*unit {
	switch t := t.(type) {
	case *types.Named:
		if b.loose[b.unitOf(t.Obj())] {
			return b.packs[t.Obj().Pkg().Path()].methodsOf(t.Obj().Name(), token.IsExported)
		}
		if obj := t.Obj(); obj.Pkg() == nil || b.packs[obj.Pkg().Path()] == nil {
			return nil
		}
	case *types.Struct:
	default:
		return nil
	}
	var list []*unit
	set := types.NewMethodSet(types.NewPointer(t))
	for m := range set.Methods() {
		fn, ok := m.Obj().(*types.Func)
		if ok && fn.Exported() && !types.IsInterface(fn.Signature().Recv().Type()) && b.wrapperOf(fn) == nil {
			list = append(list, b.method(fn)...)
		}
	}
	return list
}

// walkContents visits a type and the types of all that its values contain. Where
// visit returns false it goes no deeper, except into type arguments.
func walkContents(t types.Type, visit func(types.Type) bool) {
	seen := make(map[types.Type]bool)
	var walk func(t types.Type)
	walk = func(t types.Type) {
		t = types.Unalias(t)
		if seen[t] {
			return
		}
		seen[t] = true
		deeper := visit(t)
		if named, ok := t.(*types.Named); ok {
			for arg := range named.TypeArgs().Types() {
				walk(arg)
			}
			t = named.Underlying()
		}
		if deeper {
			walkElements(t, walk)
		}
	}
	walk(t)
}

// walkElements visits the types that a type literal is made of. What a function
// takes and returns it does not contain.
func walkElements(t types.Type, walk func(types.Type)) {
	switch t := t.(type) {
	case *types.Map:
		walk(t.Key())
		walk(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			walk(f.Type())
		}
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		walk(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			walk(v.Type())
		}
	}
}

// mentionsTypeParam tells whether a type contains a type parameter.
func mentionsTypeParam(t types.Type) bool {
	found := false
	walkContents(t, func(t types.Type) bool {
		_, ok := t.(*types.TypeParam)
		found = found || ok
		return !found
	})
	return found
}
