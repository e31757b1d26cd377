package querygen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// The option cycle= names a mode and a function: how the nodes of a query get
// out of a cycle, and what they have there to begin with.

// rescueMethods are the modes, each with the method of the descriptor that is
// given the function.
var rescueMethods = map[string]string{
	"fallback": "Fallback",
	"fixpoint": "Fixpoint",
}

func setCycle(o *options, v string) bool {
	mode, fn, _ := strings.Cut(v, ":")
	if rescueMethods[mode] == "" || !token.IsIdentifier(fn) || fn == "_" {
		return false
	}
	o.rescue, o.spare = mode, fn
	return true
}

// explainCycle says what is wrong with the value of cycle=, and how many bytes
// into it.
func explainCycle(v string) (msg string, skip int) {
	mode, fn, _ := strings.Cut(v, ":")
	if rescueMethods[mode] == "" {
		if near, ok := nearest(mode, slices.Sorted(maps.Keys(rescueMethods))); ok {
			return fmt.Sprintf("unknown mode %q of cycle=, did you mean %s?", mode, near), 0
		}
		return "", 0
	}
	if fn == "" {
		return fmt.Sprintf("cycle=%s wants the name of a function: cycle=%s:fn", mode, mode), len(v)
	}
	return fmt.Sprintf("bad name %q in cycle=%s:, want that of a function of this package, or of a method of the receiver, alone", fn, mode), len(mode) + len(":")
}

// sparePos is where the annotation names the function.
func (q *query) sparePos() token.Pos {
	return q.ann.placeOf("cycle") + token.Pos(len("cycle=")+len(q.ann.options.rescue)+len(":"))
}

// checkCycle checks the option cycle=, and finds its function.
func (q *query) checkCycle() {
	o := q.ann.options
	if o.spare == "" || q.refused {
		return
	}
	if q.ann.kind != kindPure {
		q.errorf(q.ann.placeOf("cycle"), "the option cycle= goes with %s only, not with %s", kindPure.spelling(), q.ann.kind.spelling())
		return
	}
	if o.rescue == "fixpoint" && o.eqNever {
		q.errorf(q.ann.placeOf("cycle"), "cycle=fixpoint goes on until nothing changes, and with eq=never each run is a change: keep one of them")
	}
	if q.context == nil || !isContext(q.context.typ) || invalid(q.object.Signature()) {
		return // reported where it is, and what is wanted is not known
	}
	for _, obj := range q.spares() {
		if obj.Name() != o.spare {
			continue
		}
		if flaw := q.spareFlaw(obj); flaw != "" {
			q.errorf(q.sparePos(), "%s", flaw)
		} else {
			q.spareFunc = obj.(*types.Func)
		}
		return
	}
	q.errorf(q.sparePos(), "%s", q.missingSpare())
}

// spares returns what the name of the function may mean: what the package
// declares, or for a method, the methods of the receiver's type.
func (q *query) spares() []types.Object {
	var list []types.Object
	if recv := q.object.Signature().Recv(); recv != nil {
		if named, ok := types.Unalias(recv.Type()).(*types.Named); ok {
			for m := range named.Methods() {
				list = append(list, m)
			}
		}
		return list
	}
	scope := q.source.pack.checked.types.Scope()
	for _, name := range scope.Names() {
		list = append(list, scope.Lookup(name))
	}
	return list
}

// missingSpare says that there is no such function, and what there could be.
func (q *query) missingSpare() string {
	what, name := "function", q.ann.options.spare
	if q.recv != "" {
		what = "method"
	}
	var fitting []string
	for _, obj := range q.spares() {
		if q.spareFlaw(obj) == "" {
			fitting = append(fitting, obj.Name())
		}
	}
	if near, ok := nearest(name, fitting); ok {
		return fmt.Sprintf("there is no %s %s here, did you mean %s?", what, name, near)
	}
	return fmt.Sprintf("there is no %s %s here, cycle=%s wants %s", what, name, q.ann.options.rescue, q.wantedSpare())
}

// wantedSpare spells the declaration of the function as it has to be.
func (q *query) wantedSpare() string {
	recv := ""
	if q.recv != "" {
		recv = fmt.Sprintf("(%s) ", strings.TrimSpace(q.parts[0].name+" "+q.recv))
	}
	return "func " + recv + q.ann.options.spare + strings.TrimPrefix(types.ExprString(q.decl.Type), "func")
}

// spareFlaw says why an object can't be the function of the option; "" if it can.
func (q *query) spareFlaw(obj types.Object) string {
	name, wants := obj.Name(), fmt.Sprintf("cycle=%s wants %s", q.ann.options.rescue, q.wantedSpare())
	fn, ok := obj.(*types.Func)
	switch {
	case !ok:
		return fmt.Sprintf("%s is no function, %s", name, wants)
	case q.source.pack.queryAt(fn.Pos()) || q.source.generated(fn) && demands(fn):
		return fmt.Sprintf("%s is a query, and on a cycle nothing can be demanded: write a plain function", name)
	case fn.Signature().TypeParams() != nil:
		return fmt.Sprintf("%s has type parameters, %s", name, wants)
	case invalid(fn.Signature()):
		return "" // reported where it is
	case !sameShape(fn.Signature(), q.object.Signature()):
		return fmt.Sprintf("%s has another signature than %s, %s", name, q.qualified(), wants)
	}
	return ""
}

// sameShape tells whether two functions have equal parameters and results, and
// equal receivers if they have some.
func sameShape(a, b *types.Signature) bool {
	return types.Identical(a, b) && (a.Recv() == nil || types.Identical(a.Recv().Type(), b.Recv().Type()))
}

// queryAt tells whether pos is where a query of the package has its name.
func (p *pack) queryAt(pos token.Pos) bool {
	return slices.ContainsFunc(p.allQueries(), func(q *query) bool { return q.decl.Name.Pos() == pos })
}

// generated tells whether an object is one of a stub or a generated file.
func (s *source) generated(obj types.Object) bool {
	path := s.position(obj.Pos()).Filename
	return isStub(path) || isOutput(path)
}

// spareDecls returns the declarations of the functions that the options cycle=
// of a package name.
func (p *pack) spareDecls() map[*ast.FuncDecl]*query {
	decls := make(map[*ast.FuncDecl]*query)
	for _, q := range p.queries {
		if q.spareFunc == nil {
			continue
		}
		for _, s := range p.allSources() {
			for _, d := range s.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Pos() == q.spareFunc.Pos() {
					decls[fn] = q
				}
			}
		}
	}
	return decls
}

// findSpareCalls warns of queries that are demanded on a cycle: there the runtime
// panics.
func (p *pack) findSpareCalls(decls map[*ast.FuncDecl]*query) {
	for fn, q := range decls {
		ast.Inspect(fn, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if obj, ok := p.checked.info.Uses[id].(*types.Func); ok && q.source.generated(obj) && demands(obj) {
				p.world.problems.warnf(p.world.position(id.Pos()), "%s demands a query, and %s is called on a cycle of %s, where nothing can be demanded", obj.Name(), fn.Name.Name, q.qualified())
			}
			return true
		})
	}
}

// demands tells whether a generated function is a wrapper, or something else
// that reads.
func demands(fn *types.Func) bool {
	params := fn.Signature().Params()
	return params.Len() > 0 && isContext(params.At(0).Type())
}

// insideAny tells whether a place is in one of the declarations.
func insideAny(decls map[*ast.FuncDecl]*query, pos token.Pos) bool {
	for fn := range decls {
		if fn.Pos() <= pos && pos < fn.End() {
			return true
		}
	}
	return false
}

// rescue emits the statement that gives the descriptor the function of cycle=.
func (w *writer) rescue() []jen.Code {
	o := w.ann.options
	if o.spare == "" {
		return nil
	}
	_, body := w.adapt(o.spare)
	return []jen.Code{jen.Id(w.descriptorName).Dot(rescueMethods[o.rescue]).Call(body)}
}
