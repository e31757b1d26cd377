package querygen

import (
	"bytes"
	"go/ast"
	"go/token"
)

// A Fix is a change of the source that settles a problem.
type Fix struct {
	Message string // what it does: "Write //query:pure"
	Edits   []Edit // in one file, sorted, apart from each other
}

// An Edit replaces a part of a file.
type Edit struct {
	Start, End int // in bytes from the beginning of the file
	New        string
}

// CheckFile returns what is wrong with the annotations of a file as far as they
// tell by themselves, without types and other files: spelling, options, places.
// The problems are in the order of their places. file must have been parsed with
// comments.
//
// It is what editors and go vet can ask for each file by itself; see the package
// annotcheck.
func CheckFile(fset *token.FileSet, file *ast.File) []Problem {
	w := &world{fset: fset, problems: &problems{}}
	s := &source{
		pack:     &pack{world: w},
		problems: w.problems,
		path:     fset.PositionFor(file.FileStart, false).Filename,
		syntax:   file,
	}
	s.annotate()
	s.reportUnfit()
	return w.problems.sorted()
}

// fixBare returns the fix that writes an annotation of bare directives as one
// canonical line. An empty line before it keeps gofmt from taking it for a part
// of the text above, and is what gofmt would insert.
func (s *source) fixBare(lines []docLine, canonical string) *Fix {
	f := s.pack.world.fset.File(s.syntax.FileStart)
	offset := func(pos token.Pos) int { return f.Offset(pos) }
	fix := &Fix{Message: "Write " + canonical}
	for i, l := range lines {
		e := Edit{Start: offset(l.pos), End: offset(l.pos) + len(l.text)}
		if i == 0 {
			e.New = canonical
			if s.followsText(l.pos) {
				e.New = "//\n" + canonical
			}
		} else {
			e.Start-- // with the line break before it
		}
		fix.Edits = append(fix.Edits, e)
	}
	return fix
}

// followsText tells whether the line above pos is text of the same comment.
func (s *source) followsText(pos token.Pos) bool {
	for _, g := range s.syntax.Comments {
		for i, c := range g.List {
			if c.Slash == pos {
				return i > 0 && !bytes.Equal(bytes.TrimSpace([]byte(g.List[i-1].Text)), []byte("//"))
			}
		}
	}
	return false
}
