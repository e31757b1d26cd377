package querygen

import (
	"go/ast"
	"go/types"
)

// A meaning is what a name stands for.
type meaning struct {
	path   string // of the package that declares it, for a name at package level
	local  any    // what is declared, for a local name; compared only
	hidden bool   // a local name that declares nothing: the x of switch x := y.(type)
}

// meaning tells what a name means that is not behind a dot.
func (f *codeFile) meaning(id *ast.Ident) meaning {
	if !f.typed {
		return f.meaningBySyntax(id)
	}
	obj := f.pack.info.ObjectOf(id)
	switch {
	case obj == nil:
		_, declares := f.pack.info.Defs[id]
		return meaning{hidden: declares && id.Name != "_"}
	case obj.Pkg() == nil || isMember(obj):
		return meaning{}
	case obj.Parent() == obj.Pkg().Scope():
		return meaning{path: obj.Pkg().Path()}
	}
	return meaning{local: obj}
}

// isMember tells whether an object is a field or a method.
func isMember(obj types.Object) bool {
	switch obj := obj.(type) {
	case *types.Var:
		return obj.IsField()
	case *types.Func:
		return obj.Signature().Recv() != nil
	}
	return false
}

// meaningBySyntax knows the scopes that the parser has seen, and the packages
// of the module.
func (f *codeFile) meaningBySyntax(id *ast.Ident) meaning {
	if id.Obj != nil && f.syntax.Scope.Lookup(id.Name) != id.Obj {
		return meaning{local: id.Obj}
	}
	for _, path := range append([]string{f.pack.pack.path}, f.dots...) {
		if p := f.pack.sibling(path); p != nil && (p.units[id.Name] != nil || p.wrappers[id.Name] != nil) {
			return meaning{path: path}
		}
	}
	return meaning{}
}

// packageOf returns the path of the package that an expression names, or "".
func (f *codeFile) packageOf(e ast.Expr) string {
	id, ok := e.(*ast.Ident)
	switch {
	case !ok:
		return ""
	case !f.typed:
		if id.Obj != nil {
			return ""
		}
		return f.imports[id.Name]
	}
	if name, ok := f.pack.info.Uses[id].(*types.PkgName); ok {
		return name.Imported().Path()
	}
	return ""
}

// usesC tells whether a declaration calls or names something of C.
func (f *codeFile) usesC(node ast.Node) bool {
	if f.imports["C"] != "C" {
		return false
	}
	found := false
	ast.Inspect(node, func(x ast.Node) bool {
		if s, ok := x.(*ast.SelectorExpr); ok {
			found = found || f.packageOf(s.X) == "C"
		}
		return !found
	})
	return found
}

// wrapperOf returns the query whose generated method a selector names, or nil.
// Only types can tell.
func (f *codeFile) wrapperOf(x *ast.SelectorExpr) *query {
	if !f.typed {
		return nil
	}
	s := f.pack.info.Selections[x]
	if s == nil {
		return nil
	}
	if q := f.pack.base.wrapperOf(s.Obj()); q != nil && f.pack.sibling(q.source.pack.path) != nil {
		return q
	}
	return nil
}
