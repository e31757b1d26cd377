package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
)

// This file finds the places where values become interfaces, which the type
// checker knows and does not tell.

// conversions holds the types that the declaration converts to interfaces, or
// that it gives as type arguments.
func (r *referrer) conversions() {
	for _, root := range r.decl.roots() {
		var results []*types.Tuple // of the functions around, the innermost last
		ast.PreorderStack(root, nil, func(n ast.Node, stack []ast.Node) bool {
			results = results[:0]
			for _, outer := range stack {
				if sig := r.signature(outer); sig != nil {
					results = append(results, sig.Results())
				}
			}
			r.convert(n, results)
			return true
		})
	}
	if r.decl.values.typ != nil {
		for _, e := range r.decl.roots()[1:] {
			r.assign(r.typeOf(r.decl.values.typ), e.(ast.Expr))
		}
	}
}

func (r *referrer) typeOf(e ast.Expr) types.Type { return r.file.pack.info.TypeOf(e) }

// signature is that of a function that is declared here, or nil.
func (r *referrer) signature(n ast.Node) *types.Signature {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if fn, ok := r.file.pack.info.Defs[n.Name].(*types.Func); ok {
			return fn.Signature()
		}
	case *ast.FuncLit:
		sig, _ := r.typeOf(n).(*types.Signature)
		return sig
	}
	return nil
}

// convert looks at the conversions of one node.
func (r *referrer) convert(n ast.Node, results []*types.Tuple) {
	switch n := n.(type) {
	case *ast.Ident:
		if inst, ok := r.file.pack.info.Instances[n]; ok {
			for t := range inst.TypeArgs.Types() {
				r.hold(t)
			}
		}
	case *ast.CallExpr:
		r.call(n)
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN {
			var targets []types.Type
			for _, e := range n.Lhs {
				targets = append(targets, r.typeOf(e))
			}
			r.assignAll(targets, n.Rhs)
		}
	case *ast.ValueSpec:
		if n.Type != nil {
			for _, e := range n.Values {
				r.assign(r.typeOf(n.Type), e)
			}
		}
	case *ast.ReturnStmt:
		if len(results) > 0 {
			r.assignAll(tupleTypes(results[len(results)-1]), n.Results)
		}
	case *ast.CompositeLit:
		r.composite(n)
	case *ast.SendStmt:
		if c, ok := under(r.typeOf(n.Chan)).(*types.Chan); ok {
			r.assign(c.Elem(), n.Value)
		}
	case *ast.IndexExpr:
		if m, ok := under(r.typeOf(n.X)).(*types.Map); ok {
			r.assign(m.Key(), n.Index)
		}
	case *ast.RangeStmt:
		r.ranged(n)
	}
}

// under is the underlying type, for no type none.
func under(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

func tupleTypes(t *types.Tuple) []types.Type {
	var list []types.Type
	for v := range t.Variables() {
		list = append(list, v.Type())
	}
	return list
}

// assign holds the type of a value that is assigned to an interface.
func (r *referrer) assign(target types.Type, e ast.Expr) { r.assignType(target, r.typeOf(e)) }

func (r *referrer) assignType(target, source types.Type) {
	if target != nil && source != nil && types.IsInterface(target) && !types.IsInterface(source) {
		r.hold(source)
		if types.Implements(source, errorInterface) {
			r.unit.failures.types = append(r.unit.failures.types, source)
		}
	}
}

// assignAll does the same for a list, or for a call with several results.
func (r *referrer) assignAll(targets []types.Type, values []ast.Expr) {
	if len(values) == 1 && len(targets) > 1 {
		if t, ok := r.typeOf(values[0]).(*types.Tuple); ok {
			for i, source := range tupleTypes(t) {
				if i < len(targets) {
					r.assignType(targets[i], source)
				}
			}
			return
		}
	}
	for i, e := range values {
		if i < len(targets) {
			r.assign(targets[i], e)
		}
	}
}

// call looks at arguments, and at T(x).
func (r *referrer) call(n *ast.CallExpr) {
	fun := r.file.pack.info.Types[n.Fun]
	if fun.IsType() {
		for _, e := range n.Args {
			r.assign(fun.Type, e)
		}
		return
	}
	// A builtin has the signature of this one call.
	sig, ok := under(fun.Type).(*types.Signature)
	if !ok {
		return
	}
	targets := tupleTypes(sig.Params())
	if last := len(targets) - 1; sig.Variadic() && !n.Ellipsis.IsValid() && last >= 0 {
		if s, ok := targets[last].(*types.Slice); ok {
			targets = targets[:last]
			for len(targets) <= last+maxResults(n) {
				targets = append(targets, s.Elem())
			}
		}
	}
	seen := r.unit.failures.types
	r.assignAll(targets, n.Args)
	if functionName(r.file.pack.info, n.Fun) == "errors.As" { // which fills in the error, and makes none
		r.unit.failures.types = seen
	}
}

// maxResults is at least the number of arguments of a call, also of f(g()).
func maxResults(n *ast.CallExpr) int { return max(len(n.Args), 16) }

func (r *referrer) composite(n *ast.CompositeLit) {
	t := under(r.typeOf(n))
	if p, ok := t.(*types.Pointer); ok { // &T with the type left out
		t = p.Elem().Underlying()
	}
	for i, e := range n.Elts {
		kv, keyed := e.(*ast.KeyValueExpr)
		if keyed {
			e = kv.Value
		}
		switch t := t.(type) {
		case *types.Struct:
			switch {
			case keyed:
				if id, ok := kv.Key.(*ast.Ident); ok {
					if field := r.file.pack.info.Uses[id]; field != nil {
						r.assign(field.Type(), e)
					}
				}
			case i < t.NumFields():
				r.assign(t.Field(i).Type(), e)
			}
		case *types.Map:
			if keyed {
				r.assign(t.Key(), kv.Key)
			}
			r.assign(t.Elem(), e)
		case *types.Slice:
			r.assign(t.Elem(), e)
		case *types.Array:
			r.assign(t.Elem(), e)
		}
	}
}

// ranged looks at for k, v = range x with variables that were there before.
func (r *referrer) ranged(n *ast.RangeStmt) {
	if n.Tok != token.ASSIGN {
		return
	}
	for _, e := range []ast.Expr{n.Key, n.Value} {
		if e != nil && types.IsInterface(orInvalid(r.typeOf(e))) {
			r.hold(orInvalid(r.typeOf(n.X)))
		}
	}
}

func orInvalid(t types.Type) types.Type {
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return t
}
