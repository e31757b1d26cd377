package sources

import (
	"encoding/binary"
	"go/scanner"
	"go/token"
	"regexp"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

// A file is what counts of one.
type file struct {
	tokens  []byte // see put
	imports []string
	embeds  []string // patterns
}

// scan reads a file. One that is no Go has no meaning to go by.
func scan(text []byte) (*file, error) {
	var s scanner.Scanner
	var first error
	set := token.NewFileSet()
	s.Init(set.AddFile("", -1, len(text)), text, func(_ token.Position, msg string) {
		if first == nil {
			first = &scanner.Error{Msg: msg}
		}
	}, scanner.ScanComments)
	f := &file{}
	var in imports
	line := false // a line has ended, or a semicolon stands there
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return f, first
		case token.COMMENT:
			f.comment(lit)
			continue
		case token.SEMICOLON:
			in.see(tok, lit, f)
			line = true
			continue
		}
		if line && tok != token.RPAREN && tok != token.RBRACE {
			f.put(token.SEMICOLON, "")
		}
		line = false
		in.see(tok, lit, f)
		if tok.IsOperator() {
			lit = ""
		}
		f.put(tok, lit)
	}
}

// put adds a token. What is written is never read back; it must only differ for what
// differs.
func (f *file) put(tok token.Token, lit string) {
	f.tokens = binary.AppendUvarint(f.tokens, uint64(tok))
	f.tokens = binary.AppendUvarint(f.tokens, uint64(len(lit)))
	f.tokens = append(f.tokens, lit...)
}

// directive matches comments that are not only for readers. Of what looks like an
// annotation too much may count.
var directive = regexp.MustCompile(`^//(go:|extern |export |\s*\+build\b|\s*(query|rerun)\b)`)

// comment adds a comment if it means something.
func (f *file) comment(text string) {
	text = strings.TrimRight(text, " \t\r")
	if !directive.MatchString(text) {
		return
	}
	f.put(token.COMMENT, text)
	if rest, ok := strings.CutPrefix(text, "//go:embed"); ok {
		f.embeds = append(f.embeds, SplitPatterns(rest)...)
	}
}

// SplitPatterns splits what stands behind //go:embed: at spaces, except inside of quotes.
func SplitPatterns(s string) []string {
	var list []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if quoted, err := strconv.QuotedPrefix(s); err == nil {
			word, _ := strconv.Unquote(quoted)
			list, s = append(list, word), s[len(quoted):]
			continue
		}
		word := s
		if i := strings.IndexAny(s, " \t"); i >= 0 {
			word = s[:i]
		}
		list, s = append(list, word), s[len(word):]
	}
	return list
}

// imports follows the import declarations.
type imports struct {
	inside, group bool
}

func (in *imports) see(tok token.Token, lit string, f *file) {
	switch {
	case tok == token.IMPORT:
		in.inside, in.group = true, false
	case !in.inside:
	case tok == token.LPAREN:
		in.group = true
	case tok == token.RPAREN, tok == token.SEMICOLON && !in.group:
		in.inside = false
	case tok == token.STRING:
		if p, err := strconv.Unquote(lit); err == nil {
			f.imports = append(f.imports, p)
		}
	}
}

// A writer writes texts with their lengths.
type writer struct{ h *xxh3.Hasher }

func (w *writer) bytes(b []byte) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(b)))
	w.h.Write(size[:])
	w.h.Write(b)
}

func (w *writer) text(s string) { w.bytes([]byte(s)) }
