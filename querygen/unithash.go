package querygen

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"go/ast"
	"go/token"
	"hash"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A digest is 128 bits of SHA-256.
type digest [16]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func newDigest(h hash.Hash) digest { return digest(h.Sum(nil)[:16]) }

// A normalizer writes a declaration in a form that does not depend on how it
// is laid out. Positions, comments and parentheses are left out. Names of the
// module are written with their package, however it is imported; local ones as
// numbers, in the order in which they first appear; literals by value.
//
// What is written is never read back. It must only be different for what means
// something different, so each node begins with its type, and each list with
// its length.
type normalizer struct {
	h      hash.Hash
	file   *codeFile
	locals map[any]int
}

// hashUnit makes the digest of all that belongs to a unit itself.
func (p *codePack) hashUnit(u *unit) digest {
	var list []string
	for _, d := range u.decls {
		n := &normalizer{sha256.New(), d.file, make(map[any]int)}
		n.decl(d)
		list = append(list, newDigest(n.h).String())
	}
	// Files may be renamed and declarations moved between them.
	slices.Sort(list)
	h := sha256.New()
	for _, s := range list {
		io.WriteString(h, s)
	}
	return newDigest(h)
}

// number writes a number, text a string with its length.
func (n *normalizer) number(i int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(i))
	n.h.Write(b[:])
}

func (n *normalizer) text(list ...string) {
	for _, s := range list {
		n.number(len(s))
		io.WriteString(n.h, s)
	}
}

func (n *normalizer) decl(d *unitDecl) {
	switch node := d.node.(type) {
	case *ast.ValueSpec:
		n.text("value")
		n.values(d)
	case *ast.FuncDecl:
		n.node(node)
		if node.Body == nil {
			n.text(d.directives("//go:linkname")...)
			n.foreign()
		}
	default:
		n.node(node)
	}
	n.embedded(d)
	if d.file.usesC(d.node) {
		n.cgo(d.file)
	}
}

// values writes a constant or a variable alone, not those that are declared
// with it.
func (n *normalizer) values(d *unitDecl) {
	v := d.values
	n.value(reflect.ValueOf(&v.typ).Elem())
	exprs := v.exprs
	if v.index < len(exprs) && (len(exprs) > 1 || v.index == 0) {
		exprs = exprs[v.index : v.index+1]
	} else {
		n.number(v.index) // one of several results of a call
	}
	n.value(reflect.ValueOf(exprs))
	if slices.ContainsFunc(exprs, mentionsIota) {
		n.number(v.iota)
	}
}

func mentionsIota(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(x ast.Node) bool {
		id, ok := x.(*ast.Ident)
		found = found || ok && id.Name == "iota"
		return !found
	})
	return found
}

// node writes a node of the syntax tree.
func (n *normalizer) node(x ast.Node) {
	switch x := x.(type) {
	case *ast.Ident:
		n.ident(x)
		return
	case *ast.BasicLit:
		n.literal(x)
		return
	case *ast.ParenExpr:
		n.node(x.X)
		return
	case *ast.SelectorExpr:
		n.selector(x)
		return
	case *ast.StructType:
		n.members("struct", x.Fields)
		return
	case *ast.InterfaceType:
		n.members("interface", x.Methods)
		return
	}
	v := reflect.ValueOf(x).Elem()
	n.text(v.Type().Name())
	n.fields(v)
}

var (
	posType     = reflect.TypeFor[token.Pos]()
	commentType = reflect.TypeFor[*ast.CommentGroup]()
	scopeType   = reflect.TypeFor[*ast.Scope]()
	objectType  = reflect.TypeFor[*ast.Object]()
	boolType    = reflect.TypeFor[bool]()
)

// fields writes the fields of a node. Of positions only two mean something by
// being there: the dots of a call and the sign of an alias.
func (n *normalizer) fields(v reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch f.Type() {
		case commentType, scopeType, objectType:
			continue
		case boolType:
			if name == "Implicit" { // of an empty statement
				continue
			}
		case posType:
			if _, call := v.Addr().Interface().(*ast.CallExpr); call && name == "Ellipsis" || name == "Assign" {
				n.bool(f.Int() != 0)
			}
			continue
		}
		n.value(f)
	}
}

func (n *normalizer) bool(b bool) {
	if b {
		n.number(1)
	} else {
		n.number(0)
	}
}

func (n *normalizer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			n.text("nil")
			return
		}
		n.node(v.Interface().(ast.Node))
	case reflect.Slice:
		n.number(v.Len())
		for i := range v.Len() {
			n.value(v.Index(i))
		}
	case reflect.Int:
		n.number(int(v.Int()))
	case reflect.Bool:
		n.bool(v.Bool())
	}
}

// members writes the fields of a struct or the methods of an interface, whose
// names are no local names even if they are declared in a function.
func (n *normalizer) members(kind string, list *ast.FieldList) {
	n.text(kind)
	if list == nil {
		return
	}
	n.number(len(list.List))
	for _, f := range list.List {
		n.number(len(f.Names))
		for _, id := range f.Names {
			n.text(id.Name)
		}
		n.node(f.Type)
		if f.Tag != nil {
			n.literal(f.Tag)
		}
	}
}

// literal writes a literal by its value, as far as gofmt might change it.
func (n *normalizer) literal(l *ast.BasicLit) {
	text := l.Value
	if l.Kind == token.STRING {
		if s, err := strconv.Unquote(text); err == nil {
			text = s
		}
	} else if l.Kind != token.CHAR {
		text = strings.ToLower(text)
	}
	n.text("literal", l.Kind.String(), text)
}

func (n *normalizer) selector(x *ast.SelectorExpr) {
	if path := n.file.packageOf(x.X); path != "" {
		n.global(path, x.Sel.Name)
		return
	}
	n.text("selector")
	n.node(x.X)
	if q := n.file.wrapperOf(x); q != nil {
		n.wrapper(q, x.Sel.Name)
		return
	}
	n.text(x.Sel.Name)
}

// ident writes a name that stands alone.
func (n *normalizer) ident(id *ast.Ident) {
	m := n.file.meaning(id)
	switch {
	case m.path != "":
		n.global(m.path, id.Name)
	case m.local != nil:
		number, seen := n.locals[m.local]
		if !seen {
			number = len(n.locals)
			n.locals[m.local] = number
		}
		n.text("local")
		n.number(number)
	case m.hidden:
		n.text("local")
	default:
		n.text("name", id.Name)
	}
}

func (n *normalizer) global(path, name string) {
	if p := n.file.pack.sibling(path); p != nil && p.wrappers[name] != nil {
		n.wrapper(p.wrappers[name], name)
		return
	}
	n.text("global", path, name)
}

// wrapper writes the use of a generated function: the query behind it counts
// by its name.
func (n *normalizer) wrapper(q *query, name string) {
	n.text("wrapper", q.source.pack.path, q.qualified(), name)
}

// cgo writes all that a use of C may depend on.
func (n *normalizer) cgo(f *codeFile) {
	for _, decl := range f.syntax.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		for _, spec := range g.Specs {
			if spec := spec.(*ast.ImportSpec); spec.Path.Value == `"C"` {
				n.text("cgo", g.Doc.Text(), spec.Doc.Text())
			}
		}
	}
	n.foreign()
}

// foreign writes the digest of the package's files in other languages, for
// code that is partly in them.
func (n *normalizer) foreign() {
	p := n.file.pack
	if p.foreign == nil {
		h := sha256.New()
		files, _ := os.ReadDir(p.pack.dir) // sorted
		for _, f := range files {
			if slices.Contains(foreignSuffixes, filepath.Ext(f.Name())) {
				hashFile(h, f.Name(), filepath.Join(p.pack.dir, f.Name()))
			}
		}
		d := newDigest(h)
		p.foreign = &d
	}
	n.text("foreign", string(p.foreign[:]))
}

var foreignSuffixes = []string{".s", ".S", ".sx", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90", ".swig", ".swigcxx", ".syso"}

// hashFile adds a file by its name and content; one that can't be read by its
// name alone, and the compiler will have something to say about it.
func hashFile(h hash.Hash, name, path string) {
	data, err := os.ReadFile(path)
	n := &normalizer{h: h}
	n.text(name)
	n.bool(err == nil)
	n.text(string(data))
}
