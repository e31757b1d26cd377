package querygen

import (
	"bytes"
	"fmt"
	"go/types"
	"maps"

	"github.com/dave/jennifer/jen"
)

// An emitter writes the generated file of one package.
type emitter struct {
	*importer
	pack *pack
}

// emit returns the content of a package's generated file. All rules have been
// checked.
//
// For each query there is a descriptor, then the structs, then the wrapper and
// what goes with it. The descriptors know nothing of the functions: a package
// variable that mentions a function depends on all that the function mentions,
// and a recursive query would depend on itself by way of its wrapper, which Go
// reports as an initialization cycle. So the functions come in by an init.
func emit(p *pack) ([]byte, error) {
	f := jen.NewFilePathName(p.path, p.name)
	f.HeaderComment(header)
	e := &emitter{&importer{f, p.checked.types, p.takenNames(), make(map[string]bool)}, p}
	p.names = e.free // the map itself, to which all that follows will add
	e.seen[runtimePath] = true
	e.register(runtimePath, "", "query") // always spelled out: the package is called runtime
	codecs := e.newCoder()
	var binds []jen.Code
	for _, q := range p.queries {
		w := e.plan(q)
		w.descriptor()
		binds = append(binds, w.bind())
		binds = append(binds, w.rescue()...)
		binds = append(binds, codecs.persist(w, w.persisted())...)
		w.structs()
		w.functions()
		binds = append(binds, w.projections(codecs)...)
	}
	binds = append(binds, codecs.errors()...)
	f.Comment("The functions are bound here and not in the descriptors above, so that")
	f.Comment("queries may call each other in a circle.")
	f.Func().Id("init").Params().Block(binds...)
	codecs.emit()
	e.sources()
	if table := p.partTable(); table != "" {
		f.Line()
		f.Comment(table)
	}
	var buf bytes.Buffer
	if err := f.Render(&buf); err != nil {
		return nil, fmt.Errorf("internal error, the generated code is no Go: %w", err)
	}
	return buf.Bytes(), nil
}

// takenNames returns the names that nothing in the generated file may have:
// what the package declares, what wrappers add, what its files import by a dot,
// and the parameters of queries, which would hide a descriptor of that name.
func (p *pack) takenNames() scope {
	taken := scope{"err": true} // jennifer gives this name to no import
	for name := range p.declared() {
		taken.take(name)
	}
	taken.take(p.checked.types.Scope().Names()...)
	if p.role == internal {
		maps.Copy(taken, p.subject.names)
	}
	for _, q := range p.allQueries() {
		for _, d := range q.declarations() {
			taken.take(d.name)
		}
		taken.take(q.userNames()...)
		taken.take(q.context.name)
	}
	for _, s := range p.allSources() {
		file := p.checked.info.Scopes[s.syntax]
		for _, name := range file.Names() {
			if _, ok := file.Lookup(name).(*types.PkgName); !ok {
				taken.take(name)
			}
		}
	}
	return taken
}

// A writer emits what belongs to one query.
//
// To the runtime every query is a function of one comparable key with one value
// and perhaps an error. The writer maps the user's signature to that: no key
// parts are a struct{}, one is itself, several are a struct; the same with the
// results.
type writer struct {
	*emitter
	*query
	descriptorName string
	keyType        jen.Code
	valueType      jen.Code
	keyName        string // the struct of several key parts, or ""
}

// plan settles the names and types of one query.
func (e *emitter) plan(q *query) *writer {
	base := lowerFirst(q.names.wrapper)
	if q.recv != "" {
		base = lowerFirst(q.recv) + upperFirst(q.names.wrapper)
	}
	w := &writer{emitter: e, query: q, descriptorName: e.free.unique(base + "Query")}
	switch {
	case q.names.key != "":
		w.keyName = q.names.key
	case len(q.parts) > 1:
		w.keyName = e.free.unique(base + "Key")
	}
	w.keyType = e.valueOf(q.parts, w.keyName)
	w.valueType = e.valueOf(q.results, q.names.result)
	return w
}

// valueOf returns the one type that stands for all parts.
func (e *emitter) valueOf(parts []part, structName string) jen.Code {
	switch len(parts) {
	case 0:
		return jen.Struct()
	case 1:
		return e.expr(parts[0].typ)
	}
	return jen.Id(structName)
}

func (e *emitter) runtime(name string) *jen.Statement { return jen.Qual(runtimePath, name) }

var kindConstants = map[kind]string{
	kindPure:       "KindPure",
	kindInput:      "KindInput",
	kindGeneration: "KindGeneration",
	kindAlways:     "KindAlways",
}

// descriptor emits the variable by which the runtime knows the query.
func (w *writer) descriptor() {
	o := w.ann.options
	fields := []jen.Code{
		jen.Id("Name").Op(":").Lit(w.pack.path + "." + w.qualified() + w.suffix),
		jen.Id("Kind").Op(":").Add(w.runtime(kindConstants[w.ann.kind])),
	}
	if n := len(w.parts); n > 0 {
		fields = append(fields, jen.Id("Params").Op(":").Lit(n))
	}
	if n := len(w.results); n > 1 {
		fields = append(fields, jen.Id("Results").Op(":").Lit(n))
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{{"Fails", w.failure != nil}, {"EqNever", o.eqNever}, {"Identity", o.identity}, {"NoPersist", o.noPersist}} {
		if flag.set {
			fields = append(fields, jen.Id(flag.name).Op(":").True())
		}
	}
	if o.version != "" {
		fields = append(fields, jen.Id("Version").Op(":").Lit(o.version))
	}
	if o.limit > 0 {
		fields = append(fields, jen.Id("Limit").Op(":").Lit(o.limit))
	}
	if w.code != (digest{}) {
		fields = append(fields, jen.Id("Code").Op(":").Lit(w.code.String()))
	}
	w.file.Var().Id(w.descriptorName).Op("=").Add(w.runtime("Define")).Types(w.keyType, w.valueType).Call(
		w.runtime("Definition").Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, fields...),
	)
	w.file.Line()
}

// structs emits the structs for several key parts and several results.
func (w *writer) structs() {
	if w.keyName != "" {
		w.structType(w.keyName, w.parts, fmt.Sprintf("%s holds the arguments of %s.", w.keyName, w.link(w.names.wrapper)))
	}
	if w.names.result != "" {
		w.structType(w.names.result, w.results, fmt.Sprintf("%s holds the results of %s.", w.names.result, w.link(w.names.wrapper)))
	}
}

func (w *writer) structType(name string, parts []part, doc string) {
	w.comment("%s", doc)
	var fields []jen.Code
	for _, p := range parts {
		fields = append(fields, jen.Id(p.field).Add(w.expr(p.typ)))
	}
	w.file.Type().Id(name).Struct(fields...)
	w.file.Line()
}

// link returns the doc link to a function or method of the query.
func (w *writer) link(name string) string {
	if w.recv != "" {
		name = w.recv + "." + name
	}
	return "[" + name + "]"
}

// bind emits the statement that gives the descriptor its function. Within it
// the names are ours, and must only leave the annotated function visible.
func (w *writer) bind() jen.Code {
	method, body := w.adapt(w.decl.Name.Name)
	return jen.Id(w.descriptorName).Dot("Bind").Call(method, body)
}

// adapt emits what calls a function with the query's signature, in the shape of
// the descriptor, and the function itself as an expression.
func (w *writer) adapt(name string) (method, body jen.Code) {
	local := make(scope)
	local.take(name, w.keyName, w.names.result)
	cx, k := jen.Id(local.unique("cx")), local.unique("k")
	args := []jen.Code{cx}
	for _, p := range w.parts {
		arg := jen.Id(k)
		if len(w.parts) > 1 {
			arg = arg.Dot(p.field)
		}
		args = append(args, arg)
	}
	fn, method := jen.Id(name), jen.Id(name)
	if w.recv != "" {
		fn = args[1].(*jen.Statement).Clone().Dot(name)
		method = jen.Id(w.recv).Dot(name)
		args = append(args[:1:1], args[2:]...)
	}
	if len(w.parts) == 0 {
		k = "_"
	}
	return method, jen.Func().Params(
		jen.Add(cx).Op("*").Add(w.runtime("Context")),
		jen.Id(k).Add(w.keyType),
	).Params(w.valueType, jen.Error()).Block(w.body(fn.Call(args...), local)...)
}

// body emits the statements that call the function and return its outcome in
// the shape (V, error). A value that comes with an error is kept: some functions
// mean it, as io.Reader does, and the wrapper must not be poorer than them.
func (w *writer) body(call jen.Code, local scope) []jen.Code {
	fails := w.failure != nil
	switch {
	case len(w.results) == 0:
		return []jen.Code{jen.Return(jen.Struct().Values(), call)}
	case len(w.results) == 1 && fails:
		return []jen.Code{jen.Return(call)}
	case len(w.results) == 1:
		return []jen.Code{jen.Return(call, jen.Nil())}
	}
	var vars, values []jen.Code
	for i, p := range w.results {
		id := jen.Id(local.unique(fmt.Sprintf("r%d", i+1)))
		vars = append(vars, id)
		values = append(values, jen.Id(p.field).Op(":").Add(id))
	}
	failure := jen.Nil()
	if fails {
		failure = jen.Id(local.unique("err"))
		vars = append(vars, failure)
	}
	return []jen.Code{
		jen.List(vars...).Op(":=").Add(call),
		jen.Return(jen.Id(w.names.result).Values(values...), failure),
	}
}
