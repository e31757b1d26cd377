package main

import (
	"strings"
	"unicode/utf8"
)

// A token is one word of the source.
type token struct {
	kind tokenKind
	text string
	line int // from 1
	col  int // in bytes, from 1
}

type tokenKind uint8

const (
	end tokenKind = iota // of the source
	word
	number
	symbol // an operator or a parenthesis
	stray  // anything else
)

// A scanner cuts a source into tokens. Blanks and comments are gone after it.
type scanner struct {
	rest string
	line int
	col  int
}

func newScanner(source string) *scanner { return &scanner{rest: source, line: 1, col: 1} }

// next returns the next token; at the end of the source, again and again.
func (s *scanner) next() token {
	s.skip()
	t := token{line: s.line, col: s.col}
	if s.rest == "" {
		return t
	}
	size := 0
	switch c := s.rest[0]; {
	case isLetter(c):
		t.kind, size = word, s.count(func(c byte) bool { return isLetter(c) || isDigit(c) })
	case isDigit(c):
		t.kind, size = number, s.count(isDigit)
	case strings.IndexByte("+-*/()=", c) >= 0:
		t.kind, size = symbol, 1
	default:
		t.kind = stray
		_, size = utf8.DecodeRuneInString(s.rest)
	}
	t.text = s.rest[:size]
	s.advance(size)
	return t
}

// skip passes over blanks and comments.
func (s *scanner) skip() {
	for s.rest != "" {
		switch s.rest[0] {
		case '\n':
			s.rest = s.rest[1:]
			s.line, s.col = s.line+1, 1
		case ' ', '\t', '\r':
			s.advance(1)
		case '#':
			s.advance(s.count(func(c byte) bool { return c != '\n' }))
		default:
			return
		}
	}
}

func (s *scanner) advance(n int) {
	s.rest = s.rest[n:]
	s.col += n
}

// count returns how many bytes from here on are in the set.
func (s *scanner) count(in func(byte) bool) int {
	for i := range len(s.rest) {
		if !in(s.rest[i]) {
			return i
		}
	}
	return len(s.rest)
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
