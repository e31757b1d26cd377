package querygen

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// An annotation is what the directives above one function amount to.
type annotation struct {
	pos     token.Pos // of the first directive
	kind    kind
	guessed bool // the kind is not what is written, which is an error
	options options
	words   []string  // the options as they are written
	prose   int       // lines of the doc comment that are text
	lines   []docLine // the directives
}

// A docLine is one line of a comment group with its reading.
type docLine struct {
	line
	pos  token.Pos
	text string
}

// readGroup reads each line of a comment group. Block comments hold no
// directives.
func readGroup(g *ast.CommentGroup) []docLine {
	var lines []docLine
	for _, c := range g.List {
		lines = append(lines, docLine{readLine(c.Text), c.Slash, c.Text})
	}
	return lines
}

// optionWords returns the options as they are written.
func (l docLine) optionWords() []string {
	var list []string
	for _, w := range splitWords(l.text, 0) {
		name, _, _ := strings.Cut(w.text, "=")
		if slices.Contains(l.options.given, name) {
			list = append(list, w.text)
		}
	}
	return list
}

// blank tells whether the line separates paragraphs.
func (l docLine) blank() bool { return strings.TrimSpace(l.text) == "//" }

// foreign tells whether the line is a directive of another tool: those may
// stand among ours, and gofmt moves them to the end.
func (l docLine) foreign() bool {
	_, ok := ast.ParseDirective(l.pos, l.text)
	return l.form == formProse && (ok ||
		strings.HasPrefix(l.text, "//line ") ||
		strings.HasPrefix(l.text, "//export ") ||
		strings.HasPrefix(l.text, "//extern ") ||
		strings.HasPrefix(l.text, "//nolint"))
}

// annotationOf returns the annotation in the doc comment of a function, or nil
// if it has none.
//
// Only the last lines count: those behind which nothing stands but directives.
// A bare form with a space is a line of prose as far as its look goes, so it
// must also begin a paragraph of its own, or follow on a line that ends a
// sentence, which is what gofmt makes of a bare directive right below the text.
//
// And a line that begins the doc comment with the name of the function, as all
// doc comments should, is prose whatever it says: // query above func query.
func (s *source) annotationOf(doc *ast.CommentGroup, name string) *annotation {
	lines := readGroup(doc)
	if first := &lines[0]; first.form == formSpaced && first.tool == name {
		first.line = line{}
	}
	tail := len(lines)
	for tail > 0 && (lines[tail-1].form != formProse || lines[tail-1].blank() || lines[tail-1].foreign()) {
		tail--
	}
	s.reportAbove(lines[:tail])
	// joined holds as long as no empty line separates us from unfinished prose.
	joined := tail > 0 && !endsSentence(lines[tail-1].text)
	prose := tail
	var found []docLine
	for i, l := range lines[tail:] {
		if l.blank() {
			joined = false
		}
		if joined && (l.form == formSpaced || l.form == formLookalike) {
			prose = tail + i + 1
		}
		switch {
		case l.form == formSpaced && joined:
			s.warn(l.pos, "%q belongs to the paragraph above and is no annotation; write %s below an empty // line", l.text, l.kind.spelling())
		case l.form == formLookalike && !joined:
			s.warn(l.pos, "%q is prose because of the space behind //; an annotation is written %q", l.text, "//"+strings.TrimLeft(l.text, "/ "))
		case l.form != formProse && l.form != formLookalike:
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return nil
	}
	a := s.merge(found)
	a.prose = prose
	return a
}

// reportAbove reports directives with prose below them.
func (s *source) reportAbove(lines []docLine) {
	for _, l := range lines {
		switch l.form {
		case formCanonical:
			s.errorf(l.pos, "the annotation must be the last line of the doc comment")
		case formBare:
			s.warn(l.pos, "%q is no annotation because it is not the last line of the doc comment", l.text)
		}
	}
}

func endsSentence(text string) bool {
	text = strings.TrimRight(text, " \t")
	return text == "//" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?")
}

// What gofmt does explains the rules above. It inserts a space into a bare
// directive, it joins the line to the paragraph above if there is no empty line
// between them, and it moves //go: directives, and ours with a colon, behind
// everything else. An annotation should mean the same before and after, except
// where it has become one with a sentence.

// merge makes one annotation of the directives above a function: one, or the
// bare pair of //query and //rerun.
func (s *source) merge(found []docLine) *annotation {
	for _, l := range found {
		for _, f := range l.faults {
			s.errorf(l.pos+token.Pos(f.offset), "%s", f.message)
		}
	}
	// The first one wins, so that there are stubs even if a second one follows.
	first := found[0]
	a := &annotation{pos: first.pos, kind: first.kind, guessed: first.guessed, options: first.options, words: first.optionWords(), lines: found}
	a.settle()
	rest := found[1:]
	if len(rest) > 0 && isPair(first, rest[0]) {
		if first.tool == "query" {
			a.kind, a.guessed = rest[0].kind, rest[0].guessed
		}
		a.settle()
		s.join(a, rest[0])
		s.warnBare(a, first, rest[0])
		rest = rest[1:]
	} else if first.form != formCanonical {
		s.warnBare(a, first)
	}
	for _, l := range rest {
		s.errorf(l.pos, "a second annotation on this function, which has one at %s: keep one of them", s.problems.at(s.position(first.pos)))
	}
	return a
}

// placeOf returns where an option stands.
func (a *annotation) placeOf(option string) token.Pos {
	for _, l := range a.lines {
		for _, w := range splitWords(l.text, 0) {
			if name, _, _ := strings.Cut(w.text, "="); name == option {
				return l.pos + token.Pos(w.offset)
			}
		}
	}
	return a.pos
}

// settle gives an annotation without a known kind some kind: the fault has been
// reported, and the stubs need to go on.
func (a *annotation) settle() {
	if a.kind == "" {
		a.kind = kindPure
	}
}

func isPair(a, b docLine) bool {
	return a.form != formCanonical && b.form != formCanonical && a.tool != b.tool
}

// warnBare names the canonical spelling of the whole annotation. The fix is with
// the first line, for all of them.
func (s *source) warnBare(a *annotation, lines ...docLine) {
	canonical := strings.Join(append([]string{a.kind.spelling()}, a.words...), " ")
	sound := true
	for _, l := range lines {
		sound = sound && len(l.faults) == 0
	}
	for i, l := range lines {
		if len(l.faults) > 0 {
			continue
		}
		p := Problem{
			Pos:     s.position(l.pos),
			Message: fmt.Sprintf("%q is not the canonical spelling, write %s", l.text, canonical),
			Warning: true,
		}
		if i == 0 && sound {
			p.Fix = s.fixBare(lines, canonical)
		}
		s.problems.list = append(s.problems.list, p)
	}
}

// join adds the options of the second line of a bare pair.
func (s *source) join(a *annotation, l docLine) {
	for _, w := range splitWords(l.text[len("//"):], len("//")) {
		name, _, _ := strings.Cut(w.text, "=")
		for _, given := range l.options.given {
			if given != name {
				continue
			}
			if msg, _ := a.options.add(w.text); msg != "" {
				s.errorf(l.pos+token.Pos(w.offset), "%s", msg)
				continue
			}
			a.words = append(a.words, w.text)
		}
	}
}
