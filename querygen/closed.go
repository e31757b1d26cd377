package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A closedSet holds the interfaces whose implementations are listed, by typeKey.
// It knows what types are made of, where these are interfaces too.
//
// The list is a call at package level, in the package of the interface or in
// that of the query:
//
//	var _ = query.Implementations[Expr](Add{}, Num{}, (*Call)(nil))
type closedSet map[string][]types.Type

// closed returns the sets that hold for the queries of the package.
func (p *pack) closed() closedSet {
	if p.sets == nil {
		p.sets = make(closedSet)
		p.addSets(p.sets, nil)
		for _, path := range p.reach() {
			if q := p.world.packs[path]; q != nil && q != p {
				q.addSets(p.sets, q.checked)
			}
		}
	}
	return p.sets
}

// reach returns the paths of all packages that the package imports, over any
// number of steps: an interface may come from each of them.
func (p *pack) reach() []string {
	seen := make(map[string]bool)
	var visit func(p *pack)
	visit = func(p *pack) {
		for _, path := range p.imports() {
			if !seen[path] {
				seen[path] = true
				if q := p.world.packs[path]; q != nil {
					visit(q)
				}
			}
		}
	}
	visit(p)
	var list []string
	for path := range seen {
		list = append(list, path)
	}
	slices.Sort(list)
	return list
}

// addSets adds what the package lists: for others than itself only what it
// lists of its own interfaces.
func (p *pack) addSets(sets closedSet, of *checked) {
	if p.checked == nil || p.checked.types == nil {
		return
	}
	for _, s := range p.sources {
		for _, d := range s.syntax.Decls {
			eachCall(d, func(call *ast.CallExpr, name *ast.Ident) {
				iface, list := p.implementations(call, name)
				if iface == nil || of != nil && packageOf(iface) != of.types {
					return
				}
				sets.add(iface, list)
			})
		}
	}
}

// eachCall calls f for each call of something called Implementations that a
// variable at package level is set to.
func eachCall(d ast.Decl, f func(call *ast.CallExpr, name *ast.Ident)) {
	decl, ok := d.(*ast.GenDecl)
	if !ok || decl.Tok != token.VAR {
		return
	}
	for _, spec := range decl.Specs {
		for _, v := range spec.(*ast.ValueSpec).Values {
			call, ok := ast.Unparen(v).(*ast.CallExpr)
			if !ok {
				continue
			}
			fun := ast.Unparen(call.Fun)
			if index, ok := fun.(*ast.IndexExpr); ok {
				fun = index.X
			}
			if sel, ok := fun.(*ast.SelectorExpr); ok {
				fun = sel.Sel
			}
			if id, ok := fun.(*ast.Ident); ok && id.Name == "Implementations" {
				f(call, id)
			}
		}
	}
}

// implementations returns what a call lists: nil, if it is another function's.
func (p *pack) implementations(call *ast.CallExpr, name *ast.Ident) (iface types.Type, list []types.Type) {
	info := &types.Info{
		Types:     make(map[ast.Expr]types.TypeAndValue),
		Uses:      make(map[*ast.Ident]types.Object),
		Instances: make(map[*ast.Ident]types.Instance),
	}
	if types.CheckExpr(p.world.fset, p.checked.types, call.Pos(), call, info) != nil {
		return nil, nil // reported already
	}
	obj := info.Uses[name]
	if obj == nil || obj.Pkg() == nil || obj.Pkg().Path() != runtimePath {
		return nil, nil
	}
	iface = info.Instances[name].TypeArgs.At(0)
	if !types.IsInterface(iface) {
		p.world.problems.errorf(p.world.position(call.Pos()), "%s is not an interface, whose implementations could be listed", types.TypeString(iface, types.RelativeTo(p.checked.types)))
		return nil, nil
	}
	for _, arg := range call.Args {
		t := info.Types[arg].Type
		if types.IsInterface(t) || types.Identical(t, types.Typ[types.UntypedNil]) {
			p.world.problems.errorf(p.world.position(arg.Pos()), "an implementation must be of a concrete type: T{} or (*T)(nil)")
			continue
		}
		list = append(list, t)
	}
	return iface, list
}

// packageOf returns the package of a named type, or nil.
func packageOf(t types.Type) *types.Package {
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Pkg()
	}
	return nil
}

// add adds implementations, sorted by their names, each once.
func (s closedSet) add(iface types.Type, list []types.Type) {
	k := typeKey(types.Unalias(iface))
	all := append(s[k], list...)
	slices.SortFunc(all, func(a, b types.Type) int { return strings.Compare(typeKey(a), typeKey(b)) })
	s[k] = slices.CompactFunc(all, types.Identical)
}

// of returns the implementations of an interface, none if they are not listed.
func (s closedSet) of(t types.Type) []types.Type { return s[typeKey(types.Unalias(t))] }
