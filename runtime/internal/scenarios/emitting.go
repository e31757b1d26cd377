package scenarios

import query "querygen.dev/runtime"

// A Note is a diagnostic. It has a slice, so it is not comparable.
type Note struct {
	Text string
	At   []int
}

// emits is body with a name that says what it is for.
//
//query:pure task
func emits(cx *query.Context, w World, name string) (int, error) {
	return w.outside().code(name)(cx)
}

// notes are the texts of what emits has emitted, and all below it.
//
//query:pure task
func notes(cx *query.Context, w World, name string) ([]string, error) {
	list, err := query.Collect[Note](cx, EmitsTask(w, name))
	var texts []string
	for _, n := range list {
		texts = append(texts, n.Text)
	}
	return texts, err
}

// noted is a reader of what was collected.
//
//query:pure
func noted(cx *query.Context, w World, name string) int {
	list, _ := Notes(cx, w, name)
	return len(list)
}

// emitsAlways and emitsEach look outside.
//
//rerun:always task
func emitsAlways(cx *query.Context, w World, name string) (int, error) {
	return w.outside().code(name)(cx)
}

// emitsEach is emits in each generation.
//
//rerun:generation task
func emitsEach(cx *query.Context, w World, name string) (int, error) {
	return w.outside().code(name)(cx)
}

// emitsUnset emits while it is not set.
//
//query:input task
func emitsUnset(cx *query.Context, w World) int {
	query.Emit(cx, Note{Text: "unset"})
	return In(cx, 9)
}

// steps is a chain, each node of which emits.
//
//query:pure task
func steps(cx *query.Context, n int) int {
	if n == 0 {
		query.Emit(cx, n)
		return In(cx, 0)
	}
	v := Steps(cx, n-1)
	query.Emit(cx, n)
	return v
}
