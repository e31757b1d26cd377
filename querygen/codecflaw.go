package querygen

import (
	"fmt"
	"go/types"
	"path"
	"strings"
)

// persisted tells whether the query's results are written to disk.
func (q *query) persisted() bool {
	o := q.ann.options
	return !o.noPersist && !o.identity && q.ann.kind != kindAlways
}

// keyHasCodec tells whether the query's key can be written. A Task in it is a
// query and a key of its own, which only a cache that holds both can name: it
// has no codec yet, and the query is not written to disk.
func (q *query) keyHasCodec() bool {
	for _, p := range q.parts {
		if q.holdsTask(p.typ) || len(q.codecFlaws(p.typ, true)) > 0 {
			return false
		}
	}
	return true
}

// holdsTask looks for a Task or a Handle of the runtime in a key.
func (q *query) holdsTask(t types.Type) bool {
	if isRuntime(t, "Task", "Handle") {
		return true
	}
	for _, c := range q.source.pack.closed().components(t) {
		if q.holdsTask(c.typ) { // keys are not recursive
			return true
		}
	}
	return false
}

// checkPersist reports what in the key and the results can't be written to disk.
func (q *query) checkPersist() {
	if !q.persisted() || q.refused {
		return
	}
	for i := range q.parts {
		if p := &q.parts[i]; !invalid(p.typ) && badKey(p.typ, nil) == nil && !q.holdsTask(p.typ) {
			q.reportFlaws(p, strings.TrimSpace("the key "+q.partName(i)), true)
		}
	}
	for i := range q.results {
		p := &q.results[i]
		if !invalid(p.typ) {
			q.reportFlaws(p, "result "+resultName(p.name, i), false)
		}
	}
}

// resultName names a result for messages, by its number if it has no name.
func resultName(name string, i int) string {
	if name == "" {
		return fmt.Sprint(i + 1)
	}
	return name
}

// reportFlaws reports each flaw of one part.
func (q *query) reportFlaws(p *part, subject string, key bool) {
	for _, f := range q.codecFlaws(p.typ, key) {
		if f.what == "" {
			q.reportInvalid(p)
			continue
		}
		q.errorf(p.expr.Pos(), "%s can't be saved: %s%s %s: %s", subject, q.rootName(p.typ), f.path, f.what, f.advice)
	}
}

// rootName spells a type as the beginning of a path.
func (q *query) rootName(t types.Type) string {
	return strings.TrimLeft(q.spell(t), "*")
}

// codecFlaws returns each field for which there is no codec. A type that occurs
// in several places is reported where it is met first.
//
// A key may hold unexported fields of types of the same package: it is they too
// that tell two keys apart, and the generated code can reach them. Of a result
// they are refused, because whoever adds one has to think of what is saved.
func (q *query) codecFlaws(t types.Type, key bool) []*flaw {
	f := &flawFinder{query: q, key: key, seen: make(map[string]bool)}
	f.visit(t, "", nil)
	return f.list
}

// errorFlaws is codecFlaws for an error. It may wrap any other: whether that can
// be saved is known only when there is one.
func (q *query) errorFlaws(t types.Type) []*flaw {
	f := &flawFinder{query: q, inError: true, seen: make(map[string]bool)}
	f.visit(t, "", nil)
	return f.list
}

// A flawFinder walks over a type. Its flaws say what is so with verbs: "is a
// func". One that says nothing is an invalid type.
type flawFinder struct {
	*query
	key     bool
	inError bool
	seen    map[string]bool
	list    []*flaw
}

func (f *flawFinder) add(path, what, advice string) {
	f.list = append(f.list, &flaw{path, what, advice})
}

// visit looks at t, which is found at path in a field of the struct in.
func (f *flawFinder) visit(t types.Type, path string, in types.Type) {
	t = types.Unalias(t)
	if k := typeKey(t); f.seen[k] {
		return
	} else if _, ok := t.(*types.Named); ok {
		f.seen[k] = true
	}
	if !f.nameable(t, path) {
		return
	}
	layout := layoutOf(t)
	listed := f.source.pack.closed().of(t)
	if layout == layoutNone || (layout == layoutInterface || layout == layoutError && !f.inError) && listed == nil {
		what := f.whatIs(t)
		if _, named := t.(*types.Named); named && what != "" && path != "" {
			what += " (" + f.spell(t) + ")"
		}
		f.add(path, what, f.adviceFor(t, in))
		return
	}
	if s, ok := t.Underlying().(*types.Struct); ok && layout == layoutStruct {
		f.visitStruct(t, s, path)
		return
	}
	if layout == layoutError && !f.inError {
		for _, impl := range listed {
			f.visit(impl, path+".("+f.spell(impl)+")", in)
		}
	}
	for _, c := range f.source.pack.closed().components(t) {
		if _, ptr := c.typ.Underlying().(*types.Pointer); ptr && c.step == "[key]" && layoutOf(c.typ) == layoutPointer {
			f.add(path+c.step, "is a pointer, which would be another one in the next process", "use what it points at as the key, "+f.wayOut(in))
			continue
		}
		step := c.step
		if layout == layoutInterface {
			step = ".(" + f.spell(c.typ) + ")"
		}
		f.visit(c.typ, path+step, in)
	}
}

func (f *flawFinder) visitStruct(t types.Type, s *types.Struct, path string) {
	for _, c := range fieldsOf(s) {
		if c.pos.Exported() || f.reachable(c.pos) {
			f.visit(c.typ, path+c.step, t)
			continue
		}
		if c.pos.Pkg() != f.self() {
			// The other fields of such a type are no more use.
			f.add(path, f.ofType(t, path, fmt.Sprintf("has an unexported field (%s) and no codec", c.pos.Name())), foreignAdvice)
			return
		}
		f.add(path+c.step, "is an unexported field", "export it, "+f.wayOut(t))
	}
}

// foreignAdvice is for types that the user can't change.
const foreignAdvice = "copy what you need into a type of your own, or use the option persist=no"

// ofType says something of the type t found at path.
func (f *flawFinder) ofType(t types.Type, path, what string) string {
	if path == "" {
		return what
	}
	return "is of type " + f.spell(t) + ", which " + what
}

func (f *flawFinder) self() *types.Package { return f.source.pack.checked.types }

// reachable tells the unexported fields that are written all the same: all of a
// key's, and embedded structs, whose own fields may well be exported.
func (f *flawFinder) reachable(v *types.Var) bool {
	if v.Pkg() != f.self() {
		return false
	}
	_, isStruct := v.Type().Underlying().(*types.Struct)
	return f.key || v.Embedded() && isStruct
}

// nameable reports types that the generated file can't spell.
func (f *flawFinder) nameable(t types.Type, where string) bool {
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil || n.Obj().Pkg() == f.self() {
		return true
	}
	other := n.Obj().Pkg()
	switch {
	case !n.Obj().Exported():
		f.add(where, f.ofType(t, where, "can be named by its own package alone"), "export the type, or use the option persist=no")
	case !importable(other.Path(), f.self().Path()):
		f.add(where, f.ofType(t, where, "is of the package "+other.Path()+", which can't be imported here"), foreignAdvice)
	default:
		return true
	}
	return false
}

// importable tells whether the rules for internal packages let from import p.
func importable(p, from string) bool {
	for dir := p; dir != "." && dir != "/"; dir = path.Dir(dir) {
		if path.Base(dir) == "internal" {
			root := path.Dir(dir)
			return root == "." || from == root || strings.HasPrefix(from, root+"/")
		}
	}
	return true
}

// whatIs says what is wrong with a type without a codec; nothing, if it is
// invalid.
func (f *flawFinder) whatIs(t types.Type) string {
	if isRuntime(t, "Task", "Handle") {
		return "can't be saved yet"
	}
	switch t.Underlying().(type) {
	case *types.Signature:
		return "is a func"
	case *types.Chan:
		return "is a channel"
	case *types.Interface:
		return "is an interface"
	}
	if invalid(t) {
		return ""
	}
	return "is an " + t.Underlying().String()
}

// adviceFor names the ways out.
func (f *flawFinder) adviceFor(t, in types.Type) string {
	switch t.Underlying().(type) {
	case *types.Signature:
		return f.incomparable("funcs", in)
	case *types.Chan:
		return f.incomparable("channels", in)
	case *types.Interface:
		return "list its concrete types (var _ = query.Implementations[" + f.spell(t) + "](...)), " + f.wayOut(in)
	}
	return "leave it out, " + f.wayOut(in)
}

// incomparable is the advice for what has no equality either: with persist=no
// alone the next run would report that.
func (f *flawFinder) incomparable(things string, in types.Type) string {
	advice := "leave it out, " + f.wayOut(in)
	if f.ann.options.eqNever {
		return advice
	}
	return strings.TrimSuffix(advice, "option persist=no") +
		"options persist=no eq=never: the result then stays in memory, and each run counts as a change, because " + things + " can't be compared"
}

// wayOut names what helps against every flaw in a struct, or in no struct.
func (f *flawFinder) wayOut(in types.Type) string {
	n, ok := types.Unalias(in).(*types.Named)
	if !ok || n.Obj().Pkg() != f.self() {
		return "or use the option persist=no"
	}
	for _, p := range methodPairs {
		switch enc, dec := hasCodecMethod(n, p.encode), hasCodecMethod(n, p.decode); {
		case enc && !dec:
			return fmt.Sprintf("give %s the method %s that goes with its %s, or use the option persist=no", f.spell(in), p.decode, p.encode)
		case dec && !enc:
			return fmt.Sprintf("give %s the method %s that goes with its %s, or use the option persist=no", f.spell(in), p.encode, p.decode)
		}
	}
	return fmt.Sprintf("give %s a codec (the methods EncodeMsgpack and DecodeMsgpack, MarshalBinary and UnmarshalBinary, or MarshalText and UnmarshalText), or use the option persist=no", f.spell(in))
}
