package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"querygen.dev/internal/sources"
)

// A unit is what code fingerprints are made of: all that a module declares
// under one name, or as one method of one type. Without build constraints that
// is one declaration; with them there may be one for each system, and all of
// them count, so that each system computes the same.
type unit struct {
	key   string // import/path.Name or import/path.Type.Method
	decls []*unitDecl

	// Set by codeBase.reach, when a fingerprint first needs the unit.
	expanded bool
	hash     digest
	refs     []*unit // in the order of the code; may hold a unit twice
	extra    []*unit // of a variable: what else gives it a value
	failures failures
}

// A unitDecl is one declaration of a unit.
type unitDecl struct {
	file   *codeFile
	name   *ast.Ident
	node   ast.Node            // *ast.FuncDecl, *ast.TypeSpec, *ast.ValueSpec, or the *ast.FuncType of a signature
	docs   []*ast.CommentGroup // searched for //go:embed and //go:linkname
	values values              // of a constant or variable
	isVar  bool
}

// values are what gives a constant or variable its type and value. A constant
// may take both from a line further up.
type values struct {
	typ   ast.Expr
	exprs []ast.Expr
	index int // of the name in its spec
	iota  int
}

// A codeFile is a file as the fingerprints see it.
//
// In a typed file names mean what the type checker says. It can't speak of
// files with build constraints, as no two systems have the same, and on any one
// system not all of them fit together: there names are resolved by the scopes
// of packages alone, also in those that are part of this build.
type codeFile struct {
	pack    *codePack
	syntax  *ast.File
	path    string
	typed   bool
	imports map[string]string // untyped files: import paths by name
	dots    []string          // untyped files: what is imported by a dot
}

// A codePack is a package as the fingerprints see it.
type codePack struct {
	base     *codeBase
	pack     *pack
	module   string // its path
	files    []*codeFile
	types    *types.Package
	info     *types.Info
	state    packState
	units    map[string]*unit            // what the package declares, by name
	methods  map[string]map[string]*unit // by the name of the type and their own
	unnamed  []*unit                     // functions init and variables _
	wrappers map[string]*query           // by the name, or Type.Method, of each generated function
	foreign  *digest                     // of the files that are not Go
}

type packState uint8

const (
	packNew packState = iota
	packChecking
	packChecked
)

// newFile makes the units of a file's declarations.
func (p *codePack) newFile(path string, syntax *ast.File, typed bool) {
	f := &codeFile{pack: p, syntax: syntax, path: path, typed: typed}
	p.files = append(p.files, f)
	if !typed {
		f.readImports()
	}
	for _, d := range syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.addFunc(d)
		case *ast.GenDecl:
			f.addGen(d)
		}
	}
}

// readImports finds out by which names an untyped file knows its imports. The
// name of a package of the module is known; for others the path decides, on
// all systems, even if this one knows better.
func (f *codeFile) readImports() {
	f.imports = make(map[string]string)
	for _, spec := range f.syntax.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		switch {
		case spec.Name != nil && spec.Name.Name == ".":
			f.dots = append(f.dots, target)
		case spec.Name != nil:
			f.imports[spec.Name.Name] = target
		default:
			f.imports[f.pack.nameOf(target)] = target
		}
	}
}

// guessName is the name that a package most likely has.
func guessName(target string) string {
	base := path.Base(target)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(target))
	}
	base, _, _ = strings.Cut(base, ".v")
	return base
}

func (f *codeFile) addFunc(d *ast.FuncDecl) {
	decl := &unitDecl{file: f, name: d.Name, node: d, docs: []*ast.CommentGroup{d.Doc}}
	if d.Recv == nil {
		f.pack.add(decl)
		return
	}
	recv := receiverOf(d.Recv)
	if recv == "" {
		return // a syntax error
	}
	p := f.pack
	if p.methods[recv] == nil {
		p.methods[recv] = make(map[string]*unit)
	}
	u := p.methods[recv][d.Name.Name]
	if u == nil {
		u = &unit{key: p.pack.path + "." + recv + "." + d.Name.Name}
		p.methods[recv][d.Name.Name] = u
		p.base.byMethod[d.Name.Name] = append(p.base.byMethod[d.Name.Name], methodUnit{p, recv, u})
	}
	u.decls = append(u.decls, decl)
}

// receiverOf returns the name of the type in a receiver.
func receiverOf(list *ast.FieldList) string {
	if len(list.List) != 1 {
		return ""
	}
	return receiverName(list.List[0].Type)
}

func (f *codeFile) addGen(d *ast.GenDecl) {
	var last values // what a constant without a value repeats
	for i, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			f.pack.add(&unitDecl{file: f, name: spec.Name, node: spec})
		case *ast.ValueSpec:
			v := values{typ: spec.Type, exprs: spec.Values}
			if d.Tok == token.CONST && spec.Type == nil && len(spec.Values) == 0 {
				v = last
			}
			last, v.iota = v, i
			for j, name := range spec.Names {
				v.index = j
				f.pack.add(&unitDecl{file: f, name: name, node: spec, values: v, isVar: d.Tok == token.VAR, docs: []*ast.CommentGroup{d.Doc, spec.Doc}})
			}
		}
	}
}

// add puts a declaration into the unit of its name.
func (p *codePack) add(d *unitDecl) {
	name := d.name.Name
	_, isFunc := d.node.(*ast.FuncDecl)
	if name == "_" || name == "init" && isFunc {
		p.unnamed = append(p.unnamed, &unit{key: p.pack.path + "." + name, decls: []*unitDecl{d}})
		return
	}
	u := p.units[name]
	if u == nil {
		u = &unit{key: p.pack.path + "." + name}
		p.units[name] = u
	}
	u.decls = append(u.decls, d)
}

// signature is the unit of a query's parameters and results: all that counts of
// a query to those that call its wrapper.
func (p *codePack) signature(q *query) *unit {
	name := q.qualified() + " (signature)"
	if u := p.units[name]; u != nil {
		return u
	}
	for _, f := range p.files {
		if f.syntax == q.source.syntax {
			p.add(&unitDecl{file: f, name: &ast.Ident{NamePos: q.decl.Name.Pos(), Name: name}, node: q.decl.Type})
		}
	}
	return p.units[name]
}

// variable tells whether the unit is a package variable.
func (u *unit) variable() bool {
	return slices.ContainsFunc(u.decls, func(d *unitDecl) bool { return d.isVar })
}

// module is the path of the module that declares the unit.
func (u *unit) module() string { return u.decls[0].file.pack.module }

// typed tells whether the type checker can speak of all declarations.
func (u *unit) typed() bool {
	return !slices.ContainsFunc(u.decls, func(d *unitDecl) bool { return !d.file.typed })
}

// embedPatterns returns the patterns of the //go:embed lines above a variable.
func (d *unitDecl) embedPatterns() []string {
	var list []string
	for _, line := range d.directives("//go:embed") {
		list = append(list, sources.SplitPatterns(line)...)
	}
	return list
}

// directives returns what stands behind a directive in the docs.
func (d *unitDecl) directives(name string) []string {
	var list []string
	for _, g := range d.docs {
		if g == nil {
			continue
		}
		for _, c := range g.List {
			if rest, ok := strings.CutPrefix(c.Text, name); ok && strings.TrimLeft(rest, " \t") != rest {
				list = append(list, strings.TrimSpace(rest))
			}
		}
	}
	return list
}

// rel is a path below the package's directory, with slashes.
func (p *codePack) rel(name string) string {
	rel, err := filepath.Rel(p.pack.dir, name)
	if err != nil {
		return filepath.Base(name)
	}
	return filepath.ToSlash(rel)
}
