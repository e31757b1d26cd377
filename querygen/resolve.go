package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// checkTypes makes the types of all packages that matter: those with queries
// and, because they may use annotated functions, the matched ones that import
// such a package over any number of steps.
//
// Only types can tell for sure whether the last result is an error. Where the
// spelling has misled the model, the stubs were wrong too, and all is checked
// once more with better ones. And only types tell of which fields there are
// projections, which have no stubs in the first round.
func (w *world) checkTypes() {
	c := &checker{world: w, imported: make(map[string]*types.Package)}
	before := len(w.problems.list)
	w.checkOnce(c)
	corrected, projected := w.resolve(), w.project()
	if !corrected && !projected {
		return
	}
	w.problems.list = slices.Clip(w.problems.list[:before])
	for _, p := range w.allPacks() {
		p.findProjectionCollisions()
	}
	w.checkOnce(c)
	w.resolve()
	w.project()
}

// resolve finds the types of all queries, and tells whether one of them had to
// be corrected.
func (w *world) resolve() bool {
	corrected := false
	for _, p := range w.allPacks() {
		for _, q := range p.queries {
			q.resolve()
			corrected = q.correct() || corrected
		}
	}
	return corrected
}

// checkOnce goes over the packages from the bottom up, so that each package whose
// bodies are of interest is checked with them before an importer asks for it.
// What no query can reach is not checked at all.
func (w *world) checkOnce(c *checker) {
	stubs := make(map[*pack][]*ast.File) // before the types are gone that some of them are made of
	for _, p := range w.allPacks() {
		stubs[p] = p.stubs()
	}
	for _, p := range w.allPacks() {
		p.checked, p.stubFiles = nil, stubs[p]
	}
	concerned := make(map[string]bool)
	for _, p := range w.topological() {
		concerned[p.path] = len(p.queries) > 0
		for _, dep := range p.imports() {
			concerned[p.path] = concerned[p.path] || concerned[dep]
		}
		if p.matched && concerned[p.path] {
			c.check(p, true)
		}
	}
	w.checkTests(c)
}

// imports returns the paths of the packages that the user's files import. The
// go command's list may hold more, from a stale generated file.
func (p *pack) imports() []string {
	var list []string
	for _, s := range p.sources {
		for _, spec := range s.syntax.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if meta := p.meta.Imports[path]; meta != nil {
				path = meta.PkgPath
			}
			list = append(list, path)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// topological returns the packages, each behind those it imports.
func (w *world) topological() []*pack {
	var list []*pack
	seen := make(map[string]bool)
	var visit func(path string)
	visit = func(path string) {
		p := w.packs[path]
		if p == nil || seen[path] {
			return
		}
		seen[path] = true
		for _, dep := range p.imports() {
			visit(dep)
		}
		list = append(list, p)
	}
	for _, p := range w.sortedPacks() {
		visit(p.path)
	}
	return list
}

// sortedPacks returns the packages in the order of their paths.
func (w *world) sortedPacks() []*pack {
	var list []*pack
	for _, p := range w.packs {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pack) int { return strings.Compare(a.path, b.path) })
	return list
}

// correct repairs what the model took for the error result, and tells whether
// it had to.
func (q *query) correct() bool {
	if q.object == nil {
		return false
	}
	out := q.object.Signature().Results()
	n := out.Len()
	fails := n > 0 && types.Identical(out.At(n-1).Type(), errorType)
	switch {
	case fails && q.failure == nil:
		last := q.results[n-1]
		q.failure, q.results = &last, q.results[:n-1]
	case !fails && q.failure != nil:
		q.results, q.failure = append(q.results, *q.failure), nil
	default:
		return false
	}
	nameFields(q.results, "R")
	q.names = nameQuery(q.names.wrapper, q)
	return true
}

// resolve finds the types of the query's function.
func (q *query) resolve() {
	p := q.source.pack
	if p.checked == nil || p.checked.info == nil {
		return
	}
	q.object, _ = p.checked.info.Defs[q.decl.Name].(*types.Func)
	if q.object == nil {
		return
	}
	sig := q.object.Signature()
	var in []*types.Var
	if recv := sig.Recv(); recv != nil {
		in = append(in, recv)
	}
	for v := range sig.Params().Variables() {
		in = append(in, v)
	}
	setTypes := func(parts []part, vars []*types.Var) {
		for i := range min(len(parts), len(vars)) {
			parts[i].typ = vars[i].Type()
		}
	}
	if q.context != nil {
		at := len(in) - sig.Params().Len()
		q.context.typ = in[at].Type()
		in = append(in[:at:at], in[at+1:]...)
	}
	setTypes(q.parts, in)
	var out []*types.Var
	for v := range sig.Results().Variables() {
		out = append(out, v)
	}
	setTypes(q.results, out)
}

// positionOf returns where the function's name is.
func (q *query) positionOf() token.Position { return q.source.position(q.decl.Name.Pos()) }
