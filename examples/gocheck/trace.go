package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	query "querygen.dev/runtime"
)

// A trace collects what the engine did. A nil trace collects nothing.
type trace struct {
	mu     sync.Mutex
	ran    map[string][]string // keys by query; guarded by mu
	cutOff map[string][]string // the same of those that ended as before
}

// A Trace says what ran and what of that ended as before, so that nothing
// above it had to run: keys by the name of the query, sorted.
type Trace struct {
	Ran, CutOff map[string][]string
}

// record is the engine's event function: it is called from many goroutines.
func (t *trace) record(e query.Event) {
	if e.Kind != query.Run && e.Kind != query.Cutoff {
		return
	}
	name := e.Query[strings.LastIndexByte(e.Query, '.')+1:]
	key := ""
	switch k := e.Key.(type) {
	case nil:
	case string:
		key = k
	case Source:
		key = k.Path
	default:
		key = fmt.Sprint(k)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Kind == query.Run {
		t.ran[name] = append(t.ran[name], key)
	} else {
		t.cutOff[name] = append(t.cutOff[name], key)
	}
}

func (t *trace) reset() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ran, t.cutOff = map[string][]string{}, map[string][]string{}
}

// take returns what was collected since the reset.
func (t *trace) take() Trace {
	if t == nil {
		return Trace{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := Trace{t.ran, t.cutOff}
	t.ran, t.cutOff = map[string][]string{}, map[string][]string{}
	for _, m := range []map[string][]string{tr.Ran, tr.CutOff} {
		for _, keys := range m {
			slices.Sort(keys)
		}
	}
	return tr
}

// stages is the order in which queries are told.
var stages = []string{
	"fileStamp", "dirList", "fileHash", "content", "header", "sources", "packageName",
	"modules", "moduleLanguage", "locate", "imports", "subtree", "targets", "importGraph", "inLoop",
	"parse", "declare", "exportedAPI", "check",
}

// few is how many keys are named before the rest is counted.
const few = 6

// print tells which queries ended in something new, and which ran and ended as
// before, so that those above them had no reason to run.
func (t Trace) print(w io.Writer, dir string) {
	for _, name := range inStages(t.Ran) {
		printKeys(w, dir, "ran", name, without(t.Ran[name], t.CutOff[name]))
	}
	for _, name := range inStages(t.CutOff) {
		printKeys(w, dir, "cut off", name, t.CutOff[name])
	}
}

func inStages(m map[string][]string) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(stages, a), slices.Index(stages, b)), cmp.Compare(a, b))
	})
}

// without is a sorted list without the elements of another one.
func without(list, gone []string) []string {
	var kept []string
	for _, s := range list {
		if _, ok := slices.BinarySearch(gone, s); !ok {
			kept = append(kept, s)
		}
	}
	return kept
}

func printKeys(w io.Writer, dir, what, name string, keys []string) {
	if len(keys) == 0 {
		return
	}
	var named []string
	for _, k := range keys[:min(len(keys), few)] {
		if filepath.IsAbs(k) {
			k = relative(dir, k)
		}
		named = append(named, k)
	}
	if more := len(keys) - few; more > 0 {
		named = append(named, "and "+count(more)+" more")
	}
	fmt.Fprintf(w, "  %-8s %-12s %s\n", what, name, strings.Join(named, " "))
}
