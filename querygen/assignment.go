package querygen

import (
	"go/ast"
	"go/token"
)

// A package variable is what its initial value says and what the functions init
// make of it: that is code like any other. What is assigned to it later is not
// followed: a query that reads it is wrong already.
//
// So a variable reaches each init of the modules that mentions it, or that
// calls, over any number of steps, a function that assigns to it. The same holds
// for var _ = register(...).

// findAssignments gives variables the initializers that set them.
func (b *codeBase) findAssignments() {
	assigned := make(map[*unit][]*unit) // variables by the function
	for _, p := range b.sorted {
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					if vars := f.assigns(fn.Body); len(vars) > 0 {
						u := f.funcUnit(fn)
						assigned[u] = append(assigned[u], vars...)
					}
				}
			}
		}
	}
	for _, p := range b.sorted {
		for _, u := range p.unnamed {
			b.initialize(u, assigned)
		}
	}
}

// initialize attributes what one initializer does.
func (b *codeBase) initialize(init *unit, assigned map[*unit][]*unit) {
	b.expand(init)
	for _, v := range init.refs {
		if v.variable() {
			v.extra = append(v.extra, init)
		}
	}
	for _, u := range b.closure(init) {
		for _, v := range assigned[u] {
			v.extra = append(v.extra, init)
		}
	}
}

// funcUnit returns the unit of a function or method; nil for an init, which
// assigns directly what it mentions.
func (f *codeFile) funcUnit(fn *ast.FuncDecl) *unit {
	if fn.Recv == nil {
		return f.pack.units[fn.Name.Name]
	}
	return f.pack.methods[receiverOf(fn.Recv)][fn.Name.Name]
}

// assigns lists the package variables that a function assigns to, or whose
// address it takes.
func (f *codeFile) assigns(body *ast.BlockStmt) []*unit {
	var list []*unit
	target := func(e ast.Expr) {
		if u := f.variableOf(e); u != nil {
			list = append(list, u)
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					target(e)
				}
			}
		case *ast.IncDecStmt:
			target(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				target(n.X)
			}
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				target(n.Key)
				target(n.Value)
			}
		}
		return true
	})
	return list
}

// variableOf returns the package variable in which e is a place, or nil.
func (f *codeFile) variableOf(e ast.Expr) *unit {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			if path := f.packageOf(x.X); path != "" {
				return f.pack.base.variable(path, x.Sel.Name)
			}
			e = x.X
		case *ast.Ident:
			return f.pack.base.variable(f.meaning(x).path, x.Name)
		default:
			return nil
		}
	}
}

func (b *codeBase) variable(path, name string) *unit {
	if p := b.packs[path]; p != nil && p.units[name] != nil && p.units[name].variable() {
		return p.units[name]
	}
	return nil
}

// closure returns units of one module and all that they reach in it.
func (b *codeBase) closure(roots ...*unit) []*unit {
	seen := make(map[*unit]bool)
	list := append([]*unit(nil), roots...)
	for _, u := range roots {
		seen[u] = true
	}
	for i := 0; i < len(list); i++ {
		u := list[i]
		b.expand(u)
		for _, refs := range [][]*unit{u.refs, u.extra} {
			for _, v := range refs {
				if !seen[v] && v.module() == list[0].module() {
					seen[v] = true
					list = append(list, v)
				}
			}
		}
	}
	return list
}
