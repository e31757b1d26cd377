package querygen

import (
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Two sorts of names are generated. Those that users write (the wrapper, its
// setters, the structs in their signatures) follow from the name of the
// function alone, so that everybody can tell them without looking: if one is
// taken, that is an error, never another name. They are here, because the stubs
// need them before there are types. Those that nobody writes (descriptors,
// unexported key structs, locals, import names) give way to whatever is there:
// a scope hands them out when the file is emitted.

// names are the identifiers that are generated for one query at package level
// or as methods; "" is one that this query does not get.
type names struct {
	wrapper string
	task    string
	refresh string
	set     string
	unset   string
	lookup  string
	keys    string // a function even for a method
	result  string // the struct of several results
	key     string // the struct of several key parts, if users need to write it
}

// nameQuery derives the names from the wrapper's. All of them are exported or
// none is.
//
// What belongs to a method is a method too, wherever that can be: types can't,
// and the list of keys is about all receivers. Those have the name of the
// receiver's type in front, so that two types may have queries of one name.
func nameQuery(wrapper string, q *query) names {
	n := names{wrapper: wrapper}
	prefix := func(verb string) string {
		if token.IsExported(wrapper) {
			return verb + wrapper
		}
		return lowerFirst(verb) + upperFirst(wrapper)
	}
	qualified := wrapper // with the receiver's type, for what can't be a method
	if q.recv != "" {
		qualified = q.recv + upperFirst(wrapper)
		if !token.IsExported(wrapper) {
			qualified = lowerFirst(qualified)
		}
	}
	if q.ann.options.task {
		n.task = wrapper + "Task"
	}
	if len(q.results) > 1 {
		n.result = qualified + "Result"
	}
	switch q.ann.kind {
	case kindGeneration:
		n.refresh = prefix("Refresh")
	case kindInput:
		n.set, n.unset, n.lookup = prefix("Set"), prefix("Unset"), prefix("Lookup")
		if len(q.parts) > 0 {
			n.keys = qualified + "Keys"
		}
		if len(q.parts) > 1 {
			n.key = qualified + "Key"
		}
	}
	return n
}

// A declaration is one generated identifier.
type declaration struct {
	name   string
	method bool
}

// declarations lists what the query adds to the package or to its receiver.
func (q *query) declarations() []declaration {
	n := q.names
	var list []declaration
	add := func(method bool, names ...string) {
		for _, name := range names {
			if name != "" {
				list = append(list, declaration{name, method})
			}
		}
	}
	add(q.recv != "", n.wrapper, n.task, n.refresh, n.set, n.unset, n.lookup)
	add(false, n.keys, n.result, n.key)
	for _, p := range q.projections {
		add(q.recv != "", p.name)
	}
	return list
}

// A scope hands out names that are not taken yet.
type scope map[string]bool

// unique returns name, or name with the first number that makes it free, and
// takes it. Keywords and predeclared names are never free.
func (s scope) unique(name string) string {
	for i := 1; ; i++ {
		try := name
		if i > 1 {
			try += strconv.Itoa(i)
		}
		if !s[try] && !token.IsKeyword(try) && types.Universe.Lookup(try) == nil {
			s[try] = true
			return try
		}
	}
}

func (s scope) take(names ...string) {
	for _, n := range names {
		s[n] = true
	}
}

// fieldName makes an exported field name of a parameter's name.
func fieldName(name, fallback string) string {
	name = upperFirst(strings.TrimLeft(name, "_"))
	switch {
	case name == "":
		return fallback
	case !token.IsExported(name):
		// A script without upper case, or a digit. The letter in front makes
		// it exported, which msgpack and reflection need it to be.
		return fallback[:1] + name
	}
	return name
}

func upperFirst(s string) string { return mapFirst(s, unicode.ToUpper) }

// lowerFirst lowers the first letter, or all letters of a leading initialism:
// HTTPGet becomes httpGet.
func lowerFirst(s string) string {
	rs := []rune(s)
	for i, r := range rs {
		if i > 0 && (!unicode.IsUpper(r) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
			break
		}
		rs[i] = unicode.ToLower(r)
	}
	return string(rs)
}

func mapFirst(s string, f func(rune) rune) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(f(r)) + s[size:]
}
