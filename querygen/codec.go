package querygen

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
)

const codecPath = runtimePath + "/codec"

// A coder writes the codecs of one generated file.
//
// A type whose functions are not all in the package codec gets three of its own:
// encodeTree, decodeTree, equalTree. They are written when something refers to
// them by name; types without a name that are only a field are written in place.
// Everything is passed by address.
type coder struct {
	*emitter
	closedSet
	functions map[string]*functions // by typeKey
	queue     []*functions          // to be written
	vars      map[string]string     // by typeKey: the codecs of keys and results
	order     []codecVar
	locals    codecLocals
}

// codecLocals are the locals of the functions, which give way to everything that
// types may mention.
type codecLocals struct{ enc, dec, eq, v, x, y, left, right, ok string }

// functions are those of one type.
type functions struct {
	typ                   types.Type
	encode, decode, equal string
}

type codecVar struct {
	name string
	typ  types.Type
}

func (e *emitter) newCoder() *coder {
	return &coder{
		emitter:   e,
		closedSet: e.pack.closed(),
		functions: make(map[string]*functions),
		vars:      make(map[string]string),
		locals: codecLocals{
			e.free.unique("enc"), e.free.unique("dec"), e.free.unique("eq"),
			e.free.unique("v"), e.free.unique("x"), e.free.unique("y"),
			e.free.unique("left"), e.free.unique("right"), e.free.unique("ok"),
		},
	}
}

// codec returns code for an identifier of the package codec.
func (c *coder) codec(name string) *jen.Statement {
	if !c.seen[codecPath] {
		c.seen[codecPath] = true
		c.register(codecPath, "codec", "codec")
	}
	return jen.Qual(codecPath, name)
}

// persist returns the statements that give a query its codecs, that of its
// results if value says so.
func (c *coder) persist(w *writer, value bool) []jen.Code {
	var list []jen.Code
	add := func(method string, t types.Type) {
		list = append(list, jen.Id(w.descriptorName).Dot(method).Call(jen.Id(c.variable(t))))
	}
	if t := w.pack.one(w.parts, w.keyName); t != nil && w.keyHasCodec() {
		add("PersistKey", t)
	}
	if t := w.pack.one(w.results, w.names.result); t != nil && value {
		add("PersistValue", t)
	}
	return list
}

// one returns the type that stands for all parts, nil if there are none. The
// struct of several is made here: there is none before the file is written.
func (p *pack) one(parts []part, structName string) types.Type {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0].typ
	}
	var fields []*types.Var
	for _, part := range parts {
		fields = append(fields, types.NewField(token.NoPos, p.checked.types, part.field, part.typ, false))
	}
	name := types.NewTypeName(token.NoPos, p.checked.types, structName, nil)
	return types.NewNamed(name, types.NewStruct(fields, nil), nil)
}

// variable returns the name of the variable that holds the codec of t.
func (c *coder) variable(t types.Type) string {
	k := typeKey(types.Unalias(t))
	name, ok := c.vars[k]
	if !ok {
		name = c.free.unique(lowerFirst(c.words(t)) + "Codec")
		c.vars[k] = name
		c.order = append(c.order, codecVar{name, t})
	}
	return name
}

// emit writes all that has been asked for.
func (c *coder) emit() {
	for _, v := range c.order {
		c.file.Var().Id(v.name).Op("=").Add(c.codec("Type")).Types(c.expr(v.typ)).Custom(
			jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true},
			jen.Id("Encode").Op(":").Add(c.function(v.typ, opEncode)),
			jen.Id("Decode").Op(":").Add(c.function(v.typ, opDecode)),
			jen.Id("Equal").Op(":").Add(c.function(v.typ, opEqual)),
			jen.Id("Schema").Op(":").Lit(c.schemaHash(v.typ)),
		)
		c.file.Line()
	}
	for len(c.queue) > 0 { // writing one may ask for others
		f := c.queue[0]
		c.queue = c.queue[1:]
		c.emitFunctions(f)
	}
}

func (c *coder) emitFunctions(f *functions) {
	l := c.locals
	ptr := func(name string) *jen.Statement { return jen.Id(name).Op("*").Add(c.expr(f.typ)) }
	tool := func(name, typ string) *jen.Statement { return jen.Id(name).Op("*").Add(c.codec(typ)) }
	v, x, y := deref(l.v), deref(l.x), deref(l.y)
	c.file.Func().Id(f.encode).Params(tool(l.enc, "Encoder"), ptr(l.v)).Block(c.code(opEncode, f.typ, v)...)
	c.file.Line()
	c.file.Func().Id(f.decode).Params(tool(l.dec, "Decoder"), ptr(l.v)).Block(c.code(opDecode, f.typ, v)...)
	c.file.Line()
	if !c.plain(f.typ) {
		c.file.Func().Id(f.equal).Params(tool(l.eq, "Comparer"), jen.List(jen.Id(l.x), ptr(l.y))).Bool().
			Block(c.equalBody(f.typ, x, y)...)
		c.file.Line()
	}
}

// An op is one of the three things that a codec does.
type op string

const (
	opEncode op = "Encode"
	opDecode op = "Decode"
	opEqual  op = "Equal"
)

// function returns code for the function value that does op on a t.
func (c *coder) function(t types.Type, o op) *jen.Statement {
	f := layoutOf(t)
	switch {
	case o == opEqual && c.plain(t):
		return c.codec("EqualPlain").Types(c.expr(t))
	case f == layoutTime || f == layoutError:
		return c.codec(string(o) + string(f))
	case f.leaf():
		return c.codec(string(o) + string(f)).Types(c.expr(t))
	}
	fns := c.functionsOf(t)
	switch o {
	case opEncode:
		return jen.Id(fns.encode)
	case opDecode:
		return jen.Id(fns.decode)
	}
	return jen.Id(fns.equal)
}

// functionsOf names the functions of a type, and sees to it that they are
// written.
func (c *coder) functionsOf(t types.Type) *functions {
	k := typeKey(types.Unalias(t))
	if f := c.functions[k]; f != nil {
		return f
	}
	words := c.words(t)
	taken := make(scope)
	for {
		try := taken.unique(words)
		f := &functions{t, "encode" + try, "decode" + try, "equal" + try}
		if !c.free[f.encode] && !c.free[f.decode] && !c.free[f.equal] {
			c.free.take(f.encode, f.decode, f.equal)
			c.functions[k] = f
			c.queue = append(c.queue, f)
			return f
		}
	}
}

// words spells a type as a part of a name: FilePtr, StringIntMap.
func (c *coder) words(t types.Type) string {
	name := func(obj *types.TypeName, args *types.TypeList) string {
		s := upperFirst(strings.TrimLeft(obj.Name(), "_"))
		if p := obj.Pkg(); p != nil && p != c.self {
			s = upperFirst(p.Name()) + s
		}
		for a := range args.Types() {
			s += c.words(a)
		}
		return s
	}
	switch t := t.(type) {
	case *types.Basic:
		return upperFirst(t.Name())
	case *types.Alias:
		return name(t.Obj(), t.TypeArgs())
	case *types.Named:
		return name(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		return c.words(t.Elem()) + "Ptr"
	case *types.Slice:
		return c.words(t.Elem()) + "Slice"
	case *types.Array:
		return fmt.Sprintf("%sArray%d", c.words(t.Elem()), t.Len())
	case *types.Map:
		return c.words(t.Key()) + c.words(t.Elem()) + "Map"
	case *types.Interface:
		return "Interface"
	}
	return "Struct"
}
