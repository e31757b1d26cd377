package querygen

import (
	"context"
	"fmt"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Part is one declaration that a fingerprint covers.
type Part struct {
	Name   string         // import/path.Name or import/path.Type.Method
	Pos    token.Position // of the first of its declarations; Filename is absolute
	Digest string         // of the declaration alone
	Change Change
}

// A Change says how a part compares with the generated file on disk.
type Change uint8

const (
	Same    Change = iota
	Changed        // it was part of a fingerprint of this package with another digest
	Added          // it was not
)

func (c Change) String() string { return [...]string{"same", "changed", "added"}[c] }

// An Explanation says what the fingerprint of one query is made of.
type Explanation struct {
	Query       string // import/path.Func or import/path.Type.Method
	File        string // absolute: the generated file
	Fingerprint string // as it should be
	Written     string // as it is in the generated file, or empty
	Parts       []Part // sorted by name
	// Gone is the number of parts that the generated file tells of and that no
	// query of its package reaches any more. Which ones they were it can't tell.
	Gone int
	// Compared is false if there is no generated file to compare with, or one
	// without a table.
	Compared bool
}

// Explain says what the fingerprints of the queries of a name are made of, and
// writes nothing. The name is that of the function, Func or Type.Method, or of
// its wrapper, with or without the import path; several queries may have it.
//
// What is wrong with the packages is in the Result, as [Generate] gives it.
func Explain(ctx context.Context, c Config, name string) ([]Explanation, *Result, error) {
	w, err := analyze(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	r := w.result(c)
	var list []Explanation
	for _, p := range w.allPacks() {
		for _, q := range p.queries {
			if p.matched && q.called(name) && !p.failed() {
				list = append(list, q.explain())
			}
		}
	}
	if len(list) == 0 && !r.Failed() {
		return nil, r, fmt.Errorf("no query %s in these packages", name)
	}
	return list, r, nil
}

// called tells whether a user may mean the query by a name.
func (q *query) called(name string) bool {
	for _, own := range []string{q.qualified(), q.fullName(declaration{q.names.wrapper, q.recv != ""})} {
		if name == own || name == q.source.pack.path+"."+own {
			return true
		}
	}
	return false
}

// explain compares a query with the generated file on disk.
func (q *query) explain() Explanation {
	p := q.source.pack
	e := Explanation{Query: p.path + "." + q.qualified(), File: p.output(), Fingerprint: q.code.String()}
	content, _ := os.ReadFile(e.File)
	table := readTable(content)
	e.Compared = table != nil
	e.Written = writtenCode(content, e.Query)
	whole := make(map[string]bool)
	named := make(map[string]bool)
	for _, entry := range table {
		whole[entry], named[entry[:entryNameLen]] = true, true
	}
	for _, part := range q.reached {
		change := Added
		switch entry := part.tableEntry(); {
		case whole[entry] || !e.Compared:
			change = Same
		case named[entry[:entryNameLen]]:
			change = Changed
		}
		e.Parts = append(e.Parts, Part{part.key, p.world.position(part.pos), part.hash.String(), change})
	}
	e.Gone = p.gone(table)
	return e
}

// gone counts the names of a table that no query of the package reaches.
func (p *pack) gone(table []string) int {
	now := make(map[string]bool)
	for _, q := range p.queries {
		for _, part := range q.reached {
			now[part.tableEntry()[:entryNameLen]] = true
		}
	}
	gone := make(map[string]bool)
	for _, entry := range table {
		if name := entry[:entryNameLen]; !now[name] {
			gone[name] = true
		}
	}
	return len(gone)
}

var codeField = regexp.MustCompile(`^\s*Code:\s*"([0-9a-f]+)",$`)

// writtenCode finds the fingerprint of a query in a generated file.
func writtenCode(content []byte, query string) string {
	_, rest, _ := strings.Cut(string(content), fmt.Sprintf("%q,\n", query))
	for line := range strings.Lines(rest) {
		if m := codeField.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			return m[1]
		}
		if strings.HasPrefix(line, "}") {
			break
		}
	}
	return ""
}

// Format writes the explanation as lines of text: what has changed first, then
// all parts. Paths are relative to dir.
func (e Explanation) Format(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: fingerprint %s\n", e.Query, e.Fingerprint)
	file := Relative(dir, e.File)
	switch {
	case !e.Compared:
		fmt.Fprintf(&b, "%s: nothing to compare with\n", file)
	case e.Written == e.Fingerprint:
		fmt.Fprintf(&b, "%s: the same\n", file)
	case e.Written == "":
		fmt.Fprintf(&b, "%s: no fingerprint of this query\n", file)
	default:
		fmt.Fprintf(&b, "%s: fingerprint %s\n", file, e.Written)
	}
	if e.Gone > 0 {
		fmt.Fprintf(&b, "%s: covers %d more that no query here reaches now\n", file, e.Gone)
	}
	parts := slices.Clone(e.Parts)
	slices.SortStableFunc(parts, func(a, b Part) int { return b.Change.rank() - a.Change.rank() })
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, p := range parts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", p.Change, p.Digest[:12], p.Name, place(dir, p.Pos))
	}
	t.Flush()
	return b.String()
}

// rank puts what has changed above what was added, and both above the rest.
func (c Change) rank() int { return [...]int{Same: 0, Added: 1, Changed: 2}[c] }
