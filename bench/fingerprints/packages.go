package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A pack is a package of the module, with all files for all systems.
type pack struct {
	path    string
	name    string
	dir     string
	funcs   []string          // exported, without type parameters
	imports map[string]bool   // packages of the module
	plain   map[string]string // declarations without comments, by file
	files   map[string]string // content, by file
}

// readPackages reads the packages of a module by their paths.
func readPackages(root, module string) (map[string]*pack, error) {
	packs := make(map[string]*pack)
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if name != root && skipped(name) {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		rel, _ := filepath.Rel(root, filepath.Dir(name))
		path := strings.TrimSuffix(module+"/"+filepath.ToSlash(rel), "/.")
		if packs[path] == nil {
			packs[path] = &pack{path: path, dir: filepath.Dir(name), imports: map[string]bool{}, plain: map[string]string{}, files: map[string]string{}}
		}
		return packs[path].read(name, module)
	})
	return packs, err
}

func skipped(dir string) bool {
	base := filepath.Base(dir)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// read adds a file to its package.
func (p *pack) read(name, module string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	// Without comments, and with all build constraints forgotten.
	f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if err != nil || bytes.Contains(text, []byte("//go:build ignore")) {
		return nil // no part of any build
	}
	p.name = f.Name.Name
	for _, spec := range f.Imports {
		if path, _ := strconv.Unquote(spec.Path.Value); path == module || strings.HasPrefix(path, module+"/") {
			p.imports[path] = true
		}
	}
	constrained := bytes.Contains(text, []byte("\n//go:build ")) || bytes.HasPrefix(text, []byte("//go:build "))
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if ok && fn.Recv == nil && fn.Name.IsExported() && fn.Type.TypeParams == nil && !constrained {
			p.funcs = append(p.funcs, fn.Name.Name)
		}
	}
	var plain strings.Builder
	// In one line each, so that empty lines do not count either.
	for _, d := range f.Decls {
		if err := (&printer.Config{Mode: printer.RawFormat}).Fprint(&plain, token.NewFileSet(), d); err != nil {
			return err
		}
	}
	p.plain[filepath.Base(name)] = plain.String()
	p.files[filepath.Base(name)] = string(text)
	return nil
}

// public tells whether other modules can call the functions of the package.
func (p *pack) public() bool {
	return p.name != "main" && len(p.funcs) > 0 && !slices.Contains(strings.Split(p.path, "/"), "internal")
}

const queryPrefix = "queryOf"

// writeQueries adds a file with a query for each exported function.
func (p *pack) writeQueries() error {
	if !p.public() {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport querygenRuntime %q\n", p.name, "querygen.dev/runtime")
	for _, name := range p.funcs {
		fmt.Fprintf(&b, "\n//query:pure\nfunc %s%s(cx *querygenRuntime.Context) bool {\n\t_ = %s\n\treturn true\n}\n", queryPrefix, name, name)
	}
	return os.WriteFile(filepath.Join(p.dir, "zz_queries.go"), []byte(b.String()), 0o666)
}

// join gives each function with a fingerprint the digests of its package.
func join(packs map[string]*pack, codes map[string]string) map[string]digests {
	all := make(map[string]digests)
	for _, p := range packs {
		if !p.public() {
			continue
		}
		closure := closure(packs, p.path)
		plain := digestOf(packs, closure, func(p *pack) map[string]string { return p.plain })
		files := digestOf(packs, closure, func(p *pack) map[string]string { return p.files })
		for _, name := range p.funcs {
			if code := codes[p.path+"."+queryPrefix+name]; code != "" {
				all[p.path+"."+name] = digests{code, plain, files}
			}
		}
	}
	return all
}

// closure lists a package and what it imports, sorted.
func closure(packs map[string]*pack, path string) []string {
	seen := make(map[string]bool)
	var visit func(path string)
	visit = func(path string) {
		if packs[path] == nil || seen[path] {
			return
		}
		seen[path] = true
		for dep := range packs[path].imports {
			visit(dep)
		}
	}
	visit(path)
	return slices.Sorted(maps.Keys(seen))
}

func digestOf(packs map[string]*pack, paths []string, content func(*pack) map[string]string) string {
	h := sha256.New()
	for _, path := range paths {
		files := content(packs[path])
		for _, name := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(h, "%q %q %q\n", path, name, files[name])
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
