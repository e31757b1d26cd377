package querygen

import (
	"go/ast"
	"go/types"
)

// expand finds what a unit refers to.
func (b *codeBase) expand(u *unit) {
	if u.expanded {
		return
	}
	u.expanded = true
	for _, d := range u.decls {
		r := &referrer{base: b, unit: u, decl: d, file: d.file, compared: make(map[*ast.Ident]bool)}
		if d.file.typed {
			r.typed()
		} else {
			r.untyped()
		}
		u.refs = append(u.refs, r.list...)
	}
}

// A referrer lists the units that one declaration refers to.
type referrer struct {
	base     *codeBase
	unit     *unit
	decl     *unitDecl
	file     *codeFile
	list     []*unit
	compared map[*ast.Ident]bool // see failure
}

func (r *referrer) add(list ...*unit) {
	for _, u := range list {
		if u != nil {
			r.list = append(r.list, u)
		}
	}
}

// roots are the parts of the syntax that belong to the declaration.
func (d *unitDecl) roots() []ast.Node {
	if _, ok := d.node.(*ast.ValueSpec); !ok {
		return []ast.Node{d.node}
	}
	var list []ast.Node
	if d.values.typ != nil {
		list = append(list, d.values.typ)
	}
	for i, e := range d.values.exprs {
		if len(d.values.exprs) == 1 || i == d.values.index {
			list = append(list, e)
		}
	}
	return list
}

// typed goes by what the type checker says.
func (r *referrer) typed() {
	for _, root := range r.decl.roots() {
		ast.Inspect(root, func(n ast.Node) bool {
			r.failure(n)
			switch n := n.(type) {
			case *ast.Ident:
				r.object(r.file.pack.info.ObjectOf(n))
			case *ast.SelectorExpr:
				if s := r.file.pack.info.Selections[n]; s != nil {
					r.selection(s)
				}
			}
			return true
		})
	}
	r.conversions()
}

// object refers to what a name means.
func (r *referrer) object(obj types.Object) {
	if obj == nil || obj.Pkg() == nil {
		return
	}
	if q := r.base.wrapperOf(obj); q != nil {
		r.wrapper(q)
		return
	}
	switch fn, ok := obj.(*types.Func); {
	case !ok:
		if v, ok := obj.(*types.Var); ok {
			obj = v.Origin()
		}
		r.add(r.base.unitOf(obj))
	case fn.Signature().Recv() == nil:
		r.add(r.base.unitOf(fn.Origin()))
	case obj.Pos() < r.decl.node.Pos() || obj.Pos() >= r.decl.node.End(): // not the declaration's own name
		r.add(r.base.method(fn)...)
	}
}

// selection refers to the types on the way to a field or a method: which one is
// promoted is up to them.
func (r *referrer) selection(s *types.Selection) {
	t := s.Recv()
	for _, i := range s.Index() {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		if named, ok := types.Unalias(t).(*types.Named); ok {
			r.add(r.base.unitOf(named.Obj()))
		}
		fields, ok := t.Underlying().(*types.Struct)
		if !ok || i >= fields.NumFields() {
			return
		}
		t = fields.Field(i).Type()
	}
}

// wrapper refers to a query whose wrapper is called: not to its body.
func (r *referrer) wrapper(q *query) {
	if p := r.base.packs[q.source.pack.path]; p != nil {
		r.add(p.signature(q))
	}
}

// untyped goes by names: those of packages and of what they declare, and behind
// any other dot all methods of that name in the modules. Of a type all methods
// count, because on another system another file may call them.
func (r *referrer) untyped() {
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if m := r.file.meaningBySyntax(n); m.path != "" {
				r.global(m.path, n.Name)
			}
		case *ast.SelectorExpr:
			if path := r.file.packageOf(n.X); path != "" {
				r.global(path, n.Sel.Name)
				return false
			}
			r.add(r.base.byName(n.Sel.Name, func(methodUnit) bool { return true })...)
			r.wrapperMethods(n.Sel.Name)
			ast.Inspect(n.X, visit)
			return false
		}
		return true
	}
	for _, root := range r.decl.roots() {
		ast.Inspect(root, visit)
	}
}

func (r *referrer) global(path, name string) {
	p := r.base.packs[path]
	if p == nil {
		return
	}
	if q := p.wrappers[name]; q != nil {
		r.wrapper(q)
		return
	}
	r.add(p.units[name])
	r.add(p.methodsOf(name, func(string) bool { return true })...)
}

// wrapperMethods refers to the generated methods of a name.
func (r *referrer) wrapperMethods(name string) {
	for _, p := range r.base.sorted {
		for _, q := range p.pack.queries {
			for _, d := range q.declarations() {
				if d.method && d.name == name {
					r.wrapper(q)
				}
			}
		}
	}
}
