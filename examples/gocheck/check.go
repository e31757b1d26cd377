package main

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	query "querygen.dev/runtime"
)

// A Verdict is what is wrong with a package.
type Verdict struct {
	Files  int // that belong to the package on this platform
	Errors []Diagnostic
}

// check type-checks a package with the bodies of its functions. It depends on
// the files of the package and on the API of its imports.
//
//query:pure
func check(cx *query.Context, path string) (Verdict, error) {
	u, err := loadUnit(cx, path)
	if err != nil {
		return Verdict{Errors: []Diagnostic{loadDiagnostic(path, err)}}, nil
	}
	v := Verdict{Files: len(u.files)}
	if u.syntax || path == "unsafe" {
		// What the parser made up for what it could not read is not worth
		// checking; the compiler stops here as well. Unsafe is declared in
		// the compiler, its file is documentation.
		v.Errors = sortDiagnostics(u.errors)
		return v, nil
	}
	found := diagnostics{list: u.errors}
	pkg := u.check(types.Config{Error: found.report})
	found.list = append(found.list, u.missingBodies(cx)...)
	found.list = append(found.list, u.missingMain(pkg)...)
	v.Errors = sortDiagnostics(found.list)
	return v, nil
}

// linkname matches the directives that give a function its body elsewhere.
var linkname = regexp.MustCompile(`(?m)^//go:linkname (\w+)`)

// missingBodies finds functions without a body, which the type checker has no
// opinion on. They are written in assembly, or linked to another function; the
// standard library has further ways and is left alone.
func (u *unit) missingBodies(cx *query.Context) []Diagnostic {
	if u.set.Assembly || u.loc.Std {
		return nil
	}
	var found []Diagnostic
	for i, file := range u.files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body != nil || typesAsk(fn) || u.linked(cx, i, fn) {
				continue
			}
			pos := fn.Name.Pos()
			if fn.Recv != nil {
				pos = fn.Recv.Pos()
			}
			found = append(found, Diagnostic{Pos: position(u.fset, pos), Text: "missing function body"})
		}
	}
	return found
}

// missingMain looks for what a program begins with. For the compiler that is a
// matter of the linker.
func (u *unit) missingMain(pkg *types.Package) []Diagnostic {
	if pkg.Name() != "main" || pkg.Scope().Lookup("main") != nil || len(u.files) == 0 {
		return nil
	}
	pos := position(u.fset, u.files[0].Name.Pos())
	return []Diagnostic{{Pos: pos, Text: "function main is undeclared in the main package"}}
}

// typesAsk reports whether the type checker itself asks for a body.
func typesAsk(fn *ast.FuncDecl) bool {
	return fn.Recv == nil && (fn.Name.Name == "init" || fn.Type.TypeParams != nil)
}

func (u *unit) linked(cx *query.Context, file int, fn *ast.FuncDecl) bool {
	data, err := Content(cx, u.set.Files[file])
	if err != nil || !strings.Contains(string(data), "//go:linkname") {
		return false
	}
	for _, m := range linkname.FindAllStringSubmatch(string(data), -1) {
		if m[1] == fn.Name.Name {
			return true
		}
	}
	return false
}
