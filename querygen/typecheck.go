package querygen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// checked is a package with its types.
type checked struct {
	types *types.Package
	info  *types.Info // nil unless the bodies were checked
	done  bool        // false while the package is being checked

	endless bool // see errEndless
}

// A checker makes types: of the world's own packages from source with the
// stubs laid over them, of all others from export data.
type checker struct {
	world    *world
	imported map[string]*types.Package // shared by all export data, so that types are identical

	// For external tests only, see standIn.
	variant *pack           // what an import of the package under test means, nil if it means itself
	again   map[*pack]*pack // the packages that are checked once more because of it
}

// check returns the types of a package from source. Bodies matter only where
// uses of annotated functions are looked for.
//
// A package is checked once. Its importers see what the stubs promise, so it
// makes no difference in which order the packages are generated.
func (c *checker) check(p *pack, bodies bool) (*checked, error) {
	if p.checked != nil {
		if !p.checked.done {
			return nil, errors.New("import cycle not allowed")
		}
		return p.checked, nil
	}
	p.checked = &checked{} // not done: who comes back here has come in a circle
	var files []*ast.File
	for _, s := range p.allSources() {
		files = append(files, s.syntax)
	}
	if p.role == internal {
		files = append(files, p.subject.stubFiles...)
	}
	files = append(files, p.stubFiles...)
	if bodies {
		p.checked.info = &types.Info{
			Defs:   make(map[*ast.Ident]types.Object),
			Uses:   make(map[*ast.Ident]types.Object),
			Scopes: make(map[ast.Node]*types.Scope),
		}
	}
	// The error is the first of those that report has seen.
	p.checked.types, _ = c.config(p, bodies).Check(p.path, c.world.fset, files, p.checked.info)
	p.checked.done = true
	if obj := endlessType(p.checked.types); obj != nil && !p.checked.endless {
		p.checked.endless = true
		c.world.problems.errorf(c.world.position(obj.Pos()), "%v", errEndless)
	}
	if p.checked.endless {
		p.checked.info = nil
	}
	return p.checked, nil
}

func (c *checker) config(p *pack, bodies bool) *types.Config {
	conf := &types.Config{
		Importer:         &packImporter{c, p},
		IgnoreFuncBodies: !bodies,
		FakeImportC:      true,
		Sizes:            p.meta.TypesSizes,
		Error:            func(err error) { c.report(p, err) },
	}
	if m := p.meta.Module; m != nil && m.GoVersion != "" {
		conf.GoVersion = "go" + m.GoVersion
	}
	return conf
}

// report passes on type errors. Not those in stubs, which repeat what is
// reported at the annotated function; not the lines that continue an error;
// and not the soft ones (unused variables and imports): they do not touch what
// is generated, and a user in the middle of an edit has them all the time.
func (c *checker) report(p *pack, err error) {
	if isEndless(err) {
		p.checked.endless = true
	}
	e, ok := err.(types.Error)
	if !ok || e.Soft || strings.HasPrefix(e.Msg, "\t") {
		return
	}
	pos := c.world.position(e.Pos)
	if isStub(pos.Filename) || !pos.IsValid() { // the end of what a syntax error has cut off has no place
		return
	}
	c.world.problems.errorf(pos, "%s", p.explain(e.Msg))
}

// A packImporter resolves the imports of one package.
type packImporter struct {
	*checker
	pack *pack
}

// Import returns the types of the package that the path means in pack.
func (i *packImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if meta := i.pack.meta.Imports[path]; meta != nil {
		path = meta.PkgPath
	}
	if p := i.world.packs[path]; p != nil {
		checked, err := i.check(i.standIn(p), false)
		if err != nil {
			return nil, err
		}
		if checked.endless {
			return nil, errEndless
		}
		return checked.types, nil
	}
	return i.importExport(path)
}

// importExport reads a package from export data. The data of one package tells
// of the others it needs too, as far as it needs them: those are in imported, but
// not complete, until their own data is read.
func (i *packImporter) importExport(path string) (*types.Package, error) {
	if p := i.imported[path]; p != nil && p.Complete() {
		return p, nil
	}
	name := i.world.exports[path]
	if name == "" {
		return nil, i.missing(path)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, err
	}
	return gcexportdata.Read(r, i.world.fset, i.imported, path)
}

// missing says why there is no package of that path.
func (i *packImporter) missing(path string) error {
	if why := i.world.unbuilt[path]; why != "" {
		return errors.New(why)
	}
	if meta := i.world.metas[path]; meta != nil {
		if msg := firstFailure(meta, make(map[*packages.Package]bool)); msg != "" {
			return errors.New(msg)
		}
	}
	return fmt.Errorf("no package %s", path)
}

// firstFailure returns what the go command has found wrong with a package or
// with what it imports over any number of steps.
func firstFailure(meta *packages.Package, seen map[*packages.Package]bool) string {
	if seen[meta] {
		return ""
	}
	seen[meta] = true
	if len(meta.Errors) > 0 {
		return oneLine(meta.Errors[0].Msg)
	}
	for _, path := range slices.Sorted(maps.Keys(meta.Imports)) {
		if msg := firstFailure(meta.Imports[path], seen); msg != "" {
			return msg
		}
	}
	return ""
}
