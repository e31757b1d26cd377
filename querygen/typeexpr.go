package querygen

import (
	"go/types"
	"strconv"

	"github.com/dave/jennifer/jen"
)

// importer hands out the names by which a generated file imports packages.
// Jennifer keeps import names apart from each other; that they also stay clear
// of what the package declares is done here.
type importer struct {
	file *jen.File
	self *types.Package
	free scope
	seen map[string]bool
}

// name returns code for an identifier of a package.
func (m *importer) name(pkg *types.Package, id string) *jen.Statement {
	if pkg == nil || pkg == m.self {
		return jen.Id(id)
	}
	if !m.seen[pkg.Path()] {
		m.seen[pkg.Path()] = true
		m.register(pkg.Path(), pkg.Name(), pkg.Name())
	}
	return jen.Qual(pkg.Path(), id)
}

// register chooses the import name of a package that calls itself real.
func (m *importer) register(path, real, want string) {
	if name := m.free.unique(want); name == real {
		m.file.ImportName(path, name)
	} else {
		m.file.ImportAlias(path, name)
	}
}

// expr returns code that spells a type. Every type that a user can write in a
// signature can be written in another file of the package. Aliases are spelled
// as such: what they stand for may be a type that this package must not name.
func (m *importer) expr(t types.Type) *jen.Statement {
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return m.name(types.Unsafe, "Pointer")
		}
		return jen.Id(t.Name())
	case *types.Alias:
		return m.instance(t.Obj(), t.TypeArgs())
	case *types.Named:
		return m.instance(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		return jen.Op("*").Add(m.expr(t.Elem()))
	case *types.Slice:
		return jen.Index().Add(m.expr(t.Elem()))
	case *types.Array:
		return jen.Index(jen.Lit(int(t.Len()))).Add(m.expr(t.Elem()))
	case *types.Map:
		return jen.Map(m.expr(t.Key())).Add(m.expr(t.Elem()))
	case *types.Chan:
		return m.channel(t)
	case *types.Signature:
		return jen.Func().Add(m.signature(t))
	case *types.Struct:
		return m.structure(t)
	case *types.Interface:
		return m.interfaceType(t)
	case *types.Union:
		return m.union(t)
	}
	panic("querygen: a type that no signature can hold: " + t.String())
}

func (m *importer) instance(obj *types.TypeName, args *types.TypeList) *jen.Statement {
	code := m.name(obj.Pkg(), obj.Name())
	if args.Len() == 0 {
		return code
	}
	var list []jen.Code
	for t := range args.Types() {
		list = append(list, m.expr(t))
	}
	return code.Types(list...)
}

func (m *importer) channel(t *types.Chan) *jen.Statement {
	elem := m.expr(t.Elem())
	if _, ok := t.Elem().(*types.Chan); ok { // chan <-chan T is chan<- chan T
		elem = jen.Parens(elem)
	}
	switch t.Dir() {
	case types.SendOnly:
		return jen.Chan().Op("<-").Add(elem)
	case types.RecvOnly:
		return jen.Op("<-").Chan().Add(elem)
	}
	return jen.Chan().Add(elem)
}

// signature returns code for what stands behind func or a method's name. The
// names of the parameters are left out: they mean nothing in a type.
func (m *importer) signature(t *types.Signature) *jen.Statement {
	list := func(vars *types.Tuple, variadic bool) []jen.Code {
		var codes []jen.Code
		for i := range vars.Len() {
			typ := vars.At(i).Type()
			if slice, ok := typ.(*types.Slice); ok && variadic && i == vars.Len()-1 {
				codes = append(codes, jen.Op("...").Add(m.expr(slice.Elem())))
				continue
			}
			codes = append(codes, m.expr(typ))
		}
		return codes
	}
	return jen.Params(list(t.Params(), t.Variadic())...).Params(list(t.Results(), false)...)
}

func (m *importer) structure(t *types.Struct) *jen.Statement {
	var fields []jen.Code
	for i := range t.NumFields() {
		f := t.Field(i)
		code := m.expr(f.Type())
		if !f.Embedded() {
			code = jen.Id(f.Name()).Add(code)
		}
		if tag := t.Tag(i); tag != "" {
			code.Op(quoteTag(tag)) // as it is: jennifer's Tag would order it anew
		}
		fields = append(fields, code)
	}
	return jen.Struct(fields...)
}

func quoteTag(tag string) string {
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}

func (m *importer) interfaceType(t *types.Interface) *jen.Statement {
	var items []jen.Code
	for f := range t.ExplicitMethods() {
		items = append(items, jen.Id(f.Name()).Add(m.signature(f.Signature())))
	}
	for e := range t.EmbeddedTypes() {
		items = append(items, m.expr(e))
	}
	return jen.Interface(items...)
}

func (m *importer) union(t *types.Union) *jen.Statement {
	var terms []jen.Code
	for term := range t.Terms() {
		code := m.expr(term.Type())
		if term.Tilde() {
			code = jen.Op("~").Add(code)
		}
		terms = append(terms, code)
	}
	return jen.Union(terms...)
}
