package querygen

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
)

// A shape is the signature of one generated function, with the names that its
// body uses.
//
// Types in a signature are never hidden by its parameters, which are in scope
// only in the body. And the bodies mention no imported package. So parameters
// may be called as the user likes, except by the few names of mentioned.
type shape struct {
	locals  scope  // all names in use, for new ones to give way to
	kept    scope  // the names that parameters can't have any more
	first   string // the Context or the Tx
	recv    *jen.Statement
	keys    []string   // the names of the key parts
	params  []jen.Code // the key parts that are parameters, with their types
	results []string   // the names of the results, "" if the user gave none
	failure string     // the name of the error result, "" if it has none
}

// shape chooses names for a function whose first parameter is called first
// unless the user has another name for it. Parameters keep their names as far
// as possible: only what the body mentions must stay visible.
func (w *writer) shape(first string, own bool) *shape {
	s := &shape{locals: make(scope), kept: make(scope)}
	s.locals.take(w.mentioned()...)
	s.locals.take(w.userNames()...) // ours give way to all of theirs
	if own && w.context.name != "" {
		first = w.context.name
	}
	s.first = s.locals.unique(first)
	s.kept.take(w.mentioned()...)
	for i, p := range w.parts {
		fallback := fmt.Sprintf("p%d", i+1)
		if i == 0 && w.recv != "" {
			fallback = receiverLetter(w.recv)
		}
		s.keys = append(s.keys, s.keep(p.name, fallback))
		s.add(jen.Id(s.keys[i]).Add(w.expr(p.typ)), i == 0 && w.recv != "")
	}
	for _, p := range w.results {
		name := p.name
		if name != "" {
			name = s.keep(name, "")
		}
		s.results = append(s.results, name)
	}
	return s
}

// mentioned returns the names at package level that bodies mention.
func (w *writer) mentioned() []string {
	return []string{w.descriptorName, w.keyName, w.names.result}
}

// add adds a key part to the signature.
func (s *shape) add(code *jen.Statement, receiver bool) {
	if receiver {
		s.recv = code
	} else {
		s.params = append(s.params, code)
	}
}

// keep returns the user's name of a parameter, or a new one if it has none or
// it would hide what the body mentions.
func (s *shape) keep(name, fallback string) string {
	if name == "" {
		return s.locals.unique(fallback)
	}
	if s.kept[name] {
		return s.locals.unique(name)
	}
	s.kept[name] = true
	return name
}

// key emits the key made of the parameters, in the form that the descriptor has
// been given: see writer.
func (w *writer) key(s *shape) jen.Code {
	switch len(w.parts) {
	case 0:
		return jen.Struct().Values()
	case 1:
		return jen.Id(s.keys[0])
	}
	var fields []jen.Code
	for i, p := range w.parts {
		fields = append(fields, jen.Id(p.field).Op(":").Id(s.keys[i]))
	}
	return jen.Id(w.keyName).Values(fields...)
}

// declare emits the head of a function or method.
func (w *writer) declare(s *shape, name string, params, results []jen.Code) *jen.Statement {
	f := w.file.Func()
	if s.recv != nil {
		f.Params(s.recv)
	}
	return f.Id(name).Params(params...).Params(results...)
}

// functions emits the wrapper and what goes with it.
func (w *writer) functions() {
	w.wrapper()
	n := w.names
	for _, emit := range []struct {
		name string
		f    func(name string)
	}{
		{n.task, w.task},
		{n.refresh, w.refresh},
		{n.keys, w.keysFunc},
		{n.set, w.set},
		{n.unset, w.unset},
		{n.lookup, w.lookup},
	} {
		if emit.name != "" {
			w.file.Line()
			emit.f(emit.name)
		}
	}
	w.file.Line()
}

// wrapper emits the memoized form.
func (w *writer) wrapper() {
	for _, line := range w.docLines() {
		w.file.Comment(line)
	}
	w.wrapperFunc()
}

func (w *writer) wrapperFunc() {
	s := w.shape("cx", true)
	method := "Value"
	results, named := w.resultList(s)
	if w.failure != nil {
		method = "Get"
		results = append(results, w.failureResult(s, named))
	}
	params := append([]jen.Code{jen.Id(s.first).Op("*").Add(w.runtime("Context"))}, s.params...)
	get := jen.Id(w.descriptorName).Dot(method).Call(jen.Id(s.first), w.key(s))
	w.declare(s, w.names.wrapper, params, results).Block(w.unpack(s, get)...)
}

// failureResult returns the error among the results, with a name if the others
// have names.
func (w *writer) failureResult(s *shape, named bool) jen.Code {
	switch {
	case !named:
		return jen.Error()
	case w.failure.name == "":
		return jen.Id("_").Error()
	}
	s.failure = s.keep(w.failure.name, "")
	return jen.Id(s.failure).Error()
}

// resultList returns the results with their names, if the user named them.
func (w *writer) resultList(s *shape) (list []jen.Code, named bool) {
	for _, name := range s.results {
		named = named || name != ""
	}
	for i, p := range w.results {
		code := w.expr(p.typ)
		if named {
			name := s.results[i]
			if name == "" {
				name = "_"
			}
			code = jen.Id(name).Add(code)
		}
		list = append(list, code)
	}
	return list, named
}

// unpack emits the return of a call of Get or Value in the function's own shape.
func (w *writer) unpack(s *shape, get jen.Code) []jen.Code {
	switch {
	case len(w.results) == 0:
		op := ":="
		if s.failure != "" {
			op = "="
		}
		err := s.err()
		return []jen.Code{jen.List(jen.Id("_"), err).Op(op).Add(get), jen.Return(err)}
	case len(w.results) == 1:
		return []jen.Code{jen.Return(get)}
	}
	r := s.locals.unique("r")
	vars := []jen.Code{jen.Id(r)}
	fields := w.fields(r)
	if w.failure != nil {
		err := s.err()
		vars, fields = append(vars, err), append(fields, err)
	}
	return []jen.Code{jen.List(vars...).Op(":=").Add(get), jen.Return(fields...)}
}

// err returns the variable for the error: the named result, if it has a name.
func (s *shape) err() *jen.Statement {
	if s.failure != "" {
		return jen.Id(s.failure)
	}
	return jen.Id(s.locals.unique("err"))
}

// fields lists the results out of the struct that holds them.
func (w *writer) fields(r string) []jen.Code {
	var list []jen.Code
	for _, p := range w.results {
		list = append(list, jen.Id(r).Dot(p.field))
	}
	return list
}

// receiverLetter names a receiver that the user has not named, as Go users do.
func receiverLetter(typeName string) string {
	r, _ := utf8.DecodeRuneInString(typeName)
	return string(unicode.ToLower(r))
}
