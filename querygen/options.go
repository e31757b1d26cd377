package querygen

import (
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// options are what stands behind the kind of an annotation.
type options struct {
	name      string // of the wrapper; empty: the function's name, exported
	version   string
	task      bool   // emit the task constructor
	eqNever   bool   // each run counts as a change
	identity  bool   // compare by == or a method Equal
	noPersist bool   // never written to disk
	fields    bool   // emit projections of the result
	rescue    string // the mode of cycle=
	spare     string // the function of cycle=
	limit     int    // of the bodies that run at once; 0: none
	given     []string
}

// An optionRule reads one option.
type optionRule struct {
	name  string
	value string // what to write behind =, for messages; empty: takes no value
	set   func(o *options, value string) bool
	step  bool // known, and not built yet

	// explain says more of a bad value than the rule does, and how many bytes
	// into it; nil, or "", if it knows nothing.
	explain func(value string) (msg string, skip int)
}

// optionRules are the known options, in the order of the documentation. One that
// is known and not built yet is an error: it promises something, and to ignore
// it would be to break the promise without a word.
var optionRules = []optionRule{
	{name: "name", value: "an identifier that Go does not use itself", set: setName},
	{name: "task", set: func(o *options, _ string) bool { o.task = true; return true }},
	{name: "persist", value: "no", set: func(o *options, v string) bool { o.noPersist = true; return v == "no" }},
	{name: "version", value: "a number", set: setVersion},
	{name: "eq", value: "never", set: func(o *options, v string) bool { o.eqNever = true; return v == "never" }},
	{name: "identity", set: func(o *options, _ string) bool { o.identity, o.noPersist = true, true; return true }},
	{name: "limit", value: "a number from 1 on", set: setLimit},
	{name: "cycle", value: "fallback:fn or fixpoint:fn", set: setCycle, explain: explainCycle},
	{name: "keep", value: "a number", step: true},
	{name: "fields", set: func(o *options, _ string) bool { o.fields = true; return true }},
}

// parseOptions reads the words behind the kind.
func parseOptions(words []word) (options, []fault) {
	var o options
	var faults []fault
	for _, w := range words {
		if msg, skip := o.add(w.text); msg != "" {
			faults = append(faults, fault{w.offset + skip, msg, skip == 0 && strings.HasPrefix(msg, "unknown")})
		}
	}
	return o, faults
}

// add reads one option. If something is wrong it says what, and how many bytes
// into the text. The order of the checks matters: a user who has misspelled the
// name should not be told about the value.
func (o *options) add(text string) (msg string, skip int) {
	name, value, hasValue := strings.Cut(text, "=")
	i := slices.IndexFunc(optionRules, func(r optionRule) bool { return r.name == name })
	if i < 0 {
		return unknownOption(name), 0
	}
	rule := optionRules[i]
	switch {
	case rule.step:
		return "the option " + rule.spelling() + " is not built yet", 0
	case slices.Contains(o.given, name):
		return "the option " + name + " is given twice", 0
	case rule.value == "" && hasValue:
		return "the option " + name + " takes no value", len(name)
	case rule.value != "" && !hasValue:
		return "the option " + name + " wants a value: " + name + "= and " + rule.value, 0
	}
	o.given = append(o.given, name)
	if !rule.set(o, value) {
		if rule.explain != nil {
			if msg, skip := rule.explain(value); msg != "" {
				return msg, len(name) + len("=") + skip
			}
		}
		return "bad value " + strconv.Quote(value) + " for " + name + "=, want " + rule.value, len(name) + len("=")
	}
	return "", 0
}

func (r optionRule) spelling() string {
	if r.value != "" {
		return r.name + "="
	}
	return r.name
}

func setName(o *options, v string) bool {
	// init, main and the predeclared names would change the meaning of other
	// code in the package.
	if !token.IsIdentifier(v) || v == "_" || v == "init" || v == "main" || types.Universe.Lookup(v) != nil {
		return false
	}
	o.name = v
	return true
}

func setVersion(o *options, v string) bool {
	o.version = v
	return v != "" && strings.Trim(v, "0123456789") == ""
}

func setLimit(o *options, v string) bool {
	n, err := strconv.ParseInt(v, 10, 32)
	o.limit = int(n)
	return err == nil && n > 0 && v[0] != '+'
}

func unknownOption(name string) string {
	var names []string
	for _, r := range optionRules {
		names = append(names, r.name)
	}
	if near, ok := nearest(name, names); ok {
		i := slices.Index(names, near)
		return "unknown option " + strconv.Quote(name) + ", did you mean " + optionRules[i].spelling() + "?"
	}
	return "unknown option " + strconv.Quote(name)
}
