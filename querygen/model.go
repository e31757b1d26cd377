package querygen

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
)

// A query is one annotated function with everything that will be generated for
// it. It is made from syntax; check adds the types.
type query struct {
	projected
	source    *source
	decl      *ast.FuncDecl
	ann       *annotation
	recv      string // the name of the receiver's type; "" for a function
	context   *part  // the first parameter; nil if there is none
	parts     []part // the key: the receiver, then the parameters behind the context
	results   []part // without the error
	failure   *part  // the error result, or nil
	names     names
	nameless  bool            // can not be called
	refused   bool            // breaks a rule that leaves nothing to generate, not even a stub
	hidden    map[string]bool // names that collide: they get no stub
	object    *types.Func     // set by check
	spareFunc *types.Func     // set by check: the function of cycle=
	reached   []codePart      // set by fingerprint: the code that has a say in the results
	code      digest          // set by fingerprint
}

// A part is a parameter or a result.
type part struct {
	name  string // "" if it has none, or _
	field string // in the struct of several
	expr  ast.Expr
	typ   types.Type // set by check
}

// model makes queries of the annotated functions of a package, in the order of
// their files and lines, which is the order of everything generated for them.
func (p *pack) model() {
	for _, s := range p.sources {
		if s.constraint() != "" {
			s.reportUnfit()
			continue
		}
		for _, a := range s.annotated {
			p.queries = append(p.queries, s.modelQuery(a))
		}
	}
	for _, s := range p.others {
		if s.pack == p {
			s.reportUnfit()
		}
	}
	if p.role != ordinary && len(p.queries) > 0 {
		for _, s := range p.sources {
			s.reportSyntax() // read with the others, whose syntax is none of our business
		}
	}
}

// modelQuery reads the signature as far as syntax goes. What it can't tell, such
// as whether the first parameter is a Context, it takes for granted: check will
// say so if it is not, and until then callers are checked against a wrapper.
func (s *source) modelQuery(a annotated) *query {
	q := &query{source: s, decl: a.decl, ann: a.ann}
	if a.decl.Recv != nil {
		q.modelReceiver(a.decl.Recv)
	}
	params := flatten(a.decl.Type.Params)
	if len(params) > 0 {
		q.context = &params[0]
		q.parts = append(q.parts, params[1:]...)
	}
	q.results = flatten(a.decl.Type.Results)
	if n := len(q.results); n > 0 && isErrorName(q.results[n-1].expr) {
		q.failure, q.results = &q.results[n-1], q.results[:n-1]
	}
	nameFields(q.parts, "P")
	nameFields(q.results, "R")
	if q.recv != "" && q.parts[0].name == "" {
		q.parts[0].field = "Receiver"
	}
	q.modelName()
	return q
}

// modelReceiver makes the receiver the first part of the key.
func (q *query) modelReceiver(list *ast.FieldList) {
	recv := flatten(list)
	if len(recv) != 1 {
		q.refused = true // a syntax error
		return
	}
	q.parts = recv
	expr := ast.Unparen(recv[0].expr)
	if star, ok := expr.(*ast.StarExpr); ok {
		q.refuse(star.Pos(), "a pointer receiver is a pointer key, which has no meaning in another process: use a value receiver")
		expr = ast.Unparen(star.X)
	}
	switch e := expr.(type) {
	case *ast.Ident:
		q.recv = e.Name
	case *ast.IndexExpr, *ast.IndexListExpr:
		q.refuse(expr.Pos(), "a query can't have type parameters, and the receiver has some: write a function")
	default:
		q.refused = true
	}
}

// modelName finds the wrapper's name and the others that follow from it.
func (q *query) modelName() {
	name, wrapper := q.decl.Name, q.ann.options.name
	switch {
	case q.decl.Type.TypeParams != nil:
		q.refuse(q.decl.Type.TypeParams.Pos(), "a query can't have type parameters: write one for each type")
	case name.Name == "_" || q.recv == "" && (name.Name == "init" || name.Name == "main" && q.source.pack.name == "main"):
		q.refuse(name.Pos(), "the function %s can't be called, so it can't be a query", name.Name)
		q.nameless = true
	case wrapper == "" && name.IsExported():
		q.refuse(name.Pos(), "the function %s is exported, which its wrapper wants to be: make it unexported, or name the wrapper: name=Get%s", name.Name, name.Name)
	case wrapper == "":
		wrapper = upperFirst(name.Name)
		if !token.IsExported(wrapper) {
			q.refuse(name.Pos(), "the name %s can't be exported, name the wrapper: name=%s", name.Name, fieldName(name.Name, "Get"))
		}
	}
	q.names = nameQuery(wrapper, q)
}

func (q *query) errorf(pos token.Pos, format string, args ...any) {
	q.source.errorf(pos, format, args...)
}

// refuse reports an error after which the query has no wrapper.
func (q *query) refuse(pos token.Pos, format string, args ...any) {
	q.errorf(pos, format, args...)
	q.refused = true
}

// userNames returns the names of the key parts and of all results.
func (q *query) userNames() []string {
	var list []string
	for _, p := range slices.Concat(q.parts, q.results) {
		list = append(list, p.name)
	}
	if q.failure != nil {
		list = append(list, q.failure.name)
	}
	return list
}

// flatten lists parameters or results one by one: (a, b int) is two parts, and
// (int, string) is two without names.
func flatten(list *ast.FieldList) []part {
	if list == nil {
		return nil
	}
	var parts []part
	for _, f := range list.List {
		if len(f.Names) == 0 {
			parts = append(parts, part{expr: f.Type})
		}
		for _, id := range f.Names {
			name := id.Name
			if name == "_" {
				name = ""
			}
			parts = append(parts, part{name: name, expr: f.Type})
		}
	}
	return parts
}

// nameFields names the fields of a struct that holds the parts. The fields are
// exported even if the struct is not: users range over the keys of an input and
// read results out of a Task, and both go to disk one day.
func nameFields(parts []part, fallback string) {
	taken := make(scope)
	for i := range parts {
		parts[i].field = taken.unique(fieldName(parts[i].name, fallback+strconv.Itoa(i+1)))
	}
}

// isErrorName tells whether a type is spelled like the error type. It may still
// be another one, or error may be spelled otherwise: see correct.
func isErrorName(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	return ok && id.Name == "error"
}

// qualified is the name of the function for messages and docs: parse, or
// File.tree.
func (q *query) qualified() string {
	if q.recv == "" {
		return q.decl.Name.Name
	}
	return q.recv + "." + q.decl.Name.Name
}
