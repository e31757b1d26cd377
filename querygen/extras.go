package querygen

import "github.com/dave/jennifer/jen"

// task emits the constructor of tasks.
func (w *writer) task(name string) {
	s := w.shape("cx", false)
	w.comment("%s is the task of demanding %s.", name, w.link(w.names.wrapper))
	w.declare(s, name, s.params, []jen.Code{w.runtime("Task").Types(w.valueType)}).Block(
		jen.Return(jen.Id(w.descriptorName).Dot("Task").Call(w.key(s))),
	)
}

// tx returns the parameters of a function within an Update.
func (w *writer) tx(s *shape) []jen.Code {
	return append([]jen.Code{jen.Id(s.first).Op("*").Add(w.runtime("Tx"))}, s.params...)
}

// refresh emits the function that makes one node of a rerun:generation run.
func (w *writer) refresh(name string) {
	s := w.shape("tx", false)
	w.comment("%s makes %s with these arguments run again at its next demand; no other node is affected unless the outcome changes.", name, w.link(w.names.wrapper))
	w.declare(s, name, w.tx(s), nil).Block(w.on(s, "Refresh"))
}

// on emits the call of a descriptor's method for the function's Tx and key.
func (w *writer) on(s *shape, method string, more ...jen.Code) *jen.Statement {
	args := append([]jen.Code{jen.Id(s.first), w.key(s)}, more...)
	return jen.Id(w.descriptorName).Dot(method).Call(args...)
}

// keysFunc emits the list of an input's keys. It is a function even if the
// input is a method, because the receiver is part of each key.
func (w *writer) keysFunc(name string) {
	w.comment("%s returns the arguments for which %s is set, in order of first set. To a query that calls it, it is a read that changes only when one of them comes or goes.", name, w.link(w.names.wrapper))
	w.file.Func().Id(name).Params(jen.Id("cx").Op("*").Add(w.runtime("Context"))).Index().Add(w.keyType).Block(
		jen.Return(jen.Id(w.descriptorName).Dot("Keys").Call(jen.Id("cx"))),
	)
}

// set emits the setter of an input.
func (w *writer) set(name string) {
	s := w.shape("tx", false)
	w.nameValues(s)
	params := w.tx(s)
	var value jen.Code = jen.Struct().Values()
	var fields []jen.Code
	for i, p := range w.results {
		id := jen.Id(s.results[i])
		params = append(params, jen.Add(id).Add(w.expr(p.typ)))
		fields = append(fields, jen.Id(p.field).Op(":").Add(id))
		value = id
	}
	if w.names.result != "" {
		value = jen.Id(w.names.result).Values(fields...)
	}
	w.comment("%s sets what %s returns. An equal value is no change.", name, w.link(w.names.wrapper))
	w.declare(s, name, params, nil).Block(w.on(s, "Set", value))
}

// nameValues names all results: as parameters of a setter they need it.
func (w *writer) nameValues(s *shape) {
	for i, name := range s.results {
		if name == "" {
			s.results[i] = s.locals.unique("value")
		}
	}
}

// unset emits the function that takes an input's value away.
func (w *writer) unset(name string) {
	s := w.shape("tx", false)
	w.comment("%s takes away what was set: %s is what its function says again.", name, w.link(w.names.wrapper))
	w.declare(s, name, w.tx(s), nil).Block(w.on(s, "Unset"))
}

// lookup emits the function that returns what an input is set to.
func (w *writer) lookup(name string) {
	s := w.shape("tx", false)
	w.nameValues(s)
	results, _ := w.resultList(s)
	ok := s.locals.unique("ok")
	results = append(results, jen.Id(ok).Bool())
	w.comment("%s returns what %s is set to, the sets of this Tx included.", name, w.link(w.names.wrapper))
	w.declare(s, name, w.tx(s), results).Block(w.unpackLookup(s)...)
}

func (w *writer) unpackLookup(s *shape) []jen.Code {
	call := w.on(s, "Lookup")
	if len(w.results) == 1 {
		return []jen.Code{jen.Return(call)}
	}
	r, set := "_", s.locals.unique("set")
	if len(w.results) > 1 {
		r = s.locals.unique("r")
	}
	return []jen.Code{
		jen.List(jen.Id(r), jen.Id(set)).Op(":=").Add(call),
		jen.Return(append(w.fields(r), jen.Id(set))...),
	}
}
