package main

import (
	"fmt"
	"strconv"

	query "querygen.dev/runtime"
)

// source is the text of a file. Until it is set, the file is empty.
//
//query:input
func source(cx *query.Context, file string) string { return "" }

// parse reads a file. It forgets blanks and comments.
//
//query:pure
func parse(cx *query.Context, file string) File {
	return parseFile(Source(cx, file))
}

// declarations are those of a file, in order. It forgets where they stand.
//
//query:pure
func declarations(cx *query.Context, file string) []Decl {
	return Parse(cx, file).Decls
}

// lines says where the declarations of a file stand, and nothing else.
//
//query:pure
func lines(cx *query.Context, file string) []int {
	return Parse(cx, file).Lines
}

// maxOperands bounds what one declaration may consist of, and with that how
// deep its tree can be: all that walk it are recursive.
const maxOperands = 10_000

// A parser reads declarations by recursive descent, one token ahead.
type parser struct {
	s        *scanner
	tok      token
	first    int   // the line on which the declaration begins
	flaw     *Flaw // the first one in the declaration
	operands int
}

// parseFile is parse without the engine.
func parseFile(source string) File {
	p := &parser{s: newScanner(source)}
	p.advance()
	var f File
	for p.tok.kind != end {
		p.first = p.tok.line
		f.Lines = append(f.Lines, p.first)
		f.Decls = append(f.Decls, p.decl())
	}
	return f
}

func (p *parser) advance() { p.tok = p.s.next() }

// pos is the position of the token ahead.
func (p *parser) pos() Pos { return Pos{Line: p.tok.line - p.first, Col: p.tok.col} }

// fail notes what is wrong with the token ahead. What comes after the first
// flaw is of no interest.
func (p *parser) fail(format string, args ...any) {
	if p.flaw == nil {
		p.flaw = &Flaw{At: p.pos(), Text: fmt.Sprintf(format, args...)}
	}
}

func (p *parser) failWanting(what string) {
	switch p.tok.kind {
	case end:
		p.fail("expected %s, found the end of the file", what)
	case stray:
		p.fail("unexpected character %q", p.tok.text)
	default:
		p.fail("expected %s, found %s", what, p.tok.text)
	}
}

// is reports whether the token ahead is this symbol or word.
func (p *parser) is(text string) bool {
	return (p.tok.kind == symbol || p.tok.kind == word) && p.tok.text == text
}

// expect passes over the token ahead if it is this one.
func (p *parser) expect(text string) {
	if !p.is(text) {
		p.failWanting(text)
		return
	}
	p.advance()
}

// decl = "let" name "=" sum. After a flaw the parser goes on at the next "let".
func (p *parser) decl() Decl {
	p.flaw, p.operands = nil, 0
	p.expect("let")
	d := Decl{At: p.pos()}
	d.Name = p.name()
	p.expect("=")
	d.Value = p.sum()
	if p.flaw == nil && p.tok.kind != end && !p.is("let") {
		p.failWanting("an operator or let")
	}
	if p.flaw == nil {
		return d
	}
	for p.tok.kind != end && !p.is("let") {
		p.advance()
	}
	d.Value, d.Flaw = nil, p.flaw
	return d
}

func (p *parser) name() string {
	if p.flaw != nil {
		return ""
	}
	if p.tok.kind != word || p.is("let") {
		p.failWanting("a name")
		return ""
	}
	name := p.tok.text
	p.advance()
	return name
}

// sum = product { ("+" | "-") product }.
func (p *parser) sum() *Expr {
	e := p.product()
	for p.flaw == nil && (p.is("+") || p.is("-")) {
		e = p.binary(e, p.product)
	}
	return e
}

// product = operand { ("*" | "/") operand }.
func (p *parser) product() *Expr {
	e := p.operand()
	for p.flaw == nil && (p.is("*") || p.is("/")) {
		e = p.binary(e, p.operand)
	}
	return e
}

// binary reads an operator and its right side.
func (p *parser) binary(left *Expr, right func() *Expr) *Expr {
	e := &Expr{Op: Op(p.tok.text[0]), At: p.pos(), Left: left}
	p.advance()
	e.Right = right()
	return e
}

// operand = number | name | "-" operand | "(" sum ")".
func (p *parser) operand() *Expr {
	if p.operands++; p.operands > maxOperands {
		p.fail("the definition is too long")
	}
	if p.flaw != nil {
		return nil
	}
	e := &Expr{At: p.pos()}
	switch {
	case p.tok.kind == number:
		e.Op, e.Number = Number, p.number()
	case p.tok.kind == word && !p.is("let"):
		e.Op, e.Name = Name, p.name()
	case p.is("-"):
		p.advance()
		e.Op, e.Right = Neg, p.operand()
	case p.is("("):
		p.advance()
		e = p.sum()
		p.expect(")")
	default:
		p.failWanting("a number, a name or (")
	}
	return e
}

func (p *parser) number() int64 {
	n, err := strconv.ParseInt(p.tok.text, 10, 64)
	if err != nil { // digits only: it can't be anything else
		p.fail("%s is too large", p.tok.text)
	}
	p.advance()
	return n
}
