package querygen

import (
	"bytes"
	"go/token"
	"slices"
	"strings"
)

// hint says what a user may have meant by an undefined name: a wrapper that is
// not generated, or one that is called otherwise. It is "" if there is nothing
// to guess.
func (p *pack) hint(name string) string {
	queries := p.allQueries()
	var wrappers []string
	for _, q := range queries {
		wrappers = append(wrappers, q.names.wrapper)
		for _, verb := range []string{"Set", "Unset", "Lookup"} {
			if q.names.set == "" && name == verb+upperFirst(q.names.wrapper) {
				return q.qualified() + " is no //query:input, so it has no setters"
			}
		}
		if name == q.names.wrapper+"Task" {
			return "add the option task to " + q.qualified()
		}
	}
	if _, declared := p.declared()[lowerFirst(name)]; declared && token.IsExported(name) {
		if !slices.ContainsFunc(queries, func(q *query) bool { return q.qualified() == lowerFirst(name) }) {
			return lowerFirst(name) + " is no query: is an annotation missing?"
		}
	}
	if near, ok := nearest(name, wrappers); ok {
		return "did you mean " + near + "?"
	}
	return ""
}

// explain makes the type checker's message fit one line, and adds what it can't
// know.
func (p *pack) explain(msg string) string {
	msg = strings.NewReplacer("\n\thave ", ": have ", "\n\twant ", ", want ").Replace(msg)
	msg, _, _ = strings.Cut(msg, "\n")
	msg = strings.TrimSuffix(msg, ":") // what follows are lines of their own
	if name, ok := strings.CutPrefix(msg, "undefined: "); ok {
		if hint := p.hint(name); hint != "" {
			return msg + " (" + hint + ")"
		}
	}
	return msg
}

// conflicted tells whether a line of the file is what a merge has left.
func (s *source) conflicted(line int) bool {
	lines := bytes.Split(s.text, []byte("\n"))
	if line < 1 || line > len(lines) {
		return false
	}
	for _, mark := range []string{"<<<<<<< ", "=======", ">>>>>>> "} {
		if bytes.HasPrefix(lines[line-1], []byte(mark)) {
			return true
		}
	}
	return false
}
