package querygen

import (
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A source is one Go file of the user. The files that querygen itself has
// written are never among them.
type source struct {
	pack      *pack
	problems  *problems
	path      string // absolute
	text      []byte
	syntax    *ast.File
	annotated []annotated
	faults    scanner.ErrorList // of the syntax
}

// parseSource reads a file. With syntax errors it is as much as the parser
// could make of it; nil if it can't be read at all.
func parseSource(p *pack, path string) *source {
	s := &source{pack: p, problems: p.world.problems, path: path}
	text, err := os.ReadFile(path)
	if err != nil {
		s.problems.errorf(token.Position{Filename: path}, "%v", err)
		return nil
	}
	s.text = text
	s.syntax, err = parser.ParseFile(p.world.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if list, ok := err.(scanner.ErrorList); ok {
		list.RemoveMultiples()
		s.faults = list
	}
	if s.syntax == nil || s.syntax.Name == nil || s.syntax.Name.Name == "_" {
		return nil
	}
	return s
}

// slice returns the source text of a node.
func (s *source) slice(n ast.Node) string {
	f := s.pack.world.fset.File(s.syntax.FileStart)
	return string(s.text[f.Offset(n.Pos()):f.Offset(n.End())])
}

// constraint returns what makes the file depend on the platform or on tags, or
// "" if nothing does. A wrapper has one signature and one place for all
// platforms, so its function must be there on all of them.
func (s *source) constraint() string {
	if name := filepath.Base(s.path); platformName(name) {
		return "its name is for one platform"
	}
	for _, g := range s.syntax.Comments {
		if g.Pos() >= s.syntax.Package {
			break
		}
		for _, c := range g.List {
			if constraint.IsGoBuild(c.Text) || constraint.IsPlusBuild(c.Text) {
				return c.Text
			}
		}
	}
	for _, spec := range s.syntax.Imports {
		if spec.Path.Value == `"C"` {
			return `import "C"`
		}
	}
	return ""
}

// platformName tells whether a file name ends in an operating system or an
// architecture that the go command knows: such a file is not built for a
// platform that does not exist.
func platformName(name string) bool {
	c := build.Context{GOOS: "querygen", GOARCH: "querygen", Compiler: "gc"}
	c.OpenFile = func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("package p\n")), nil
	}
	match, err := c.MatchFile("", name)
	return err == nil && !match
}

// reportSyntax reports what the parser found.
func (s *source) reportSyntax() {
	for _, e := range s.faults {
		if s.conflicted(e.Pos.Line) {
			s.problems.errorf(e.Pos, "a merge conflict: resolve it, and run querygen again")
			return // what follows is a consequence
		}
		s.problems.errorf(e.Pos, "%s", e.Msg)
	}
}

// isTest tells whether the file is built for tests only.
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// reportUnfit reports the annotations of a file that can't have any.
func (s *source) reportUnfit() {
	why := s.constraint()
	for _, a := range s.annotated {
		if why != "" {
			s.errorf(a.ann.pos, "an annotation in a file with a build constraint (%s): annotate a function in an unconstrained file that calls this one", why)
		}
	}
}
