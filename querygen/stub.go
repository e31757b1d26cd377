package querygen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"slices"
	"strings"
)

// stubRuntime is the name by which stubs import the runtime.
const stubRuntime = "querygen_stub_runtime"

// stubs returns files with the signatures of the wrappers, to be checked in
// place of the generated file: one for each file with queries, because the
// types are copied from there as text and mean what that file's imports say.
//
// A stub is allowed to be wrong: what is wrong with it is wrong with the
// annotated function too, and reported there.
func (p *pack) stubs() []*ast.File {
	var files []*ast.File
	for _, s := range p.sources {
		var body strings.Builder
		for _, q := range p.queries {
			if q.source == s && !q.refused {
				q.writeStub(&body)
			}
		}
		if body.Len() == 0 {
			continue
		}
		text := s.stubHeader() + body.String()
		f, _ := parser.ParseFile(p.world.fset, stubName(s.path), text, parser.SkipObjectResolution)
		if f != nil {
			files = append(files, f)
		}
	}
	if f := p.projectionStubs(); f != nil {
		files = append(files, f)
	}
	return files
}

// stubName is the file name of the stub for the file at path. No file of the
// user can have it.
func stubName(path string) string { return path + "\x00stub" }

func isStub(path string) bool { return strings.HasSuffix(path, "\x00stub") }

func (s *source) stubHeader() string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\nimport %s %q\n", s.pack.name, stubRuntime, runtimePath)
	for _, spec := range s.syntax.Imports {
		if spec.Path.Value != `"C"` && (spec.Name == nil || spec.Name.Name != "_") {
			fmt.Fprintf(&b, "import %s\n", s.slice(spec))
		}
	}
	return b.String()
}

// writeStub writes the declarations of one query.
func (q *query) writeStub(b *strings.Builder) {
	params := q.parts
	if q.recv != "" {
		params = params[1:]
	}
	ins, outs := q.exprs(params), q.exprs(q.results)
	failing := slices.Clone(outs)
	if q.failure != nil {
		failing = append(failing, "error")
	}
	context, tx := "*"+stubRuntime+".Context", "*"+stubRuntime+".Tx"
	n := q.names
	q.writeStubStructs(b)
	q.writeStubFunc(b, n.wrapper, prepend(context, ins), failing)
	q.writeStubFunc(b, n.task, ins, []string{stubRuntime + ".Task[" + q.valueStub(outs) + "]"})
	q.writeStubFunc(b, n.refresh, prepend(tx, ins), nil)
	q.writeStubFunc(b, n.set, append(prepend(tx, ins), outs...), nil)
	q.writeStubFunc(b, n.unset, prepend(tx, ins), nil)
	q.writeStubFunc(b, n.lookup, prepend(tx, ins), append(slices.Clone(outs), "bool"))
	if n.keys != "" && !q.hidden[n.keys] {
		fmt.Fprintf(b, "func %s(%s) []%s\n", n.keys, context, q.keyStub())
	}
}

// Parameters have no names in stubs: the names are of no use to callers, and
// left out they can't be duplicates or anything else that is wrong.

// writeStubFunc writes a function, or a method if the query is one, unless the
// query has none of that sort or its name collides.
func (q *query) writeStubFunc(b *strings.Builder, name string, ins, outs []string) {
	if name == "" || q.hidden[q.fullName(declaration{name, q.recv != ""})] {
		return
	}
	recv := ""
	if q.recv != "" {
		recv = "(" + q.recv + ") "
	}
	fmt.Fprintf(b, "func %s%s(%s) (%s)\n", recv, name, strings.Join(ins, ", "), strings.Join(outs, ", "))
}

// valueStub is the type that stands for all results.
func (q *query) valueStub(outs []string) string {
	switch {
	case q.names.result != "":
		return q.names.result
	case len(outs) == 1:
		return outs[0]
	}
	return "struct{}"
}

// keyStub is the type that stands for all key parts of an input.
func (q *query) keyStub() string {
	if q.names.key != "" {
		return q.names.key
	}
	return q.exprs(q.parts)[0]
}

// writeStubStructs writes the structs that users can name.
func (q *query) writeStubStructs(b *strings.Builder) {
	if n := q.names.result; n != "" && !q.hidden[n] {
		writeStubStruct(b, n, q.results, q.exprs(q.results))
	}
	if n := q.names.key; n != "" && !q.hidden[n] {
		writeStubStruct(b, n, q.parts, q.exprs(q.parts))
	}
}

func writeStubStruct(b *strings.Builder, name string, parts []part, types []string) {
	fmt.Fprintf(b, "type %s struct {\n", name)
	for i, p := range parts {
		fmt.Fprintf(b, "%s %s\n", p.field, types[i])
	}
	b.WriteString("}\n")
}

// exprs returns the types of the parts as the user has written them.
func (q *query) exprs(parts []part) []string {
	list := make([]string, len(parts))
	for i, p := range parts {
		if rest, ok := p.expr.(*ast.Ellipsis); ok { // an error, but not one of its callers
			list[i] = "[]" + q.source.slice(rest.Elt)
			continue
		}
		list[i] = q.source.slice(p.expr)
	}
	return list
}

func prepend(first string, rest []string) []string {
	return append([]string{first}, rest...)
}
