package querygen

import (
	"go/types"

	"github.com/dave/jennifer/jen"
)

// interfaceCode returns the switch over the listed implementations. The name of
// the concrete type is written before the value.
func (c *coder) interfaceCode(o op, t types.Type, p operand) []jen.Code {
	if o == opDecode {
		return c.decodeInterface(t, p)
	}
	enc, x := jen.Id(c.locals.enc), c.locals.x
	cases := []jen.Code{jen.Case(jen.Nil()).Block(jen.Add(enc).Dot("Nil").Call())}
	for _, impl := range c.of(t) {
		cases = append(cases, jen.Case(c.expr(impl)).Block(
			c.codec("EncodeImplementation").Call(enc, jen.Lit(typeKey(impl)), jen.Op("&").Id(x), c.function(impl, opEncode)),
		))
	}
	cases = append(cases, jen.Default().Block(jen.Add(enc).Dot("Unlisted").Call(jen.Id(x))))
	return []jen.Code{jen.Switch(jen.Id(x).Op(":=").Parens(p.val).Assert(jen.Type())).Block(cases...)}
}

func (c *coder) decodeInterface(t types.Type, p operand) []jen.Code {
	dec := jen.Id(c.locals.dec)
	cases := []jen.Code{jen.Case(jen.Lit("")).Comment("nil")}
	for _, impl := range c.of(t) {
		cases = append(cases, jen.Case(jen.Lit(typeKey(impl))).Block(
			jen.Add(p.val).Op("=").Add(c.codec("DecodeImplementation").Call(dec, c.function(impl, opDecode))),
		))
	}
	cases = append(cases, jen.Default().Block(jen.Add(dec).Dot("Unlisted").Call()))
	return []jen.Code{jen.Switch(jen.Add(dec).Dot("Implementation").Call()).Block(cases...)}
}

// equalBody returns the statements of a type's function for equality.
func (c *coder) equalBody(t types.Type, a, b operand) []jen.Code {
	if layoutOf(t) != layoutInterface {
		return []jen.Code{jen.Return(c.equal(t, a, b))}
	}
	left, right, ok := jen.Id(c.locals.left), jen.Id(c.locals.right), jen.Id(c.locals.ok)
	cases := []jen.Code{jen.Case(jen.Nil()).Block(jen.Return(jen.Add(b.val).Op("==").Nil()))}
	for _, impl := range c.of(t) {
		cases = append(cases, jen.Case(c.expr(impl)).Block(
			jen.List(right, ok).Op(":=").Parens(b.val).Assert(c.expr(impl)),
			jen.Return(jen.Add(ok).Op("&&").Add(c.codec("EqualImplementation")).Call(
				jen.Id(c.locals.eq), jen.Op("&").Add(left), jen.Op("&").Add(right), c.function(impl, opEqual))),
		))
	}
	return []jen.Code{
		jen.Switch(jen.Add(left).Op(":=").Parens(a.val).Assert(jen.Type())).Block(cases...),
		jen.Return(jen.False()), // of a type that is not listed: each is a change
	}
}
