package querygen

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// The generated file ends with a table of what its fingerprints cover, so that
// it can be told later which part has changed. It holds six bytes for each part
// in base64: three of a hash of the name and three of the part's own. Names are
// left out because they would take most of the space, and one who asks has the
// sources to find them in.
const (
	tableTitle   = "What the fingerprints above cover, for querygen -explain:"
	entrySize    = 8 // characters
	lineEntries  = 12
	entryNameLen = 4 // characters of an entry that are about the name
)

// tableEntry is a part's entry in the table.
func (c codePart) tableEntry() string {
	name := sha256.Sum256([]byte(c.key))
	return base64.RawURLEncoding.EncodeToString(append(name[:3:3], c.hash[:3]...))
}

// partTable is the comment with the table, or "" if there is nothing in it.
func (p *pack) partTable() string {
	var entries []string
	for _, q := range p.queries {
		for _, part := range q.reached {
			entries = append(entries, part.tableEntry())
		}
	}
	if len(entries) == 0 {
		return ""
	}
	slices.Sort(entries)
	entries = slices.Compact(entries)
	var b strings.Builder
	b.WriteString("// " + tableTitle + "\n//")
	for line := range slices.Chunk(entries, lineEntries) {
		b.WriteString("\n// " + strings.Join(line, " "))
	}
	return b.String()
}

// readTable returns the entries of the table in a generated file; nil if there
// is none.
func readTable(content []byte) []string {
	_, table, ok := bytes.Cut(content, []byte("// "+tableTitle+"\n"))
	if !ok {
		return nil
	}
	var entries []string
	for line := range strings.Lines(string(table)) {
		for _, word := range strings.Fields(line) {
			if len(word) == entrySize {
				entries = append(entries, word)
			}
		}
	}
	return entries
}
