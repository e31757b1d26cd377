package querygen

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"
)

// A codeBase is all code that fingerprints can reach: the modules of the queries,
// whole, whatever packages were asked for. Through an interface a query may call a
// method that a package far away has registered, and each pattern has to give
// the same fingerprints.
//
// It makes types of its own, because it wants all bodies, and whatever is wrong
// with packages that nobody has asked for is no error.
type codeBase struct {
	world     *world
	checker   *checker
	quiet     *world // for packages that were not loaded before
	packs     map[string]*codePack
	sorted    []*codePack
	byMethod  map[string][]methodUnit // by the name of the method
	loose     map[*unit]bool          // types with methods that depend on the system
	types     []*types.TypeName       // all that the types can speak of, also local ones
	calls     map[string][]*unit      // see dynamic
	held      map[types.Type][]*unit  // see hold
	sentinels map[string]bool         // those that are registered, by path.Name; nil until it is asked
}

// A methodUnit is a method with the type it is declared for.
type methodUnit struct {
	pack *codePack
	recv string
	unit *unit
}

// newCodeBase reads and checks the modules, without their tests.
func newCodeBase(ctx context.Context, c Config, w *world) (*codeBase, error) {
	quiet := *w
	quiet.problems = &problems{}
	quiet.packs = maps.Clone(w.packs)
	b := emptyCodeBase(w, &quiet)
	if err := b.complete(ctx, c); err != nil {
		return nil, err
	}
	w.files = quiet.summarize() // before anything else is read
	b.fill(quiet.sortedPacks())
	return b, nil
}

func emptyCodeBase(w, quiet *world) *codeBase {
	return &codeBase{
		world:    w,
		quiet:    quiet,
		checker:  &checker{world: quiet, imported: make(map[string]*types.Package)},
		packs:    make(map[string]*codePack),
		byMethod: make(map[string][]methodUnit),
		loose:    make(map[*unit]bool),
		calls:    make(map[string][]*unit),
		held:     make(map[types.Type][]*unit),
	}
}

// withTests makes a code base of the same packages and the tests of one of them.
func (b *codeBase) withTests(subject *pack) *codeBase {
	list := b.quiet.sortedPacks()
	if t := b.world.tested(subject, internal); t != nil {
		both := *t
		both.sources, both.queries = t.allSources(), t.allQueries()
		list[slices.Index(list, subject)] = &both
	}
	if t := b.world.tested(subject, external); t != nil {
		list = append(list, t)
	}
	tested := emptyCodeBase(b.world, b.quiet)
	tested.fill(list)
	return tested
}

// fill makes the code base of the packages.
func (b *codeBase) fill(list []*pack) {
	for _, p := range list {
		b.addPack(p)
	}
	for _, p := range b.sorted {
		p.readFiles()
	}
	for _, p := range b.sorted {
		p.check()
	}
	b.findLoose()
	for _, p := range b.sorted {
		p.collectTypes()
	}
	b.findAssignments()
}

// excluded tells whether a package is no code of a query: the engine and what
// it is made of, if the main module happens to be this one.
func excluded(path string) bool {
	return path == runtimePath || strings.HasPrefix(path, runtimePath+"/internal/graph") || strings.HasPrefix(path, runtimePath+"/internal/flight")
}

func (b *codeBase) addPack(p *pack) {
	cp := &codePack{
		base:     b,
		pack:     p,
		module:   moduleOf(p),
		units:    make(map[string]*unit),
		methods:  make(map[string]map[string]*unit),
		wrappers: make(map[string]*query),
	}
	cp.nameWrappers()
	b.packs[p.path] = cp
	b.sorted = append(b.sorted, cp)
}

// nameWrappers finds the queries by the names of what is generated for them.
func (p *codePack) nameWrappers() {
	for _, q := range p.pack.queries {
		for _, d := range q.declarations() {
			p.wrappers[q.fullName(d)] = q
		}
	}
}

// sibling returns a package of the same module, or nil. A fingerprint ends at
// the border of the module: what lies behind it has a version, or at least is
// another module's in a workspace, and the generated file must be the same
// without the workspace.
func (p *codePack) sibling(path string) *codePack {
	if other := p.base.packs[path]; other != nil && other.module == p.module {
		return other
	}
	return nil
}

// moduleOf returns the path of a package's module.
func moduleOf(p *pack) string {
	if p.meta.Module == nil {
		return ""
	}
	return p.meta.Module.Path
}

// nameOf returns the name of an imported package.
func (p *codePack) nameOf(path string) string {
	if other := p.sibling(path); other != nil {
		return other.pack.name
	}
	return guessName(path)
}

// complete finds the packages of the modules that were not loaded yet. The go
// command does not list those that are for other systems as a whole, so the
// directories are read here.
func (b *codeBase) complete(ctx context.Context, c Config) error {
	have := make(map[string]bool)
	modules := make(map[string]*packages.Module) // by directory
	for _, p := range b.quiet.allPacks() {
		have[p.dir] = true
		if m := p.meta.Module; m != nil && p.matched && len(p.queries) > 0 {
			modules[m.Dir] = m
		}
	}
	dirs := make(map[string]string)             // import paths by directory
	owners := make(map[string]*packages.Module) // modules by import path
	for _, m := range modules {
		found := make(map[string]string)
		if err := findPackages(m, have, found); err != nil {
			return err
		}
		for dir, path := range found {
			dirs[dir], owners[path] = path, m
		}
	}
	if err := b.list(ctx, c, dirs); err != nil {
		return err
	}
	for dir, path := range dirs {
		if b.quiet.packs[path] == nil {
			b.quiet.packs[path] = &pack{world: b.quiet, path: path, dir: dir, meta: &packages.Package{PkgPath: path, Dir: dir, Module: owners[path]}}
		}
	}
	return nil
}

// findPackages adds the directories of a module that hold Go files and are not
// known.
func findPackages(m *packages.Module, have map[string]bool, dirs map[string]string) error {
	root, ignored := m.Dir, ignoredDirs(m.GoMod)
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // a directory that can't be read has nothing to tell
		case !d.IsDir():
			if dir := filepath.Dir(name); isCode(d.Name()) && !have[dir] {
				rel, _ := filepath.Rel(root, dir)
				dirs[dir] = strings.TrimSuffix(m.Path+"/"+filepath.ToSlash(rel), "/.")
			}
			return nil
		case name != root && (notOurs(name) || ignored(root, name)):
			return fs.SkipDir
		}
		return nil
	})
}

// notOurs tells whether a directory is not part of the module around it.
func notOurs(dir string) bool {
	base := filepath.Base(dir)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// ignoredDirs reads the ignore directives of a go.mod: a directory that begins
// with ./ is one of the module's, any other is ignored wherever it lies.
func ignoredDirs(gomod string) func(root, dir string) bool {
	text, _ := os.ReadFile(gomod)
	f, err := modfile.ParseLax(gomod, text, nil)
	if err != nil {
		f = new(modfile.File) // what is wrong with it, the go command has said
	}
	return func(root, dir string) bool {
		rel, _ := filepath.Rel(root, dir)
		rel = filepath.ToSlash(rel)
		return slices.ContainsFunc(f.Ignore, func(i *modfile.Ignore) bool {
			if here, ok := strings.CutPrefix(i.Path, "./"); ok {
				return rel == path.Clean(here)
			}
			return strings.HasSuffix("/"+rel, "/"+path.Clean(i.Path))
		})
	}
}

// isCode tells whether a file may be part of a package outside of its tests.
func isCode(name string) bool { return !strings.HasSuffix(name, "_test.go") && isGo(name) }

// isGo tells whether a file may be part of a package or its tests.
func isGo(name string) bool {
	return strings.HasSuffix(name, ".go") && !isOutput(name) && name[0] != '.' && name[0] != '_'
}

// list loads further packages.
func (b *codeBase) list(ctx context.Context, c Config, dirs map[string]string) error {
	var patterns []string
	for _, path := range dirs {
		patterns = append(patterns, path)
	}
	if len(patterns) == 0 {
		return nil
	}
	slices.Sort(patterns)
	q := b.quiet
	roots, err := packages.Load(q.config(ctx, c, packages.NeedName|packages.NeedFiles|packages.NeedImports|packages.NeedDeps|packages.NeedModule|packages.NeedTypesSizes), patterns...)
	if err != nil {
		return goError(err)
	}
	before := q.sortedPacks()
	packages.Visit(roots, nil, func(meta *packages.Package) {
		if q.packs[meta.PkgPath] == nil {
			q.visit(meta)
		}
	})
	for _, p := range q.sortedPacks() {
		if !slices.Contains(before, p) {
			p.model()
			p.findCollisions()
		}
	}
	return q.loadExports(ctx, c)
}

// readFiles makes the units of a package.
func (p *codePack) readFiles() {
	if excluded(p.pack.path) {
		return
	}
	read := make(map[string]bool)
	for _, s := range p.pack.sources {
		if s.constraint() == "" {
			read[s.path] = true
			p.newFile(s.path, s.syntax, true)
		}
	}
	counts := isCode
	if p.pack.role != ordinary {
		counts = isGo
	}
	entries, _ := os.ReadDir(p.pack.dir)
	for _, e := range entries {
		name := filepath.Join(p.pack.dir, e.Name())
		if e.IsDir() || !counts(e.Name()) || read[name] {
			continue
		}
		// With the scopes, unlike all others; see meaningBySyntax.
		f, _ := parser.ParseFile(p.base.world.fset, name, nil, parser.ParseComments)
		if f != nil && f.Name != nil && (f.Name.Name == p.pack.name || p.pack.name == "") {
			p.newFile(name, f, false)
		}
	}
}

// check makes the types of a package. Its errors are reported elsewhere if they
// matter to anybody; what can't be compiled has no results to be found again.
func (p *codePack) check() {
	if p.state != packNew {
		return
	}
	p.state = packChecking
	p.project()
	info := newCodeInfo()
	made, endless := p.checkFiles(info)
	if endless {
		made, info = types.NewPackage(p.pack.path, p.pack.name), newCodeInfo()
	}
	p.types, p.info, p.state = made, info, packChecked
}

func newCodeInfo() *types.Info {
	return &types.Info{
		Defs:       make(map[*ast.Ident]types.Object),
		Uses:       make(map[*ast.Ident]types.Object),
		Types:      make(map[ast.Expr]types.TypeAndValue),
		Selections: make(map[*ast.SelectorExpr]*types.Selection),
		Instances:  make(map[*ast.Ident]types.Instance),
	}
}

// checkFiles makes types of the package's files and stubs; without an info not
// of the bodies. It tells whether they are endless.
func (p *codePack) checkFiles(info *types.Info) (made *types.Package, endless bool) {
	var files []*ast.File
	for _, s := range p.pack.sources {
		files = append(files, s.syntax)
	}
	files = append(files, p.pack.stubs()...)
	conf := p.base.checker.config(p.pack, info != nil)
	conf.Importer = &codeImporter{&packImporter{p.base.checker, p.pack}, p.base}
	conf.Error = func(err error) { endless = endless || isEndless(err) }
	made, _ = conf.Check(p.pack.path, p.base.world.fset, files, info)
	return made, endless || endlessType(made) != nil
}

// project finds the projections of a package that nobody has asked for.
func (p *codePack) project() {
	projects := func(q *query) bool { return q.ann.options.fields && !q.refused }
	if p.pack.checked != nil || !slices.ContainsFunc(p.pack.queries, projects) {
		return
	}
	made, endless := p.checkFiles(nil)
	p.pack.checked = &checked{types: made, done: true, endless: endless}
	if endless {
		return
	}
	for _, q := range p.pack.queries {
		if projects(q) {
			q.project()
		}
	}
	p.nameWrappers()
}

// A codeImporter resolves imports among the packages of a codeBase.
type codeImporter struct {
	*packImporter
	base *codeBase
}

func (i *codeImporter) Import(path string) (*types.Package, error) {
	if meta := i.pack.meta.Imports[path]; meta != nil {
		path = meta.PkgPath
	}
	p := i.base.packs[path]
	if p == nil {
		return i.packImporter.Import(path)
	}
	if p.state == packChecking {
		return nil, errors.New("import cycle not allowed")
	}
	p.check()
	return p.types, nil
}
