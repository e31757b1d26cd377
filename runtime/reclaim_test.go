package runtime_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	query "querygen.dev/runtime"
)

// The queries of these tests, beside those of a project: what comes and goes in
// ways of its own.
var (
	ringQuery = query.Define[string, int](query.Definition{Name: "g/ring", Kind: query.KindPure, Params: 1, Fails: true})
	safeQuery = query.Define[string, int](query.Definition{Name: "g/safe", Kind: query.KindPure, Params: 1})
	overlays  = query.Define[string, string](query.Definition{Name: "g/overlay", Kind: query.KindInput, Params: 1})
	reports   = query.Define[int, int](query.Definition{Name: "g/report", Kind: query.KindPure, Params: 1})
	oddQuery  = query.Define[string, int](query.Definition{Name: "g/odd", Kind: query.KindPure, Params: 1})
	booms     = query.Define[string, int](query.Definition{Name: "g/boom", Kind: query.KindPure, Params: 1})
	stamps    = query.Define[string, int](query.Definition{Name: "g/stamp", Kind: query.KindGeneration, Params: 1})

	reported, odds atomic.Int64
)

func init() {
	p := projects
	ringQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		if name == "a" {
			p.file.Value(cx, name)
			return ringQuery.Get(cx, "b")
		}
		return ringQuery.Get(cx, "a")
	})
	safeQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		if _, err := ringQuery.Get(cx, name); err != nil {
			return 7, nil
		}
		return 0, nil
	})
	overlays.Bind(nil, func(cx *query.Context, name string) (string, error) { return p.file.Value(cx, name), nil })
	reports.Bind(nil, func(cx *query.Context, n int) (int, error) {
		reported.Add(1)
		sum := 0
		for i := range n {
			list, _ := query.Collect[string](cx, p.words.Task(fmt.Sprint("part", i)))
			sum += len(list)
		}
		return sum, nil
	})
	oddQuery.Bind(nil, func(cx *query.Context, name string) (int, error) {
		p.file.Value(cx, name)
		return int(odds.Add(1)), nil
	})
	booms.Bind(nil, func(cx *query.Context, name string) (int, error) { panic("boom " + name) })
	stamps.Bind(nil, func(*query.Context, string) (int, error) { return 1, nil })
}

// Whoever gets the number of a node that was on a cycle is not on that.
func TestNumberOfCycleMember(t *testing.T) {
	p := projects
	db, cx := newProject(t, query.Options{})
	p.set(t, db, "a", "text")
	if _, err := ringQuery.Get(cx, "a"); err == nil {
		t.Fatal("there is no cycle")
	}
	p.set(t, db, "a", "")
	for query.Exists(db, ringQuery.Task("a")) {
		p.pass(t, db, 1)
	}
	expect(t, "the other member is there", query.Exists(db, ringQuery.Task("b")), true)
	v, err := safeQuery.Get(cx, "b")
	expect(t, "a reader of the cycle", fmt.Sprint(v, err), "7 <nil>")
	_, err = ringQuery.Get(cx, "a")
	if _, ok := errors.AsType[*query.CycleError](err); !ok {
		t.Errorf("a member ends in %v", err)
	}
}
