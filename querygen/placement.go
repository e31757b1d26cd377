package querygen

import (
	"go/ast"
	"go/token"
	"slices"
)

// An annotation that is nobody's is the worst mistake of all: everything still
// compiles, and the function is quietly not memoized. So each directive in a
// file has to be accounted for, wherever it stands.

// annotate finds the annotated functions of a file, and reports annotations
// that stand anywhere else.
func (s *source) annotate() {
	docs := documented(s.syntax)
	for _, g := range s.syntax.Comments {
		owner := docs[g]
		fn, ok := owner.node.(*ast.FuncDecl)
		if !ok {
			s.reportMisplaced(g, owner.what)
			continue
		}
		if a := s.annotationOf(g, fn.Name.Name); a != nil {
			s.annotated = append(s.annotated, annotated{fn, a})
		}
	}
}

// insideFunction is what the owner of comments in function bodies is called.
const insideFunction = "the inside of a function"

// An owner is what a comment group documents.
type owner struct {
	node ast.Node
	what string
}

// documented maps comment groups to what they document. Groups inside of
// function bodies belong to the body, whatever they document there.
func documented(f *ast.File) map[*ast.CommentGroup]owner {
	docs := make(map[*ast.CommentGroup]owner)
	put := func(node ast.Node, what string, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if g != nil {
				docs[g] = owner{node, what}
			}
		}
	}
	// An outer node is put before those inside of it, which overwrite it: the
	// parser gives the comment of a lone spec to its declaration or to itself,
	// depending on the parentheses.
	put(f, "the package clause", f.Doc)
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			put(n, "", n.Doc)
			if n.Body != nil {
				bodyGroups(f, n.Body, put)
			}
			return false
		case *ast.GenDecl:
			put(n, "a "+n.Tok.String()+" declaration", n.Doc)
		case *ast.ImportSpec:
			put(n, "an import", n.Doc, n.Comment)
		case *ast.ValueSpec:
			put(n, "a variable or constant", n.Doc, n.Comment)
		case *ast.TypeSpec:
			put(n, "a type", n.Doc, n.Comment)
		case *ast.Field:
			put(n, fieldWhat(n), n.Doc, n.Comment)
		}
		return true
	})
	return docs
}

func fieldWhat(f *ast.Field) string {
	if _, ok := f.Type.(*ast.FuncType); ok && len(f.Names) > 0 {
		return "a method of an interface or a field"
	}
	return "a field"
}

func bodyGroups(f *ast.File, body *ast.BlockStmt, put func(ast.Node, string, ...*ast.CommentGroup)) {
	for _, g := range f.Comments {
		if body.Pos() <= g.Pos() && g.End() <= body.End() {
			put(body, insideFunction, g)
		}
	}
}

// reportMisplaced reports the annotations in a group that is not the doc
// comment of a function. The bare forms count only where a declaration's doc
// comment could be: inside of a function they are comments like others.
func (s *source) reportMisplaced(g *ast.CommentGroup, what string) {
	lines := readGroup(g)
	// A floating comment of several lines is prose, unless all of them are
	// directives: then it was meant for a function that has moved away.
	inside := what == insideFunction
	lone := !slices.ContainsFunc(lines, func(l docLine) bool { return l.form == formProse })
	for _, l := range lines {
		switch {
		case l.form == formCanonical, l.form == formBare && !inside && (lone || what != ""):
			s.errorf(l.pos, "%s", misplaced(what))
		}
	}
}

func misplaced(what string) string {
	switch what {
	case insideFunction:
		return "the annotation is inside of a function, it must be the last line of the doc comment above one"
	case "":
		return "the annotation belongs to no function: it must be the last line of a function's doc comment, with no empty line before the function"
	}
	return "the annotation is on " + what + ", only functions can be queries"
}

// An annotated function.
type annotated struct {
	decl *ast.FuncDecl
	ann  *annotation
}

// position returns where pos is in the file as it lies on disk: a //line
// directive would point into a file that nobody can annotate.
func (w *world) position(pos token.Pos) token.Position { return w.fset.PositionFor(pos, false) }

func (s *source) position(pos token.Pos) token.Position { return s.pack.world.position(pos) }

func (s *source) errorf(pos token.Pos, format string, args ...any) {
	s.problems.errorf(s.position(pos), format, args...)
}

func (s *source) warn(pos token.Pos, format string, args ...any) {
	s.problems.warnf(s.position(pos), format, args...)
}
