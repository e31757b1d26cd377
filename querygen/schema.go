package querygen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/types"
	"strings"
)

// schemaVersion is part of every schema. It changes when the bytes of a layout do.
const schemaVersion = "1"

// schemaHash returns a hash of all that the bytes of t depend on, and of the
// names that give them their meaning: of the types, and of the fields in their
// order. Tags, comments and methods don't count. What a type with methods of its
// own writes is known to these only: they are code, and the code's fingerprint
// covers them.
func (s closedSet) schemaHash(t types.Type) string {
	text := &schema{closedSet: s, seen: make(map[string]bool)}
	text.add(t)
	sum := sha256.Sum256([]byte(schemaVersion + " " + text.text.String()))
	return hex.EncodeToString(sum[:16])
}

// A schema spells a type with all that it is made of.
type schema struct {
	closedSet
	text strings.Builder
	seen map[string]bool // the named types that have been spelled
}

func (s *schema) add(t types.Type) {
	t = types.Unalias(t)
	f := layoutOf(t)
	if _, ok := t.(*types.Named); ok {
		k := typeKey(t)
		s.text.WriteString(k)
		if s.seen[k] {
			return
		}
		s.seen[k] = true
	}
	fmt.Fprintf(&s.text, "(%s", f)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		s.text.WriteString(" " + u.Name())
	case *types.Array:
		fmt.Fprintf(&s.text, " %d", u.Len())
	}
	for _, c := range s.components(t) {
		s.text.WriteString(" " + c.step + " ")
		s.add(c.typ)
	}
	s.text.WriteString(")")
}
