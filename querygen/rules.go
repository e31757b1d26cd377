package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// checkRules checks the rules of the package's queries that need types. None of
// them stops at the first error: a user who has annotated twenty functions wants
// to see all of them at once.
func (p *pack) checkRules() {
	if p.checked == nil || p.checked.info == nil {
		return
	}
	if len(p.queries) > 0 {
		p.checkPredeclared()
	}
	for _, q := range p.queries {
		if q.object == nil || q.nameless {
			continue // it is declared twice, or can't be called: reported already
		}
		q.checkReceiver()
		q.checkProjections()
		q.checkContext()
		q.checkShape()
		q.checkKey()
		q.checkResults()
		q.checkPersist()
		q.checkCycle()
		if !q.refused {
			q.checkScopes()
		}
	}
}

// checkPredeclared reports redeclarations of the names that generated code
// needs in their usual meaning.
func (p *pack) checkPredeclared() {
	for _, name := range []string{"bool", "error", "nil", "true"} {
		if obj := p.checked.types.Scope().Lookup(name); obj != nil {
			p.world.problems.errorf(p.world.position(obj.Pos()), "the generated code needs the predeclared %s, rename this", name)
		}
	}
}

// checkReceiver checks that the receiver's type is called by its own name. By an
// alias a query would have two names, and collisions would go unseen.
func (q *query) checkReceiver() {
	recv := q.object.Signature().Recv()
	if recv == nil || q.refused {
		return
	}
	if named, ok := types.Unalias(recv.Type()).(*types.Named); ok && named.Obj().Name() != q.recv {
		q.errorf(q.parts[0].expr.Pos(), "the receiver %s is an alias, write %s", q.recv, named.Obj().Name())
	}
}

// checkContext checks the first parameter, by its type and not its spelling: it
// may be behind a dot import, another import name or an alias.
func (q *query) checkContext() {
	const want = "the first parameter of a query must be a *Context of " + runtimePath
	switch {
	case q.context == nil:
		q.errorf(q.decl.Name.Pos(), want+", add it")
	case invalid(q.context.typ):
		q.reportInvalid(q.context)
	case !isContext(q.context.typ):
		q.errorf(q.context.expr.Pos(), want+", not %s", q.spell(q.context.typ))
	}
}

func isContext(t types.Type) bool {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	return ok && isRuntime(ptr.Elem(), "Context")
}

// isRuntime tells whether t is, or is an instance of, a named type of the
// runtime.
func isRuntime(t types.Type, names ...string) bool {
	for _, name := range names {
		if isNamed(t, runtimePath, name) {
			return true
		}
	}
	return false
}

func isNamed(t types.Type, path, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path && n.Obj().Name() == name
}

// checkShape checks the rules about the signature as a whole.
func (q *query) checkShape() {
	if len(q.results) == 0 && q.failure == nil && len(q.source.faults) == 0 { // a syntax error may have cut them off
		q.errorf(q.decl.Name.Pos(), "a query must have a result, and %s has none", q.qualified())
	}
	if q.object.Signature().Variadic() {
		last := q.decl.Type.Params.List[len(q.decl.Type.Params.List)-1]
		q.errorf(last.Type.Pos(), "a query can't be variadic: a slice is no key, pass a string or an array, or demand the parts one by one")
	}
}

// checkKey checks that each part of the key means the same wherever and
// whenever it is compared.
func (q *query) checkKey() {
	for i := range q.parts {
		p := &q.parts[i]
		if _, variadic := p.expr.(*ast.Ellipsis); variadic {
			continue // an error already
		}
		if i == 0 && q.refused && q.recv != "" {
			continue // the receiver is a pointer or generic
		}
		if invalid(p.typ) {
			q.reportInvalid(p)
		} else if bad := badKey(p.typ, nil); bad != nil {
			q.errorf(p.expr.Pos(), "the key %s", bad.describe(q.partName(i), q.spell(p.typ)))
		}
	}
}

// partName names a part of the key for messages.
func (q *query) partName(i int) string {
	switch name := q.parts[i].name; {
	case name != "":
		return name
	case i == 0 && q.recv != "":
		return "receiver"
	}
	return ""
}

// checkResults checks that equality of the results can be decided.
func (q *query) checkResults() {
	for i := range q.results {
		p := &q.results[i]
		name := strings.TrimSpace("result " + p.name)
		switch o := q.ann.options; {
		case invalid(p.typ):
			q.reportInvalid(p)
		case o.identity:
			if !o.eqNever && !hasEqual(p.typ) && !types.Comparable(p.typ) {
				q.errorf(p.expr.Pos(), "the option identity compares by == or a method Equal, and the %s (%s) has neither: return a pointer", name, q.spell(p.typ))
			}
		case !q.persisted() && !o.eqNever && !hasEqual(p.typ): // what is saved can be compared
			if bad := badResult(p.typ); bad != nil {
				q.errorf(p.expr.Pos(), "the %s, so two results can't be compared: give the type a method Equal, or use the option eq=never (each run is a change) or identity (results are compared by ==)",
					bad.describe(name, q.spell(p.typ)))
			}
		}
	}
}

// spell spells a type for a message, as code in the package would.
func (q *query) spell(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p.Path() == q.source.pack.checked.types.Path() { // the types may be the fingerprints' own
			return ""
		}
		return p.Name()
	})
}

// invalid tells whether a type could not be made.
func invalid(t types.Type) bool {
	if t == nil {
		return true
	}
	found := false
	walkType(t, func(t types.Type) bool {
		basic, ok := t.(*types.Basic)
		found = found || ok && basic.Kind() == types.Invalid
		return !found
	})
	return found
}

// reportInvalid reports a type that could not be made, unless the reason is an
// error in this package, which has been reported where it is.
func (q *query) reportInvalid(p *part) {
	if !q.source.problems.failed(q.source.pack.dir) {
		q.errorf(p.expr.Pos(), "this type can't be made because of an error in another package")
	}
}

// findMisuses reports uses of annotated functions: each is a run that nobody
// remembers, where the wrapper was meant. Around a rerun query it would also
// hide from the engine that the outside world was read.
func (w *world) findMisuses() {
	// By position, because a package that is checked again for the sake of a
	// test has other objects.
	queries := make(map[token.Pos]*query)
	for _, p := range w.allPacks() {
		for _, q := range p.queries {
			if q.object != nil && !q.refused {
				queries[q.object.Pos()] = q
			}
		}
	}
	for _, p := range w.allPacks() {
		if p.checked == nil || p.checked.info == nil {
			continue
		}
		spares := p.spareDecls()
		p.findSpareCalls(spares)
		for id, obj := range p.checked.info.Uses {
			q, pos := queries[obj.Pos()], w.position(id.Pos())
			if p.role != ordinary && !p.insideQuery(id.Pos()) {
				continue // a test may want to see the function itself
			}
			if q != nil && !isStub(pos.Filename) {
				w.reportMisuse(q, pos, insideAny(spares, id.Pos()))
			}
		}
	}
}

// reportMisuse reports one use. In a function of cycle= the wrapper can't be called
// either, so that is no advice.
func (w *world) reportMisuse(q *query, pos token.Position, spare bool) {
	wrapper := q.names.wrapper
	if q.recv != "" {
		wrapper = q.recv + "." + wrapper
	}
	switch kind := q.ann.kind; {
	case kind == kindGeneration || kind == kindAlways:
		w.problems.errorf(pos, "%s reads the outside world and must be used through its wrapper %s", q.qualified(), wrapper)
	case !spare:
		w.problems.warnf(pos, "%s is not memoized when it is used directly, use its wrapper %s", q.qualified(), wrapper)
	}
}
