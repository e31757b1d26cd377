package querygen

import (
	"slices"
	"strings"
	"unicode"
)

// A kind says when a query runs again; it is written behind the colon.
type kind string

const (
	kindPure       kind = "pure"
	kindInput      kind = "input"
	kindGeneration kind = "generation"
	kindAlways     kind = "always"
)

// kinds lists, for each tool, the kinds it may be followed by.
var kinds = map[string][]kind{
	"query": {kindPure, kindInput},
	"rerun": {kindGeneration, kindAlways},
}

// spelling returns the canonical spelling of a kind.
func (k kind) spelling() string {
	for _, tool := range []string{"query", "rerun"} {
		for _, have := range kinds[tool] {
			if have == k {
				return "//" + tool + ":" + string(k)
			}
		}
	}
	panic("querygen: no such kind: " + string(k))
}

// A form says how a comment line relates to the grammar of directives.
type form uint8

const (
	formProse     form = iota // not a directive
	formCanonical             // //query:pure
	formBare                  // //query, //rerun always
	formSpaced                // // query, // rerun always: what gofmt makes of formBare
	formLookalike             // // query:pure: prose to every tool, but hardly meant so
)

// A line is one comment line as the grammar of directives reads it.
type line struct {
	form    form
	tool    string // query or rerun
	kind    kind   // of a bare //query: pure, until a //rerun beside it says otherwise
	guessed bool   // the kind is not what is written
	options options
	faults  []fault
}

// A fault is something wrong within a line.
type fault struct {
	offset  int // in bytes from the beginning of the line
	message string
	unknown bool // a word that the grammar does not know at all
}

// A word is a run of non-space text within a line.
type word struct {
	text   string
	offset int
}

// readLine reads one comment line, from its // on.
//
// The canonical form is whatever begins as one: a mistake in it is a fault,
// because no prose begins that way. The bare forms are English words, so they
// are directives only if the rest of the line keeps to the grammar too. Between
// the two stands the unspaced line with a mistake, such as //rerun sometimes:
// nobody sets prose that close to the slashes, but commented-out code and
// careless comments are; it is a fault if a single word is wrong.
func readLine(text string) line {
	body, ok := strings.CutPrefix(text, "//")
	if !ok {
		return line{}
	}
	trimmed := strings.TrimRightFunc(body, unicode.IsSpace)
	for tool := range kinds {
		if rest, ok := strings.CutPrefix(trimmed, tool+":"); ok {
			return readCanonical(tool, rest)
		}
	}
	unspaced, spaced := strings.CutPrefix(trimmed, " ")
	words := splitWords(trimmed, len("//"))
	if len(words) == 0 || !strings.HasPrefix(unspaced, words[0].text) {
		return line{} // indented further, it is a code block
	}
	if spaced && looksCanonical(words) {
		return line{form: formLookalike}
	}
	return readBare(words, spaced)
}

// readCanonical reads what follows "//tool:".
func readCanonical(tool, rest string) line {
	start := len("//") + len(tool) + len(":")
	l := line{form: formCanonical, tool: tool, guessed: true}
	words := splitWords(rest, start)
	if len(words) == 0 || words[0].offset != start {
		l.faults = append(l.faults, fault{start, "no kind behind //" + tool + ":, want " + listKinds(tool), true})
		return l
	}
	k, msg := lookupKind(tool, words[0].text)
	if msg != "" {
		l.faults = append(l.faults, fault{start, msg, true})
	}
	l.kind, l.guessed = k, msg != ""
	opts, faults := parseOptions(words[1:])
	l.options, l.faults = opts, append(l.faults, faults...)
	return l
}

// readBare reads a line without a colon.
func readBare(words []word, spaced bool) line {
	tool := words[0].text
	if kinds[tool] == nil {
		return line{}
	}
	l := line{form: formBare, tool: tool, kind: kindPure}
	if spaced {
		l.form = formSpaced
	}
	rest := words[1:]
	if tool == "rerun" {
		if len(rest) == 0 {
			return line{}
		}
		k, msg := lookupKind(tool, rest[0].text)
		if msg != "" {
			l.faults = append(l.faults, fault{rest[0].offset, msg, true})
		}
		l.kind, l.guessed, rest = k, msg != "", rest[1:]
	}
	opts, faults := parseOptions(rest)
	l.options, l.faults = opts, append(l.faults, faults...)
	if l.readsAsProse(rest) {
		return line{}
	}
	return l
}

// readsAsProse tells whether the words of a bare line are not those of the
// grammar. A word with = in it is no English.
func (l line) readsAsProse(words []word) bool {
	unknown := 0
	for _, f := range l.faults {
		if f.unknown {
			unknown++
		}
	}
	if l.form == formSpaced {
		return unknown > 0
	}
	return unknown > 1 && !slices.ContainsFunc(words, func(w word) bool { return strings.Contains(w.text, "=") })
}

// looksCanonical tells whether the words are those of a canonical directive
// that was written with a space behind the slashes.
func looksCanonical(words []word) bool {
	tool, name, ok := strings.Cut(words[0].text, ":")
	if !ok || kinds[tool] == nil {
		return false
	}
	_, msg := lookupKind(tool, name)
	_, faults := parseOptions(words[1:])
	return msg == "" && len(faults) == 0
}

// lookupKind returns the kind that is called name; or what is wrong with it, and
// the kind that may be meant.
func lookupKind(tool, name string) (kind, string) {
	for _, k := range kinds[tool] {
		if string(k) == name {
			return k, ""
		}
	}
	for other, list := range kinds {
		for _, k := range list {
			if string(k) == name {
				return k, "unknown kind " + tool + ":" + name + ", did you mean " + other + ":" + name + "?"
			}
		}
	}
	for _, try := range slices.Compact([]string{tool, "query", "rerun"}) { // its own kinds first
		var names []string
		for _, k := range kinds[try] {
			names = append(names, string(k))
		}
		if near, ok := nearest(name, names); ok {
			return kind(near), "unknown kind " + tool + ":" + name + ", did you mean " + try + ":" + near + "?"
		}
	}
	return "", "unknown kind " + tool + ":" + name + ", want " + listKinds(tool)
}

func listKinds(tool string) string {
	var list []string
	for _, k := range kinds[tool] {
		list = append(list, k.spelling())
	}
	return strings.Join(list, " or ")
}

// splitWords returns the words of s, whose first byte is at the given offset.
func splitWords(s string, offset int) []word {
	var words []word
	start := -1
	for i, r := range s + " " {
		switch space := unicode.IsSpace(r); {
		case !space && start < 0:
			start = i
		case space && start >= 0:
			words = append(words, word{s[start:i], offset + start})
			start = -1
		}
	}
	return words
}
