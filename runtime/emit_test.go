package runtime_test

import (
	"testing"

	query "querygen.dev/runtime"
)

var emitCount = query.Define[int, int](query.Definition{Name: "t/emit.count", Kind: query.KindPure, Params: 1})

func init() {
	emitCount.Bind(nil, func(cx *query.Context, k int) (int, error) {
		for range deepIn.Value(cx, k) {
			query.Emit(cx, k)
		}
		return 0, nil
	})
}

// A node that runs because its trace is verified ends in an equal outcome, and
// has emitted something else: the verification has to notice.
func TestTraceUnderVerification(t *testing.T) {
	db := query.New(query.Options{})
	defer idle(t, db)
	for n := range 5 {
		if err := db.Update(func(tx *query.Tx) error { deepIn.Set(tx, 77, n); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := query.TraceLength(db.Context(t.Context()), emitCount.Task(77)); got != n+1 {
			t.Errorf("the trace has %d steps, want %d", got, n+1)
		}
	}
}
