package querygen

import (
	"go/types"
)

// A layout is how values of a type are written. Each has its functions in
// querygen.dev/runtime/codec.
type layout string

const (
	layoutNone      layout = "" // there is none
	layoutInt       layout = "Int"
	layoutUint      layout = "Uint"
	layoutBool      layout = "Bool"
	layoutString    layout = "String"
	layoutFloat     layout = "Float"
	layoutComplex   layout = "Complex"
	layoutTime      layout = "Time"
	layoutMsgpack   layout = "Msgpack" // the last of these are types with methods of their own
	layoutBinary    layout = "Binary"
	layoutText      layout = "Text"
	layoutBytes     layout = "Bytes"
	layoutByteArray layout = "ByteArray"
	layoutArray     layout = "Array"
	layoutSlice     layout = "Slice"
	layoutMap       layout = "Map"
	layoutPointer   layout = "Pointer"
	layoutHandle    layout = "Handle"
	layoutStruct    layout = "Struct"
	layoutInterface layout = "Interface" // if its implementations are listed
	layoutError     layout = "Error"     // the type error itself
)

// leaf tells the layouts whose functions need to be told nothing of other types.
func (f layout) leaf() bool {
	switch f {
	case layoutByteArray, layoutArray, layoutSlice, layoutMap, layoutPointer, layoutHandle, layoutStruct, layoutInterface:
		return false
	}
	return true
}

// layoutOf returns the layout of t. What t is made of may have none all the same:
// see codecFlaws.
func layoutOf(t types.Type) layout {
	t = types.Unalias(t)
	if n, ok := t.(*types.Named); ok {
		switch {
		case n == errorType:
			return layoutError
		case isNamed(n, "time", "Time"):
			return layoutTime
		case isNamed(n, "unique", "Handle"):
			return layoutHandle
		case isRuntime(n, "Task", "Handle"):
			return layoutNone
		}
		if f := ownLayout(n); f != layoutNone {
			return f
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return basicLayout(u)
	case *types.Array:
		if isByte(u.Elem()) {
			return layoutByteArray
		}
		return layoutArray
	case *types.Slice:
		if isByte(u.Elem()) {
			return layoutBytes
		}
		return layoutSlice
	case *types.Map:
		return layoutMap
	case *types.Pointer:
		return layoutPointer
	case *types.Struct:
		return layoutStruct
	case *types.Interface:
		return layoutInterface
	}
	return layoutNone
}

// isByte tells byte itself from types that are made of it.
func isByte(t types.Type) bool { return types.Identical(t, types.Typ[types.Byte]) }

func basicLayout(t *types.Basic) layout {
	switch info := t.Info(); {
	case info&types.IsBoolean != 0:
		return layoutBool
	case info&types.IsString != 0:
		return layoutString
	case info&types.IsUnsigned != 0:
		return layoutUint
	case info&types.IsInteger != 0:
		return layoutInt
	case info&types.IsFloat != 0:
		return layoutFloat
	case info&types.IsComplex != 0:
		return layoutComplex
	}
	return layoutNone
}

// A methodPair is a way in which a type can have a codec of its own.
type methodPair struct {
	layout         layout
	encode, decode string
}

var methodPairs = []methodPair{
	{layoutMsgpack, "EncodeMsgpack", "DecodeMsgpack"},
	{layoutBinary, "MarshalBinary", "UnmarshalBinary"},
	{layoutText, "MarshalText", "UnmarshalText"},
}

// ownLayout returns how t writes itself, or layoutNone.
func ownLayout(t *types.Named) layout {
	if types.IsInterface(t) {
		return layoutNone
	}
	for _, p := range methodPairs {
		if hasCodecMethod(t, p.encode) && hasCodecMethod(t, p.decode) {
			return p.layout
		}
	}
	return layoutNone
}

// hasCodecMethod tells whether *t has a method of that name with the signature
// that it should have. A method that comes from an embedded field does not
// count: it knows nothing of the fields beside it.
func hasCodecMethod(t *types.Named, name string) bool {
	sel := types.NewMethodSet(types.NewPointer(t)).Lookup(nil, name)
	if sel == nil || len(sel.Index()) > 1 {
		return false
	}
	sig := sel.Obj().Type().(*types.Signature)
	isErr := func(i int) bool { return types.Identical(sig.Results().At(i).Type(), errorType) }
	in, out := sig.Params(), sig.Results()
	switch name {
	case "EncodeMsgpack", "DecodeMsgpack":
		return in.Len() == 1 && out.Len() == 1 && isErr(0) && isMsgpack(in.At(0).Type(), name[:6]+"r")
	case "MarshalBinary", "MarshalText":
		return in.Len() == 0 && out.Len() == 2 && isBytes(out.At(0).Type()) && isErr(1)
	}
	return in.Len() == 1 && out.Len() == 1 && isBytes(in.At(0).Type()) && isErr(0)
}

func isBytes(t types.Type) bool {
	s, ok := types.Unalias(t).(*types.Slice)
	return ok && isByte(s.Elem())
}

// isMsgpack tells a pointer to the Encoder or Decoder of msgpack.
func isMsgpack(t types.Type, name string) bool {
	p, ok := types.Unalias(t).(*types.Pointer)
	return ok && isNamed(p.Elem(), "github.com/vmihailenco/msgpack/v5", name)
}

// A component is a type that another is made of.
type component struct {
	step string // .Field, [], [key], or nothing for what a pointer points at
	typ  types.Type
	pos  *types.Var // the field, if it is one
}

// components returns what values of t are written by, in the order of the bytes.
func (s closedSet) components(t types.Type) []component {
	t = types.Unalias(t)
	f := layoutOf(t)
	if f == layoutHandle {
		return []component{{"", t.(*types.Named).TypeArgs().At(0), nil}}
	}
	if f.leaf() {
		return nil
	}
	switch u := t.Underlying().(type) {
	case *types.Array:
		return []component{{"[]", u.Elem(), nil}}
	case *types.Slice:
		return []component{{"[]", u.Elem(), nil}}
	case *types.Map:
		return []component{{"[key]", u.Key(), nil}, {"[]", u.Elem(), nil}}
	case *types.Pointer:
		return []component{{"", u.Elem(), nil}}
	case *types.Struct:
		return fieldsOf(u)
	case *types.Interface:
		var list []component
		for _, impl := range s.of(t) {
			list = append(list, component{".(" + typeKey(impl) + ")", impl, nil})
		}
		return list
	}
	return nil
}

// fieldsOf returns the fields of a struct that are written. Blank ones have no
// value that anybody could see.
func fieldsOf(s *types.Struct) []component {
	var list []component
	for f := range s.Fields() {
		if f.Name() != "_" {
			list = append(list, component{"." + f.Name(), f.Type(), f})
		}
	}
	return list
}

// typeKey is the same for identical types.
func typeKey(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Path() })
}

// plain tells whether == on values of t is equality of their bytes.
func (s closedSet) plain(t types.Type) bool {
	switch f := layoutOf(t); f {
	case layoutInt, layoutUint, layoutBool, layoutString, layoutByteArray:
		return true
	case layoutArray, layoutHandle:
		return s.plain(s.components(t)[0].typ)
	case layoutStruct:
		u := t.Underlying().(*types.Struct)
		list := fieldsOf(u)
		for _, c := range list {
			if !s.plain(c.typ) {
				return false
			}
		}
		return len(list) == u.NumFields()
	}
	return false
}

// holdsItself tells whether a value of t can be reached from a value of t.
func (s closedSet) holdsItself(t types.Type) bool {
	target, seen := typeKey(types.Unalias(t)), make(map[string]bool)
	var visit func(t types.Type) bool
	visit = func(t types.Type) bool {
		for _, c := range s.components(t) {
			k := typeKey(types.Unalias(c.typ))
			if k == target {
				return true
			}
			if !seen[k] {
				seen[k] = true
				if visit(c.typ) {
					return true
				}
			}
		}
		return false
	}
	return visit(t)
}
