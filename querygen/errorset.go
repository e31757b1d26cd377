package querygen

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// An errorSet holds the errors in which the queries of a package can end, as far
// as the fingerprints have seen them: they get codecs in its generated file. See
// docs/codecs.md for what can be saved.
type errorSet struct {
	types map[string]types.Type // by typeKey
	flaws map[string]*flaw      // what is wrong with a type; nil, if nothing
	marks map[string]*types.Var // sentinels that must not be saved by their content

	imports map[string]*types.Package // see packageAt
}

// standardErrors are the types that the package codec knows.
var standardErrors = []string{
	"*io/fs.PathError", "*os.LinkError", "*os.SyscallError", "*strconv.NumError",
	"*go/scanner.Error", "go/scanner.ErrorList", "syscall.Errno",
}

// standardSentinels are packages all of whose errors are registered.
var standardSentinels = []string{"context", "errors", "io", "io/fs", "os", "strconv", runtimePath}

// A loss is an error that can't be saved.
type loss struct {
	key     string // of the type, or the path and name of the variable
	pos     token.Pos
	what    string
	why     string
	queries []string // that can end in it
}

// findErrors finds the errors in which a query can end, given what it reaches.
func (b *codeBase) findErrors(q *query, units []*unit) {
	if q.refused || !q.persisted() {
		return
	}
	p := q.source.pack
	for _, t := range p.closed().of(errorType) {
		p.saveError(q, t, q.decl.Name.Pos())
	}
	if q.failure == nil {
		return
	}
	var text token.Pos
	for _, u := range units {
		for _, t := range u.failures.types {
			b.errorOfType(q, t, u)
		}
		for _, v := range u.failures.variables {
			b.errorInVariable(q, v)
		}
		if text == token.NoPos && len(u.failures.texts) > 0 {
			text = u.failures.texts[0]
		}
	}
	if text != token.NoPos {
		b.world.notes.notef(q.positionOf(), "%s can end in an error that is only a text (%s), which can't be saved: wrap a registered error, or give it a type with exported fields",
			q.qualified(), b.world.notes.at(b.world.position(text)))
	}
}

// errorOfType sees to an error that a unit makes. The type is the code base's.
func (b *codeBase) errorOfType(q *query, t types.Type, u *unit) {
	named, _ := types.Unalias(t).(*types.Named)
	ptr, isPtr := types.Unalias(t).(*types.Pointer)
	if isPtr {
		named, _ = types.Unalias(ptr.Elem()).(*types.Named)
	}
	key := typeKey(types.Unalias(t))
	if named == nil || slices.Contains(standardErrors, key) || named.Obj().Pkg().Path() == runtimePath {
		return
	}
	p, obj, own := q.source.pack, named.Obj(), b.unitOf(named.Obj())
	pos := u.decls[0].name.Pos()
	if own != nil {
		pos = own.decls[0].name.Pos()
	}
	found := p.typeNamed(obj.Pkg().Path(), obj.Name())
	switch {
	case mentionsTypeParam(t) || named.TypeArgs().Len() > 0:
		p.loseError(q, t, pos, &flaw{"", "is generic", "list it in query.Implementations[error](...), or use the option persist=no"})
	case obj.Parent() != obj.Pkg().Scope():
		p.loseError(q, t, obj.Pos(), &flaw{"", "is declared in a function", "declare it outside, or use the option persist=no"})
	case own != nil && (!own.typed() || b.loose[own]):
		p.loseError(q, t, pos, &flaw{"", "depends on build constraints", "declare it and its methods in a file without, or use the option persist=no"})
	case found == nil:
		p.loseError(q, t, pos, &flaw{"", "is not known in the package " + p.path, "import it there, or use the option persist=no"})
	case isPtr:
		p.saveError(q, types.NewPointer(found), pos)
	default:
		p.saveError(q, found, pos)
	}
}

// saveError gives an error a codec, or reports why it can't have one. The type is
// the package's.
func (p *pack) saveError(q *query, t types.Type, pos token.Pos) {
	key := typeKey(t)
	if slices.Contains(standardErrors, key) {
		return
	}
	if p.errors.flaws == nil {
		p.errors.flaws, p.errors.types = make(map[string]*flaw), make(map[string]types.Type)
	}
	f, known := p.errors.flaws[key]
	if !known {
		if list := q.errorFlaws(t); len(list) > 0 {
			f = list[0]
		} else {
			p.errors.types[key] = t
		}
		p.errors.flaws[key] = f
	}
	if f != nil {
		p.loseError(q, t, pos, f)
	}
}

// loseError notes a type of errors that can't be saved.
func (p *pack) loseError(q *query, t types.Type, pos token.Pos, f *flaw) {
	p.world.lose(q, &loss{
		key: typeKey(t), pos: pos, what: "the error " + q.spell(t),
		why: fmt.Sprintf("%s%s %s: %s", q.rootName(t), f.path, f.what, f.advice),
	})
}

// errorInVariable sees to a sentinel.
func (b *codeBase) errorInVariable(q *query, v errorVariable) {
	p, path := q.source.pack, v.object.Pkg().Path()
	kind := b.sentinel(v.object)
	if slices.Contains(standardSentinels, path) || kind == sentinelValue {
		return
	}
	pos := v.pos
	if u := b.unitOf(v.object); u != nil {
		pos = u.decls[0].name.Pos()
		if !u.typed() {
			kind = sentinelText // nor can it be named in the generated file
		}
	}
	name := path + "." + v.object.Name()
	if kind == sentinelOther && p.canName(v.object) {
		if p.errors.marks == nil {
			p.errors.marks = make(map[string]*types.Var)
		}
		p.errors.marks[name] = v.object
	}
	if !b.registered(v.object) {
		spelled := v.object.Name()
		if p.path != path {
			spelled = v.object.Pkg().Name() + "." + spelled
		}
		p.world.lose(q, &loss{
			key: name, pos: pos, what: "the error " + spelled,
			why: fmt.Sprintf("it has no name that the next process knows: call query.RegisterError(%q, %s) in an init, or use the option persist=no", name, spelled),
		})
	}
}

// canName tells whether the generated file of the package can name a variable.
func (p *pack) canName(v *types.Var) bool {
	path := v.Pkg().Path()
	return path == p.path || v.Exported() && p.mayImport(path) && p.packageAt(path) != nil
}

// packageAt returns a package that this one imports, over any number of steps:
// to import another one might close a circle.
func (p *pack) packageAt(path string) *types.Package {
	if p.errors.imports == nil {
		p.errors.imports = make(map[string]*types.Package)
		var visit func(pkg *types.Package)
		visit = func(pkg *types.Package) {
			if p.errors.imports[pkg.Path()] == nil {
				p.errors.imports[pkg.Path()] = pkg
				for _, next := range pkg.Imports() {
					visit(next)
				}
			}
		}
		visit(p.checked.types)
	}
	return p.errors.imports[path]
}

// typeNamed returns the type of that name, or nil. The code base has types of its
// own, so they are found by name.
func (p *pack) typeNamed(path, name string) types.Type {
	pkg := p.packageAt(path)
	if pkg == nil {
		return nil
	}
	if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok {
		return types.Unalias(obj.Type())
	}
	return nil
}

// lose notes that a query can end in an error that can't be saved.
func (w *world) lose(q *query, l *loss) {
	if w.losses[l.key] == nil {
		w.losses[l.key] = l
	}
	l = w.losses[l.key]
	name := q.source.pack.name + "." + q.qualified()
	if n := len(l.queries); n == 0 || l.queries[n-1] != name { // one query at a time
		l.queries = append(l.queries, name)
	}
}

// reportLosses warns of what can't be saved, once for each declaration, however
// many queries can end in it. A type that one package can't name may have its
// codec in another one.
func (w *world) reportLosses() {
	saved := make(map[string]bool)
	for _, p := range w.allPacks() {
		for key := range p.errors.types {
			saved[key] = true
		}
	}
	for _, l := range w.losses {
		if saved[l.key] {
			continue
		}
		slices.Sort(l.queries)
		queries := l.queries[0]
		if n := len(l.queries) - 1; n > 0 {
			queries += fmt.Sprintf(" and %d more", n)
		}
		w.problems.warnf(w.position(l.pos), "%s, in which %s can end, can't be saved: %s", l.what, queries, l.why)
	}
}

// errors returns the statements that make the codecs of errors known, and writes
// the codecs.
func (c *coder) errors() []jen.Code {
	var list []jen.Code
	set := c.pack.errors
	for _, name := range sortedKeys(set.marks) {
		v := set.marks[name]
		code := jen.Id(v.Name())
		if v.Pkg().Path() != c.pack.path {
			code = c.name(v.Pkg(), v.Name())
		}
		list = append(list, c.codec("MarkSentinel").Call(code))
	}
	for _, key := range sortedKeys(set.types) {
		list = append(list, c.codec("DefineError").Call(jen.Lit(key), jen.Id(c.variable(set.types[key]))))
	}
	return list
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.SortFunc(list, strings.Compare)
	return list
}
