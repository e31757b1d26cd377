package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// declared returns the places of the package's own declarations, by name, and
// of methods by Type.name. Files that this build leaves out count too: they
// would collide on another platform, or in a test.
func (p *pack) declared() map[string]token.Pos {
	places := make(map[string]token.Pos)
	lists := [][]*source{p.sources, p.others}
	if p.role != ordinary { // the tests are among the others of their subject
		lists = [][]*source{p.subject.sources, p.subject.others}
	}
	put := func(name string, pos token.Pos) {
		if _, ok := places[name]; !ok {
			places[name] = pos
		}
	}
	for _, list := range lists {
		for _, s := range list {
			if s.syntax.Name.Name != p.name {
				continue // the package beside: the external tests, or what they test
			}
			for _, d := range s.syntax.Decls {
				eachName(d, put)
			}
		}
	}
	return places
}

func eachName(d ast.Decl, put func(string, token.Pos)) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil && len(d.Recv.List) == 1 {
			name = receiverName(d.Recv.List[0].Type) + "." + name
		}
		put(name, d.Name.Pos())
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				put(spec.Name.Name, spec.Name.Pos())
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					put(id.Name, id.Pos())
				}
			}
		}
	}
}

// receiverName returns the name of the type behind a method's receiver.
func receiverName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.ParenExpr:
		return receiverName(e.X)
	case *ast.StarExpr:
		return receiverName(e.X)
	case *ast.IndexExpr:
		return receiverName(e.X)
	case *ast.IndexListExpr:
		return receiverName(e.X)
	}
	return ""
}

// findCollisions reports generated names that are taken by the user's
// declarations or by another query. What collides gets no stub: the user's own
// declaration is what his code means, and a second one of that name would only
// bring forth errors about a file that he has not written.
func (p *pack) findCollisions() {
	declared := p.declared()
	generated := make(map[string]*query)
	if p.role == internal {
		for _, q := range p.subject.queries {
			for _, d := range q.declarations() {
				generated[q.fullName(d)] = q
			}
		}
	}
	for _, q := range p.queries {
		if q.refused {
			continue
		}
		q.hidden = make(map[string]bool)
		for _, d := range q.declarations() {
			q.claim(d, declared, generated)
		}
	}
}

// claim reserves a generated name for the query, or reports that it is taken.
func (q *query) claim(d declaration, declared map[string]token.Pos, generated map[string]*query) {
	full := q.fullName(d)
	if pos, ok := declared[full]; ok {
		q.collides(d, "the declaration at", pos)
	} else if other := generated[full]; other != nil {
		q.collides(d, "what is generated for "+other.qualified()+" at", other.decl.Name.Pos())
	} else {
		generated[full] = q
	}
}

// findProjectionCollisions is findCollisions for the projections, of which only
// the types tell.
func (p *pack) findProjectionCollisions() {
	declared := p.declared()
	generated := make(map[string]*query)
	for _, q := range p.allQueries() {
		projections := q.projections
		q.projections = nil
		for _, d := range q.declarations() {
			generated[q.fullName(d)] = q
		}
		q.projections = projections
	}
	for _, q := range p.queries {
		for _, pr := range q.projections {
			q.claim(declaration{pr.name, q.recv != ""}, declared, generated)
		}
	}
}

// fullName is the name of a generated declaration as declared spells it.
func (q *query) fullName(d declaration) string {
	if d.method {
		return q.recv + "." + d.name
	}
	return d.name
}

// collides reports that a generated name is taken.
func (q *query) collides(d declaration, by string, pos token.Pos) {
	q.hidden[q.fullName(d)] = true
	if q.ann.guessed {
		return // with the right kind there will be other names
	}
	q.errorf(q.decl.Name.Pos(), "%s of %s would be called %s, which collides with %s %s: choose another name for the wrapper, such as name=%s",
		q.role(d.name), q.qualified(), d.name, by, q.source.problems.at(q.source.position(pos)), q.freeName())
}

// role says what a generated name is for.
func (q *query) role(name string) string {
	switch name {
	case q.names.wrapper:
		return "the wrapper"
	case q.names.task:
		return "the task constructor"
	case q.names.result:
		return "the result struct"
	case q.names.key:
		return "the key struct"
	case q.names.keys:
		return "the list of keys"
	}
	for _, p := range q.projections {
		if p.name == name {
			return "the projection " + strings.TrimPrefix(p.suffix(), ".")
		}
	}
	return "a setter"
}

// freeName suggests a wrapper name with which nothing collides: a suggestion
// that leads to the next error would be worse than none.
func (q *query) freeName() string {
	declared := q.source.pack.declared()
	for _, other := range q.source.pack.allQueries() {
		for _, d := range other.declarations() {
			declared[other.fullName(d)] = 0
		}
	}
	free := func(wrapper string) bool {
		try := *q
		try.names = nameQuery(wrapper, q)
		try.projections = nil
		for _, p := range q.projections {
			p.name = p.wrapper(wrapper)
			try.projections = append(try.projections, p)
		}
		for _, d := range try.declarations() {
			if _, ok := declared[try.fullName(d)]; ok {
				return false
			}
		}
		return true
	}
	get := "Get"
	if !token.IsExported(q.names.wrapper) {
		get = "get"
	}
	taken := make(scope)
	for {
		if try := taken.unique(get + upperFirst(q.names.wrapper)); free(try) {
			return try
		}
	}
}

// checkScopes reports the collisions that only types can show: with fields of
// the receiver, and with what a file imports.
func (q *query) checkScopes() {
	for _, d := range q.declarations() {
		if d.method {
			q.checkFields(d)
			continue
		}
		for _, s := range q.source.pack.allSources() {
			scope := q.source.pack.checked.info.Scopes[s.syntax]
			if scope == nil {
				continue
			}
			if obj := scope.Lookup(d.name); obj != nil {
				q.collidesWithImport(d, s, obj)
			}
		}
		q.checkOtherImports(d)
	}
}

// checkOtherImports looks at the imports of the files that are not checked with
// the query: the package's own tests, and what constraints exclude. What a dot import declares
// there is not known, and neither is the name of a package that nobody has
// listed, unless it is one of Go's own.
func (q *query) checkOtherImports(d declaration) {
	p := q.source.pack
	for _, s := range p.others {
		if s.syntax.Name.Name != p.name {
			continue
		}
		for _, spec := range s.syntax.Imports {
			if name := p.world.importName(spec); name == d.name {
				q.collides(d, "the import at", spec.Pos())
			}
		}
	}
}

// importName returns the name by which a file knows a package, or "" if that
// can't be told from here.
func (w *world) importName(spec *ast.ImportSpec) string {
	target, _ := strconv.Unquote(spec.Path.Value)
	first, _, _ := strings.Cut(target, "/")
	switch meta := w.metas[target]; {
	case spec.Name != nil:
		return spec.Name.Name
	case meta != nil:
		return meta.Name
	case !strings.Contains(first, "."):
		return guessName(target)
	}
	return ""
}

func (q *query) collidesWithImport(d declaration, s *source, obj types.Object) {
	pos := obj.Pos()
	if _, ok := obj.(*types.PkgName); !ok { // dot-imported: its own place is in another package
		for _, spec := range s.syntax.Imports {
			if spec.Name != nil && spec.Name.Name == "." {
				pos = spec.Pos()
			}
		}
	}
	q.collides(d, "the import at", pos)
}

func (q *query) checkFields(d declaration) {
	recv := q.object.Signature().Recv().Type()
	s, ok := recv.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for f := range s.Fields() {
		if f.Name() == d.name {
			q.collides(d, "the field at", f.Pos())
		}
	}
}
