package querygen

import (
	"go/types"
	"slices"

	"github.com/dave/jennifer/jen"
)

// projections emits the projections of a query, and returns the statements that
// bind them.
func (w *writer) projections(codecs *coder) []jen.Code {
	var binds []jen.Code
	for _, pr := range w.query.projections {
		part := w.planProjection(pr)
		part.descriptor()
		if pr.key != nil {
			part.structs()
		}
		part.projectionDoc(w, pr)
		part.wrapperFunc()
		w.file.Line()
		binds = append(binds, part.bindProjection(w, pr))
		binds = append(binds, codecs.persist(part, w.savesPart(pr))...)
	}
	return binds
}

// savesPart tells whether a projection has a codec of its value. It may have none
// although the whole has one, if that is the whole's own.
func (w *writer) savesPart(pr projection) bool {
	return w.persisted() && len(w.codecFlaws(pr.typ, false)) == 0
}

// planProjection makes a query of a projection. It is pure, whatever the whole
// is, and never written to disk: to make it again from the whole costs nothing.
// It has codecs all the same: the key's for what it has read, the value's
// because two values are compared by it.
func (w *writer) planProjection(pr projection) *writer {
	o := options{noPersist: true, eqNever: !hasEqual(pr.typ) && !w.savesPart(pr) && badResult(pr.typ) != nil}
	o.identity = w.ann.options.identity && (hasEqual(pr.typ) || types.Comparable(pr.typ))
	q := *w.query
	q.projections, q.suffix = nil, pr.suffix()
	q.code = projectionCode(pr)
	q.ann = &annotation{pos: w.ann.pos, kind: kindPure, options: o}
	q.names = names{wrapper: pr.name}
	q.results = []part{{typ: pr.typ}}
	if pr.key == nil {
		part := w.plan(&q)
		part.keyName, part.keyType = w.keyName, w.keyType
		return part
	}
	q.parts = append(slices.Clone(q.parts), part{name: "key", typ: pr.key})
	q.results = []part{{name: "value", typ: pr.typ}, {name: "ok", typ: types.Typ[types.Bool]}}
	if q.failure != nil {
		q.failure = &part{name: "err"}
	}
	nameFields(q.parts, "P")
	nameFields(q.results, "R")
	q.names.result = w.free.unique(lowerFirst(pr.name) + "Result")
	return w.plan(&q)
}

// projectionDoc emits the doc comment of a projection's wrapper.
func (w *writer) projectionDoc(whole *writer, pr projection) {
	link := whole.link(whole.names.wrapper)
	if pr.key != nil {
		w.comment("%s returns the entry for key of the map that %s returns, and whether there is one. A query that reads it runs again only if this entry has changed, come or gone.", pr.name, link)
		return
	}
	empty := ""
	if isPointer(whole.results[0].typ) {
		empty = ", or its zero value if that is nil"
	}
	w.comment("%s returns the field %s of what %s returns%s. A query that reads it runs again only if this field has changed.", pr.name, pr.field, link, empty)
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// bindProjection emits the statement that gives a projection its body.
func (w *writer) bindProjection(whole *writer, pr projection) jen.Code {
	method := jen.Id(w.decl.Name.Name)
	if w.recv != "" {
		method = jen.Id(w.recv).Dot(w.decl.Name.Name)
	}
	k := jen.Id("k")
	if len(w.parts) == 0 {
		k = jen.Id("_")
	}
	return jen.Id(w.descriptorName).Dot("Bind").Call(
		method,
		jen.Func().Params(
			jen.Id("cx").Op("*").Add(w.runtime("Context")),
			k.Add(w.keyType),
		).Params(w.valueType, jen.Error()).Block(w.projectionBody(whole, pr)...),
	)
}

func (w *writer) projectionBody(whole *writer, pr projection) []jen.Code {
	v, failure := jen.Id("v"), jen.Nil()
	read := v.Clone().Op(":=").Id(whole.descriptorName).Dot("Value")
	if w.failure != nil {
		failure = jen.Id("err")
		read = jen.List(v.Clone(), failure.Clone()).Op(":=").Id(whole.descriptorName).Dot("Get")
	}
	body := []jen.Code{read.Call(jen.Id("cx"), w.wholeKey(whole, pr))}
	switch {
	case pr.key != nil:
		key := jen.Id("k")
		if len(w.parts) > 1 {
			key = key.Dot(w.parts[len(w.parts)-1].field)
		}
		return append(body,
			jen.List(jen.Id("value"), jen.Id("ok")).Op(":=").Add(v.Clone()).Index(key),
			jen.Return(jen.Id(w.names.result).Values(
				jen.Id(w.results[0].field).Op(":").Id("value"),
				jen.Id(w.results[1].field).Op(":").Id("ok"),
			), failure))
	case isPointer(whole.results[0].typ):
		body = append(body, jen.If(v.Clone().Op("==").Nil()).Block(
			jen.Var().Id("zero").Add(w.valueType),
			jen.Return(jen.Id("zero"), failure.Clone()),
		))
	}
	return append(body, jen.Return(v.Clone().Dot(pr.field), failure))
}

// wholeKey emits the key of the whole out of the projection's key.
func (w *writer) wholeKey(whole *writer, pr projection) jen.Code {
	switch {
	case len(whole.parts) == 0:
		return jen.Struct().Values()
	case pr.key == nil:
		return jen.Id("k")
	case len(whole.parts) == 1:
		return jen.Id("k").Dot(w.parts[0].field)
	}
	var fields []jen.Code
	for i, p := range whole.parts {
		fields = append(fields, jen.Id(p.field).Op(":").Id("k").Dot(w.parts[i].field))
	}
	return jen.Id(whole.keyName).Values(fields...)
}
