package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/gcexportdata"
	query "querygen.dev/runtime"
)

// A Declaration is what is known of a package without looking into its
// functions.
type Declaration struct {
	API    []byte       // export data; nil if the declarations are too broken to be written
	Errors []Diagnostic // in declarations, or from before type-checking
}

// declare type-checks a package without the bodies of its functions.
//
// The export data has no positions in it: importers do not need them, and they
// would change with every line that is added above a declaration. It describes
// everything that can be reached from the package's exported names, also in
// other packages, and nothing else. So two packages with equal data look the
// same to every importer.
//
//query:pure
func declare(cx *query.Context, path string) (Declaration, error) {
	u, err := loadUnit(cx, path)
	if err != nil {
		return Declaration{Errors: []Diagnostic{loadDiagnostic(path, err)}}, nil
	}
	found := diagnostics{list: u.errors}
	pkg := u.check(types.Config{
		IgnoreFuncBodies:         true,
		DisableUnusedImportCheck: true,
		Error:                    found.report,
	})
	var data bytes.Buffer
	d := Declaration{Errors: sortDiagnostics(found.list)}
	if err := gcexportdata.Write(&data, nil, pkg); err != nil {
		// Only what does not type-check cannot be written.
		if len(d.Errors) == 0 {
			return Declaration{}, fmt.Errorf("writing export data of %s: %w", path, err)
		}
		return d, nil
	}
	d.API = data.Bytes()
	return d, nil
}

// exportedAPI is what importers of a package depend on.
//
//query:pure
func exportedAPI(cx *query.Context, path string) ([]byte, error) {
	d, err := Declare(cx, path)
	if err == nil && d.API == nil {
		err = fmt.Errorf("package %s has errors", path)
	}
	return d.API, err
}

// A unit is a package ready to be type-checked.
type unit struct {
	path     string
	loc      Location
	set      SourceSet
	sizes    types.Sizes
	fset     *token.FileSet
	files    []*ast.File
	universe *universe
	errors   []Diagnostic // from before type-checking
	syntax   bool         // some of the errors are of syntax
}

// loadUnit parses the files of a package and decodes what they import. The
// error is about the package as a whole.
func loadUnit(cx *query.Context, path string) (*unit, error) {
	loc, err := Locate(cx, path)
	if err != nil {
		return nil, err
	}
	u := &unit{path: path, loc: loc, fset: token.NewFileSet()}
	env, err := Environment(cx)
	if err != nil {
		return nil, err
	}
	u.sizes = types.SizesFor("gc", env.GOARCH)
	if u.set, err = Sources(cx, loc.Dir); err != nil {
		return nil, err
	}
	if err := u.parse(cx); err != nil {
		return nil, err
	}
	return u, u.resolve(cx)
}

// parse collects the syntax of the unit's files.
func (u *unit) parse(cx *query.Context) error {
	sources := make([]Source, len(u.set.Files))
	for i, path := range u.set.Files {
		sources[i] = Source{path, i}
	}
	parsed, err := query.Map(cx, sources, Parse)
	if err != nil {
		return err
	}
	for _, s := range parsed {
		u.fset.AddExistingFiles(s.Lines)
		u.files = append(u.files, s.File)
		u.errors = append(u.errors, s.Errors...)
	}
	u.syntax = len(u.errors) > 0
	return nil
}

// resolve makes the universe of the unit out of its imports.
func (u *unit) resolve(cx *query.Context) error {
	list, err := Imports(cx, u.path)
	if err != nil {
		return err
	}
	loop, err := InLoop(cx, u.path)
	if err != nil {
		return err
	}
	if loop.Cycle != nil {
		u.errors = append(u.errors, Diagnostic{Text: describeCycle(cx, loop.Cycle), Phase: Loading})
	}
	usable := make([]Import, 0, len(list))
	for _, i := range list {
		switch {
		case i.Problem != "":
			u.errors = append(u.errors, Diagnostic{Pos: i.Pos, Text: i.Problem, Phase: Loading})
		case !slices.Contains(loop.Mates, i.Path):
			usable = append(usable, i)
		}
	}
	u.universe, err = newUniverse(cx, usable)
	return err
}

// check runs the type checker over the unit.
func (u *unit) check(conf types.Config) *types.Package {
	conf.Importer = u.universe
	conf.GoVersion = u.loc.GoVersion
	conf.Sizes = u.sizes
	pkg, _ := conf.Check(u.path, u.fset, u.files, nil) // errors go to conf.Error
	return pkg
}
