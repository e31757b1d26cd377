package querygen

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// This file finds the methods that a call through an interface can reach: those
// of that name of every type of the modules that implements it.
//
// Which types do is a question for the type checker, except for loose types:
// those that have methods, or embed something that has, in files with build
// constraints. Of them the names of the methods decide.

// findLoose finds the types whose methods depend on the system.
func (b *codeBase) findLoose() {
	for again := true; again; {
		again = false
		for _, p := range b.sorted {
			for name, u := range p.units {
				if !b.loose[u] && p.isLoose(name, u) {
					b.loose[u] = true
					again = true
				}
			}
		}
	}
}

func (p *codePack) isLoose(name string, u *unit) bool {
	if !u.typed() {
		return true
	}
	for _, m := range p.methods[name] {
		if !m.typed() {
			return true
		}
	}
	for _, e := range p.embedded(u) {
		if p.base.loose[e.unit] {
			return true
		}
	}
	return false
}

// An embedding is a type that another one embeds.
type embedding struct {
	pack *codePack
	name string
	unit *unit
}

// embedded returns the types of the modules that a struct type embeds, or that
// an alias stands for, by syntax.
func (p *codePack) embedded(u *unit) []embedding {
	var list []embedding
	for _, d := range u.decls {
		spec, ok := d.node.(*ast.TypeSpec)
		if !ok {
			continue
		}
		exprs := []ast.Expr{spec.Type} // an alias, or the name of an interface
		if s, ok := spec.Type.(*ast.StructType); ok {
			exprs = nil
			for _, f := range s.Fields.List {
				if len(f.Names) == 0 {
					exprs = append(exprs, f.Type)
				}
			}
		}
		for _, e := range exprs {
			if at, name := d.file.locate(e); at != nil && at.module == p.module && at.units[name] != nil {
				list = append(list, embedding{at, name, at.units[name]})
			}
		}
	}
	return list
}

// locate finds the package and the name of a type by syntax.
func (f *codeFile) locate(e ast.Expr) (*codePack, string) {
	if name := receiverName(e); name != "" {
		return f.pack, name
	}
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.SelectorExpr:
			return f.pack.base.packs[f.packageOf(x.X)], x.Sel.Name
		default:
			return nil, ""
		}
	}
}

// methodsOf returns the methods of a type by syntax, also those of what it
// embeds, as far as keep wants them.
func (p *codePack) methodsOf(name string, keep func(string) bool) []*unit {
	var list []*unit
	seen := make(map[*unit]bool)
	var visit func(p *codePack, name string)
	visit = func(p *codePack, name string) {
		u := p.units[name]
		if u == nil || seen[u] {
			return
		}
		seen[u] = true
		for m, mu := range p.methods[name] {
			if keep(m) {
				list = append(list, mu)
			}
		}
		for _, e := range p.embedded(u) {
			visit(e.pack, e.name)
		}
	}
	visit(p, name)
	return list
}

// collectTypes lists the types that may implement interfaces.
func (p *codePack) collectTypes() {
	for _, f := range p.files {
		if !f.typed {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			obj, ok := p.info.Defs[spec.Name].(*types.TypeName)
			if ok && !obj.IsAlias() && !types.IsInterface(obj.Type()) && !p.base.loose[p.base.unitOf(obj)] {
				p.base.types = append(p.base.types, obj)
			}
			return true
		})
	}
}

// dynamic returns the methods that a call of an interface's method can reach.
func (b *codeBase) dynamic(iface *types.Interface, method *types.Func) []*unit {
	key := method.Id() + " " + types.TypeString(iface, nil)
	if list, ok := b.calls[key]; ok {
		return list
	}
	b.calls[key] = nil // an embedded interface may lead back here
	list := b.byName(method.Name(), func(m methodUnit) bool {
		return b.loose[m.pack.units[m.recv]]
	})
	for _, obj := range b.types {
		if b.implements(obj, iface) {
			found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, method.Pkg(), method.Name())
			if fn, ok := found.(*types.Func); ok {
				list = append(list, b.method(fn)...)
			}
		}
	}
	b.calls[key] = list
	return list
}

// implements tells whether a type or a pointer to it has the methods of an
// interface. What a type parameter will be is not known, so of generic types
// only the names count.
func (b *codeBase) implements(obj *types.TypeName, iface *types.Interface) bool {
	named, ok := obj.Type().(*types.Named)
	if ok && named.TypeParams().Len() == 0 && iface.IsMethodSet() && !parameterized(iface) {
		return types.Implements(named, iface) || types.Implements(types.NewPointer(named), iface)
	}
	for m := range iface.Methods() {
		found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, m.Pkg(), m.Name())
		if _, ok := found.(*types.Func); !ok {
			return false
		}
	}
	return true
}

// parameterized tells whether a method of the interface mentions a type
// parameter.
func parameterized(iface *types.Interface) bool {
	for m := range iface.Methods() {
		for _, tuple := range []*types.Tuple{m.Signature().Params(), m.Signature().Results()} {
			for v := range tuple.Variables() {
				if mentionsTypeParam(v.Type()) {
					return true
				}
			}
		}
	}
	return false
}

// byName returns the methods of a name.
func (b *codeBase) byName(name string, keep func(methodUnit) bool) []*unit {
	var list []*unit
	for _, m := range b.byMethod[name] {
		if keep(m) {
			list = append(list, m.unit)
		}
	}
	return list
}

// method returns the units of a method: its own, or all that an interface's can
// be.
func (b *codeBase) method(fn *types.Func) []*unit {
	fn = fn.Origin()
	recv := fn.Signature().Recv().Type()
	if iface, ok := recv.Underlying().(*types.Interface); ok {
		return b.dynamic(iface, fn)
	}
	if p, ok := types.Unalias(recv).(*types.Pointer); ok {
		recv = p.Elem()
	}
	named, ok := types.Unalias(recv).(*types.Named)
	if !ok || fn.Pkg() == nil {
		return nil
	}
	if p := b.packs[fn.Pkg().Path()]; p != nil {
		return p.declared(named.Obj().Name(), fn.Name())
	}
	return nil
}

// declared returns the unit of a method. Its receiver may have been written by
// another name of the type.
func (p *codePack) declared(recv, name string) []*unit {
	if u := p.methods[recv][name]; u != nil {
		return []*unit{u}
	}
	var list []*unit
	for other, methods := range p.methods {
		if u := p.units[other]; u != nil && methods[name] != nil && u.alias() {
			list = append(list, methods[name])
		}
	}
	return list
}

// alias tells whether the unit is a second name of a type.
func (u *unit) alias() bool {
	return slices.ContainsFunc(u.decls, func(d *unitDecl) bool {
		spec, ok := d.node.(*ast.TypeSpec)
		return ok && spec.Assign.IsValid()
	})
}

// unitOf returns the unit of an object at package level, or nil.
func (b *codeBase) unitOf(obj types.Object) *unit {
	if obj == nil || obj.Pkg() == nil || obj.Parent() != obj.Pkg().Scope() {
		return nil
	}
	p := b.packs[obj.Pkg().Path()]
	if p == nil {
		return nil
	}
	return p.units[obj.Name()]
}

// wrapperOf returns the query that a generated function, method or type is for.
func (b *codeBase) wrapperOf(obj types.Object) *query {
	if obj == nil || obj.Pkg() == nil || b.packs[obj.Pkg().Path()] == nil {
		return nil
	}
	name := obj.Name()
	if fn, ok := obj.(*types.Func); ok && fn.Signature().Recv() != nil {
		recv := types.TypeString(fn.Signature().Recv().Type(), func(*types.Package) string { return "" })
		name = strings.TrimPrefix(recv, "*") + "." + name
	} else if obj.Parent() != obj.Pkg().Scope() {
		return nil
	}
	return b.packs[obj.Pkg().Path()].wrappers[name]
}
