package querygen

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"
)

var (
	errorType      = types.Universe.Lookup("error").Type()
	errorInterface = errorType.Underlying().(*types.Interface)
)

// failures are the errors that a unit can bring about, as far as can be seen.
// They are about files without build constraints alone: what is generated from
// them must be the same on all systems.
type failures struct {
	types     []types.Type    // of errors that become interfaces
	variables []errorVariable // that hold errors and are not only compared with
	texts     []token.Pos     // calls that make errors of texts alone
}

// An errorVariable is the use of a package variable.
type errorVariable struct {
	object *types.Var
	pos    token.Pos
}

// failure notes what a node has to do with errors. The nodes around it have been
// seen before.
func (r *referrer) failure(n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		info := r.file.pack.info
		switch functionName(info, n.Fun) {
		case "errors.Is", runtimePath + ".RegisterError":
			r.comparesWith(n.Args...)
		}
		if isText(info, n) {
			r.text(n)
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			r.comparesWith(n.X, n.Y)
		}
	case *ast.CaseClause:
		r.comparesWith(n.List...)
	case *ast.Ident:
		v, ok := r.file.pack.info.Uses[n].(*types.Var)
		if ok && !r.compared[n] && isSentinel(v) {
			r.unit.failures.variables = append(r.unit.failures.variables, errorVariable{v.Origin(), n.Pos()})
		}
	}
}

// comparesWith notes variables that are not handed on here.
func (r *referrer) comparesWith(list ...ast.Expr) {
	for _, e := range list {
		switch e := ast.Unparen(e).(type) {
		case *ast.Ident:
			r.compared[e] = true
		case *ast.SelectorExpr:
			r.compared[e.Sel] = true
		}
	}
}

// text notes an error that is only a text, if it is made when the function runs
// and not when a variable is initialized.
func (r *referrer) text(n *ast.CallExpr) {
	if fn, ok := r.decl.node.(*ast.FuncDecl); ok && (fn.Recv != nil || fn.Name.Name != "init") {
		r.unit.failures.texts = append(r.unit.failures.texts, n.Pos())
	}
}

// functionName returns the path and name of a function that is called, or "".
func functionName(info *types.Info, e ast.Expr) string {
	var id *ast.Ident
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	}
	if fn, ok := info.Uses[id].(*types.Func); ok && fn.Signature().Recv() == nil && fn.Pkg() != nil {
		return fn.Pkg().Path() + "." + fn.Name()
	}
	return ""
}

var wrapVerb = regexp.MustCompile(`%[^%a-zA-Z]*w`)

// isText tells the calls of errors.New, and of fmt.Errorf if that formats nothing
// by %w.
func isText(info *types.Info, n *ast.CallExpr) bool {
	switch functionName(info, n.Fun) {
	case "errors.New":
		return true
	case "fmt.Errorf":
		if len(n.Args) > 0 {
			v := info.Types[n.Args[0]].Value
			return v != nil && v.Kind() == constant.String && !wrapVerb.MatchString(strings.ReplaceAll(constant.StringVal(v), "%%", ""))
		}
	}
	return false
}

// isSentinel tells the package variables whose errors are themselves alone: those
// of interface and pointer types. Values of other types are equal to their copies.
func isSentinel(v *types.Var) bool {
	if v.IsField() || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() || !types.Implements(v.Type(), errorInterface) {
		return false
	}
	_, ptr := v.Type().Underlying().(*types.Pointer)
	return ptr || types.IsInterface(v.Type())
}

// A sentinelKind is what is known of the error in a package variable.
type sentinelKind uint8

const (
	sentinelOther sentinelKind = iota // by its type it could be saved, but then it were another one
	sentinelText                      // only a text
	sentinelValue                     // equal to its copies
)

// sentinel looks at what a variable is initialized with.
func (b *codeBase) sentinel(v *types.Var) sentinelKind {
	u := b.unitOf(v)
	if u == nil || !types.IsInterface(v.Type()) || len(u.decls) != 1 || !u.decls[0].file.typed {
		return sentinelOther
	}
	d := u.decls[0]
	if len(d.values.exprs) <= d.values.index {
		return sentinelOther
	}
	info, e := d.file.pack.info, d.values.exprs[d.values.index]
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && isText(info, call) {
		return sentinelText
	}
	t := info.TypeOf(e)
	if _, ptr := under(t).(*types.Pointer); t == nil || ptr || types.IsInterface(t) {
		return sentinelOther
	}
	return sentinelValue
}

// registered tells whether the modules call RegisterError for a variable.
func (b *codeBase) registered(v *types.Var) bool {
	if b.sentinels == nil {
		b.sentinels = make(map[string]bool)
		for _, p := range b.sorted {
			for _, f := range p.files {
				f.findRegistered(b.sentinels)
			}
		}
	}
	return b.sentinels[v.Pkg().Path()+"."+v.Name()]
}

// findRegistered adds the variables that a file registers.
func (f *codeFile) findRegistered(found map[string]bool) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			return true
		}
		switch fun := call.Fun.(type) {
		case *ast.SelectorExpr:
			ok = fun.Sel.Name == "RegisterError" && f.packageOf(fun.X) == runtimePath
		case *ast.Ident: // by a dot import
			ok = fun.Name == "RegisterError"
		}
		if !ok {
			return true
		}
		switch arg := ast.Unparen(call.Args[1]).(type) {
		case *ast.Ident:
			found[f.meaning(arg).path+"."+arg.Name] = true
		case *ast.SelectorExpr:
			found[f.packageOf(arg.X)+"."+arg.Sel.Name] = true
		}
		return true
	})
}
