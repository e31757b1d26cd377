package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	query "querygen.dev/runtime"
)

// A Location says where the package with some import path lies.
type Location struct {
	Dir       string
	GoVersion string // of the language, such as "go1.26"
	Std       bool   // part of the standard library
	Local     bool   // its files may be edited
}

// locate finds the directory of a package, or says in the words of the go
// command why there is none.
//
// The path is canonical: a package in the standard library's vendor directory
// has the path that begins with "vendor/".
//
//query:pure
func locate(cx *query.Context, path string) (Location, error) {
	env, err := Environment(cx)
	if err != nil {
		return Location{}, err
	}
	stdDir := filepath.Join(env.std(), filepath.FromSlash(path))
	if isStdPath(path) && hasGoFiles(cx, stdDir) {
		local, err := EditsGOROOT(cx)
		if err != nil {
			return Location{}, err
		}
		lang, err := ModuleLanguage(cx, env.std())
		return Location{Dir: stdDir, GoVersion: lang, Std: true, Local: local}, err
	}
	list, err := Modules(cx)
	if err != nil {
		return Location{}, err
	}
	for _, m := range list {
		dir, ok := m.dirOf(path)
		if !ok || !hasGoFiles(cx, dir) || nested(cx, m.Dir, dir) {
			continue
		}
		loc := Location{Dir: dir, GoVersion: m.GoVersion, Local: m.Local}
		if loc.GoVersion == "" {
			loc.GoVersion, err = ModuleLanguage(cx, m.Dir)
		}
		return loc, err
	}
	return Location{}, missing(cx, list, path, stdDir)
}

// missing says why no module has the package.
func missing(cx *query.Context, list []Module, path, stdDir string) error {
	if isStdPath(path) && !inModule(list, path) {
		return fmt.Errorf("package %s is not in std (%s)", path, stdDir)
	}
	for _, m := range list {
		if _, ok := m.dirOf(path); !ok || m.Main {
			continue
		}
		if _, err := DirList(cx, m.Dir); err != nil {
			return fmt.Errorf("package %s: module %s@%s is not on this machine (%s); to fetch it:\n\tgo mod download %s",
				path, m.Path, m.Version, m.Dir, m.Path)
		}
	}
	return fmt.Errorf("no required module provides package %s; to add it:\n\tgo get %s", path, path)
}

// inModule reports whether a module could have the package.
func inModule(list []Module, path string) bool {
	for _, m := range list {
		if _, ok := m.dirOf(path); ok {
			return true
		}
	}
	return false
}

// dirOf is where the module would have the package.
func (m Module) dirOf(path string) (dir string, ok bool) {
	switch {
	case path == m.Path:
		return m.Dir, true
	case strings.HasPrefix(path, m.Path+"/"):
		return filepath.Join(m.Dir, filepath.FromSlash(path[len(m.Path)+1:])), true
	}
	return "", false
}

// nested reports whether dir, below root, belongs to another module inside it.
func nested(cx *query.Context, root, dir string) bool {
	for dir != root && len(dir) > len(root) {
		if hasFile(cx, dir, "go.mod") {
			return true
		}
		dir = filepath.Dir(dir)
	}
	return false
}

// inside reports whether path is dir or lies below it.
func inside(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

// isStdPath reports whether the path may be one of the standard library:
// whether its first element has no dot.
func isStdPath(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// An Import is an import of a package, resolved.
type Import struct {
	Spec    string // as it is spelled
	Path    string // canonical
	Pos     Position
	Problem string // why it cannot be imported; "" if it can
}

// imports resolves the imports of a package. An import that leads nowhere is
// an entry with a Problem, so that the others are still followed.
//
//query:pure
func imports(cx *query.Context, path string) ([]Import, error) {
	from, err := Locate(cx, path)
	if err != nil {
		return nil, err
	}
	set, err := Sources(cx, from.Dir)
	if err != nil {
		return nil, err
	}
	list := make([]Import, 0, len(set.Imports))
	for _, spec := range set.Imports {
		i := Import{Spec: spec.Path, Path: spec.Path, Pos: spec.Pos}
		if from.Std && !isStdPath(spec.Path) {
			i.Path = stdVendor(path) + spec.Path
		}
		if err := importable(cx, path, from, i.Path); err != nil {
			i.Problem = err.Error()
		}
		list = append(list, i)
	}
	return list, nil
}

// stdVendor is what precedes the path of a package that the toolchain keeps a
// copy of for the importing one.
func stdVendor(path string) string {
	if strings.HasPrefix(path, "cmd/") {
		return "cmd/vendor/"
	}
	return "vendor/"
}

// importable says whether one package can import another. What is wrong inside
// the other one is not asked: that is reported where it stands.
func importable(cx *query.Context, path string, from Location, imported string) error {
	if imported == "unsafe" {
		return nil
	}
	to, err := Locate(cx, imported)
	if err != nil {
		return err
	}
	if !visible(path, from, imported) {
		return fmt.Errorf("use of internal package %s not allowed", imported)
	}
	name, err := PackageName(cx, to.Dir)
	var none *NoSourcesError
	if errors.As(err, &none) {
		return err
	}
	if name == "main" {
		return fmt.Errorf("import %q is a program, not an importable package", imported)
	}
	return nil
}

// visible applies the rule of internal directories: what lies below one is
// seen from the tree that its parent is the root of.
func visible(path string, from Location, imported string) bool {
	i := strings.LastIndex("/"+imported+"/", "/internal/")
	switch {
	case i < 0:
		return true
	case i == 0:
		return from.Std
	}
	parent := imported[:i-1]
	return path == parent || strings.HasPrefix(path, parent+"/")
}
