package main

import (
	"fmt"
	"slices"
	"strings"

	query "querygen.dev/runtime"
)

// source is the text of the program.
//
//query:input
func source(cx *query.Context) string { return "" }

// parse reads the text. Its parts are queries of their own: [ParseBlocks] does
// not change if only lines move.
//
//query:pure fields
func parse(cx *query.Context) Program { return parseText(Source(cx)) }

func parseText(source string) Program {
	p := &parser{}
	for i, text := range strings.Split(source, "\n") {
		text, _, _ = strings.Cut(text, "#")
		if words := strings.Fields(text); len(words) > 0 {
			p.line(i+1, words)
		}
	}
	return p.program
}

// A parser reads line by line. Lines that it can't read are left out.
type parser struct {
	program Program
	jumped  bool // the last instruction was a jump
}

func (p *parser) line(n int, words []string) {
	if label, ok := strings.CutSuffix(words[0], ":"); ok && len(words) == 1 && isName(label) {
		p.program.Blocks = append(p.program.Blocks, Block{Label: label})
		p.program.Lines = append(p.program.Lines, n)
		p.jumped = false
		return
	}
	i, ok := instruction(words)
	switch {
	case !ok:
		p.flaw(n, "no instruction: %s", strings.Join(words, " "))
	case len(p.program.Blocks) == 0 || p.jumped:
		p.flaw(n, "expected a label")
	default:
		p.jumped = i.Jump != "" || i.Ends
		last := len(p.program.Blocks) - 1
		i.Line = n - p.program.Lines[last]
		b := &p.program.Blocks[last]
		b.Code = append(b.Code, i)
	}
}

func (p *parser) flaw(line int, format string, args ...any) {
	p.program.Flaws = append(p.program.Flaws, Problem{line, fmt.Sprintf(format, args...)})
}

// instruction reads one instruction:
//
//	x = a           print a     goto label                return
//	x = a + b                   if a < b goto label       return a
func instruction(words []string) (Instr, bool) {
	switch n := len(words); {
	case n == 3 && words[1] == "=" && isName(words[0]):
		return reads(Instr{Sets: words[0]}, words[2])
	case n == 5 && words[1] == "=" && isName(words[0]) && slices.Contains(arithmetic, words[3]):
		return reads(Instr{Sets: words[0]}, words[2], words[4])
	case n == 2 && words[0] == "print":
		return reads(Instr{}, words[1])
	case n == 2 && words[0] == "goto" && isName(words[1]):
		return Instr{Jump: words[1], Ends: true}, true
	case n == 6 && words[0] == "if" && slices.Contains(relations, words[2]) && words[4] == "goto" && isName(words[5]):
		return reads(Instr{Jump: words[5]}, words[1], words[3])
	case n <= 2 && words[0] == "return":
		return reads(Instr{Ends: true}, words[1:]...)
	}
	return Instr{}, false
}

var (
	arithmetic = []string{"+", "-", "*", "/", "%"}
	relations  = []string{"<", "<=", ">", ">=", "==", "!="}
	keywords   = []string{"print", "goto", "if", "return"}
)

// reads adds the operands to an instruction.
func reads(i Instr, operands ...string) (Instr, bool) {
	for _, o := range operands {
		switch {
		case isName(o):
			i.Uses = append(i.Uses, o)
		case strings.Trim(o, "0123456789") != "":
			return i, false
		}
	}
	return i, true
}

func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || '9' < c) {
			return false
		}
	}
	return s != "" && !slices.Contains(keywords, s)
}
