package querygen

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// docLines returns the doc comment of the wrapper: that of the annotated
// function, with the wrapper's name in front and without directives, and then
// what the wrapper is.
func (w *writer) docLines() []string {
	lines := proseLines(w.decl.Doc.List[:w.ann.prose])
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "//" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) > 0 {
		lines[0] = replaceName(lines[0], w.decl.Name.Name, w.names.wrapper)
		lines = append(lines, "//")
	}
	return append(lines, fmt.Sprintf("// %s is the memoized form of %s.", w.names.wrapper, w.link(w.decl.Name.Name)))
}

// proseLines returns the lines of comments, each with its slashes.
func proseLines(comments []*ast.Comment) []string {
	var lines []string
	for _, c := range comments {
		body, ok := strings.CutPrefix(c.Text, "/*")
		if !ok {
			lines = append(lines, c.Text)
			continue
		}
		for text := range strings.Lines(strings.TrimSuffix(body, "*/")) {
			lines = append(lines, strings.TrimRightFunc("// "+strings.TrimSpace(text), unicode.IsSpace))
		}
	}
	lines = slices.DeleteFunc(lines, func(l string) bool {
		_, directive := ast.ParseDirective(token.NoPos, l)
		return directive
	})
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "//" {
		lines = lines[1:]
	}
	return lines
}

// comment emits a doc comment, wrapped.
func (w *writer) comment(format string, args ...any) {
	const width = 77 // without the slashes
	line := "//"
	for word := range strings.FieldsSeq(fmt.Sprintf(format, args...)) {
		if len(line)+1+len(word) > len("// ")+width && line != "//" {
			w.file.Comment(line)
			line = "//"
		}
		line += " " + word
	}
	w.file.Comment(line)
}

// replaceName replaces the name at the beginning of a doc comment.
func replaceName(line, from, to string) string {
	text := strings.TrimLeft(strings.TrimPrefix(line, "//"), " \t")
	rest, ok := strings.CutPrefix(text, from)
	if r, _ := utf8.DecodeRuneInString(rest); !ok || unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
		return line
	}
	return "// " + to + rest
}
