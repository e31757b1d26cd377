package querygen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// A projection is one part of a query's result as a query of its own, for the
// option fields: it demands the whole and returns the part. Its readers depend
// on the part alone, so they stay green when another part of the whole changes.
//
// Which projections there are is a matter of types. So code that calls them can
// be checked only in a second round, after the first has found the fields: see
// checkTypes.
type projection struct {
	name  string     // of its wrapper: ParseImports, ParseAt
	field string     // of the struct; "" for an entry of a map
	key   types.Type // of the map
	typ   types.Type // of the field, or of the map's values
}

// projected is what the option fields adds to a query.
type projected struct {
	projections []projection // set by check
	suffix      string       // of a projection itself: what follows the function in the query's name
}

// suffix is what the projection adds to the name of its query.
func (p projection) suffix() string {
	if p.field == "" {
		return ".At"
	}
	return "." + p.field
}

// projects tells whether there are queries with the option fields.
func (w *world) projects() bool {
	for _, p := range w.allPacks() {
		for _, s := range p.sources {
			if slices.ContainsFunc(s.annotated, func(a annotated) bool { return a.ann.options.fields }) {
				return true
			}
		}
	}
	return false
}

// project finds the projections of all queries, and tells whether there are any.
func (w *world) project() bool {
	found := false
	for _, p := range w.allPacks() {
		for _, q := range p.queries {
			if q.ann.options.fields && !q.refused {
				q.project()
				found = found || len(q.projections) > 0
			}
		}
	}
	return found
}

// wrapper is the name of the projection's wrapper, by that of the whole.
func (p projection) wrapper(whole string) string {
	return whole + upperFirst(strings.TrimPrefix(p.suffix(), "."))
}

// add adds a projection under its name.
func (q *query) add(p projection) {
	p.name = p.wrapper(q.names.wrapper)
	q.projections = append(q.projections, p)
}

// project finds the projections of one query. What is wrong with its result is
// left to checkProjections.
func (q *query) project() {
	q.projections = nil
	whole := q.whole()
	if whole == nil {
		return
	}
	if m, ok := whole.Underlying().(*types.Map); ok {
		q.add(projection{key: m.Key(), typ: m.Elem()})
		return
	}
	s := structOf(whole)
	if s == nil {
		return
	}
	for f := range s.Fields() {
		if f.Exported() && q.source.pack.unnameable(f.Type()) == "" {
			q.add(projection{field: f.Name(), typ: f.Type()})
		}
	}
}

// structOf returns the struct that t is, or that it points to, or nil.
func structOf(t types.Type) *types.Struct {
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	s, _ := t.Underlying().(*types.Struct)
	return s
}

// whole returns the type of the only result, or nil if there is none or another
// number of them.
func (q *query) whole() types.Type {
	sig := q.signature()
	if sig == nil || len(q.results) != 1 || sig.Results().Len() == 0 {
		return nil
	}
	if t := sig.Results().At(0).Type(); !invalid(t) {
		return t
	}
	return nil
}

// signature returns the signature of the function as far as it is known, also in
// a package whose bodies are not checked.
func (q *query) signature() *types.Signature {
	c := q.source.pack.checked
	if c == nil || c.types == nil {
		return nil
	}
	obj := c.types.Scope().Lookup(q.decl.Name.Name)
	if q.recv != "" {
		recv, _ := c.types.Scope().Lookup(q.recv).(*types.TypeName)
		if recv == nil {
			return nil
		}
		obj, _, _ = types.LookupFieldOrMethod(recv.Type(), true, c.types, q.decl.Name.Name)
	}
	if fn, ok := obj.(*types.Func); ok {
		return fn.Signature()
	}
	return nil
}

// unnameable returns what in a type this package can't write down, or "".
func (p *pack) unnameable(t types.Type) string {
	found := ""
	walkType(t, func(t types.Type) bool {
		var obj *types.TypeName
		switch t := t.(type) {
		case *types.Named:
			obj = t.Obj()
		case *types.Alias:
			obj = t.Obj()
		}
		if obj != nil && obj.Pkg() != nil && obj.Pkg() != p.checked.types && (!obj.Exported() || !p.mayImport(obj.Pkg().Path())) {
			found = obj.Pkg().Name() + "." + obj.Name()
		}
		return found == ""
	})
	return found
}

// mayImport tells whether the go command lets the package import path.
func (p *pack) mayImport(path string) bool {
	parent, _, found := strings.Cut("/"+path+"/", "/internal/")
	parent = strings.TrimPrefix(parent, "/")
	return !found || strings.HasPrefix(p.path+"/", parent+"/")
}

// checkProjections reports results of which there can be no projections.
func (q *query) checkProjections() {
	if !q.ann.options.fields {
		return
	}
	pos := q.decl.Name.Pos()
	whole := q.whole()
	switch {
	case len(q.results) != 1:
		q.errorf(pos, "the option fields wants one result beside the error, and %s has %d: return a struct or a map", q.qualified(), len(q.results))
		return
	case whole == nil:
		return // an error already
	}
	pos = q.results[0].expr.Pos()
	if m, ok := whole.Underlying().(*types.Map); ok {
		if bad := badKey(m.Key(), nil); bad != nil {
			q.errorf(pos, "with the option fields the map's key becomes a part of a key, and the %s", bad.describe("map's key", q.spell(m.Key())))
		}
		return
	}
	s := structOf(whole)
	if s == nil {
		q.errorf(pos, "the option fields wants a struct, a pointer to one, or a map as the result, not %s", q.spell(whole))
		return
	}
	if len(q.projections) == 0 {
		q.errorf(pos, "the option fields makes a projection for each exported field, and %s has none", q.spell(whole))
	}
	for f := range s.Fields() {
		if name := q.source.pack.unnameable(f.Type()); f.Exported() && name != "" {
			q.source.warn(pos, "the field %s gets no projection, because its type %s can't be named in this package", f.Name(), name)
		}
	}
}

// projectionStubs returns the file with the signatures of the projections, or
// nil. Unlike other stubs it spells types as they are known by now: those of
// fields stand in no file of this package.
func (p *pack) projectionStubs() *ast.File {
	s := &speller{pack: p}
	var body strings.Builder
	for _, q := range p.queries {
		for _, pr := range q.projections {
			s.write(&body, q, pr)
		}
	}
	if body.Len() == 0 {
		return nil
	}
	text := fmt.Sprintf("package %s\nimport %s %q\n%s%s", p.name, stubRuntime, runtimePath, s.imports.String(), body.String())
	f, _ := parser.ParseFile(p.world.fset, stubName(filepath.Join(p.dir, "projections")), text, parser.SkipObjectResolution)
	return f
}

// A speller spells types for a file of its own.
type speller struct {
	pack    *pack
	imports strings.Builder
	paths   []string
}

// qualify names a package, and imports it at its first use.
func (s *speller) qualify(pkg *types.Package) string {
	if pkg.Path() == s.pack.path {
		return ""
	}
	i := slices.Index(s.paths, pkg.Path())
	if i < 0 {
		i = len(s.paths)
		s.paths = append(s.paths, pkg.Path())
		fmt.Fprintf(&s.imports, "import querygen_stub_%d %q\n", i, pkg.Path())
	}
	return fmt.Sprintf("querygen_stub_%d", i)
}

// write writes the signature of one projection.
func (s *speller) write(b *strings.Builder, q *query, pr projection) {
	sig := q.signature()
	ins, recv := []string{"*" + stubRuntime + ".Context"}, ""
	for i := 1; i < sig.Params().Len(); i++ {
		if invalid(sig.Params().At(i).Type()) {
			return
		}
		ins = append(ins, types.TypeString(sig.Params().At(i).Type(), s.qualify))
	}
	outs := []string{types.TypeString(pr.typ, s.qualify)}
	if pr.key != nil {
		ins, outs = append(ins, types.TypeString(pr.key, s.qualify)), append(outs, "bool")
	}
	if q.failure != nil {
		outs = append(outs, "error")
	}
	if q.hidden[q.fullName(declaration{pr.name, q.recv != ""})] {
		return
	}
	if q.recv != "" {
		recv = "(" + q.recv + ") "
	}
	fmt.Fprintf(b, "func %s%s(%s) (%s)\n", recv, pr.name, strings.Join(ins, ", "), strings.Join(outs, ", "))
}
