package querygen

import (
	"go/types"

	"github.com/dave/jennifer/jen"
)

// An operand is a variable in generated code.
type operand struct {
	base *jen.Statement // to select from and to slice: v, or v.Field
	addr *jen.Statement // v, or &v.Field
	val  *jen.Statement // *v, or v.Field
}

// deref is what the pointer of that name points at.
func deref(name string) operand {
	return operand{jen.Id(name), jen.Id(name), jen.Op("*").Id(name)}
}

// field is a field of the struct in p.
func (p operand) field(name string) operand {
	f := p.base.Clone().Dot(name)
	return operand{f, jen.Op("&").Add(f), f}
}

// slice is all elements of the array in p.
func (p operand) slice() *jen.Statement { return p.base.Clone().Index(jen.Op(":")) }

// code returns the statements that encode or decode p, a t. Inside of a type's
// own functions that is what t is made of, elsewhere a call.
func (c *coder) code(o op, t types.Type, p operand) []jen.Code {
	tool := c.locals.enc
	if o == opDecode {
		tool = c.locals.dec
	}
	f := layoutOf(t)
	call := func(first *jen.Statement, more ...jen.Code) []jen.Code {
		args := append([]jen.Code{jen.Id(tool), first}, more...)
		return []jen.Code{c.codec(string(o) + string(f)).Call(args...)}
	}
	if f == layoutInterface {
		return c.interfaceCode(o, t, p)
	}
	var parts []jen.Code
	for _, part := range c.components(t) {
		if f != layoutStruct {
			parts = append(parts, c.function(part.typ, o))
		}
	}
	switch f {
	case layoutStruct:
		return c.structCode(o, t, p, tool)
	case layoutByteArray:
		return call(p.slice())
	case layoutArray:
		return call(p.slice(), parts...)
	}
	return call(p.addr, parts...)
}

// structCode returns the statements for the fields.
func (c *coder) structCode(o op, t types.Type, p operand, tool string) []jen.Code {
	fields := c.components(t)
	list := []jen.Code{jen.Id(tool).Dot("Fields").Call(jen.Lit(len(fields)))}
	for _, f := range fields {
		list = append(list, c.part(o, f.typ, p.field(f.pos.Name()))...)
	}
	return list
}

// part is code for something that has a function of its own, if it has a name.
func (c *coder) part(o op, t types.Type, p operand) []jen.Code {
	if !c.byName(t) {
		return c.code(o, t, p)
	}
	tool := c.locals.enc
	if o == opDecode {
		tool = c.locals.dec
	}
	return []jen.Code{c.function(t, o).Call(jen.Id(tool), p.addr)}
}

// byName tells the types that are written by a function of their own wherever
// they occur: those with a name, and interfaces, which need statements.
func (c *coder) byName(t types.Type) bool {
	_, named := types.Unalias(t).(*types.Named)
	f := layoutOf(t)
	return f == layoutInterface || named && !f.leaf() && f != layoutHandle
}

// equal returns the condition that a and b, which are of type t, are equal.
func (c *coder) equal(t types.Type, a, b operand) *jen.Statement {
	eq := jen.Id(c.locals.eq)
	f := layoutOf(t)
	if c.plain(t) {
		return jen.Add(a.val).Op("==").Add(b.val)
	}
	switch f {
	case layoutStruct:
		return c.equalFields(t, a, b)
	case layoutArray:
		elem := c.components(t)[0].typ
		return c.codec("EqualArray").Call(eq, a.slice(), b.slice(), c.function(elem, opEqual))
	case layoutHandle:
		return c.codec("EqualEncoded").Call(a.addr, b.addr, c.function(t, opEncode))
	case layoutSlice:
		return c.equalSlice(t, a, b)
	case layoutMap:
		return c.equalMap(t, a, b)
	case layoutPointer:
		elem := c.components(t)[0].typ
		call := c.codec("EqualPointer").Call(eq, a.addr, b.addr, c.function(elem, opEqual))
		if c.holdsItself(t) {
			return jen.Parens(c.codec("Enter").Call(eq, a.val, b.val).Op("||").Add(call))
		}
		return call
	}
	return c.codec(string(opEqual)+string(f)).Call(eq, a.addr, b.addr)
}

func (c *coder) equalFields(t types.Type, a, b operand) *jen.Statement {
	var cond *jen.Statement
	for _, f := range c.components(t) {
		x, y := a.field(f.pos.Name()), b.field(f.pos.Name())
		var one *jen.Statement
		if c.byName(f.typ) && !c.plain(f.typ) {
			one = c.function(f.typ, opEqual).Call(jen.Id(c.locals.eq), x.addr, y.addr)
		} else {
			one = c.equal(f.typ, x, y)
		}
		if cond == nil {
			cond = one
			continue
		}
		cond = cond.Op("&&").Line().Add(one)
	}
	if cond == nil {
		return jen.True()
	}
	return cond
}

func (c *coder) equalSlice(t types.Type, a, b operand) *jen.Statement {
	eq, elem := jen.Id(c.locals.eq), c.components(t)[0].typ
	if c.plain(elem) {
		return c.codec("EqualPlainSlice").Call(eq, a.addr, b.addr)
	}
	call := c.codec("EqualSlice").Call(eq, a.addr, b.addr, c.function(elem, opEqual))
	if c.holdsItself(t) {
		return jen.Parens(c.codec("EnterSlice").Call(eq, a.addr, b.addr).Op("||").Add(call))
	}
	return call
}

// equalMap looks the keys of one map up in the other. Where == says something
// else than the bytes it compares these.
func (c *coder) equalMap(t types.Type, a, b operand) *jen.Statement {
	eq, parts := jen.Id(c.locals.eq), c.components(t)
	if !c.plain(parts[0].typ) {
		return c.codec("EqualEncoded").Call(a.addr, b.addr, c.function(t, opEncode))
	}
	call := c.codec("EqualMap").Call(eq, a.addr, b.addr, c.function(parts[1].typ, opEqual))
	if c.holdsItself(t) {
		return jen.Parens(c.codec("EnterMap").Call(eq, a.addr, b.addr).Op("||").Add(call))
	}
	return call
}
