package runtime_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/querytest"
)

var inQ = query.Define[int, int](query.Definition{Name: "t/smoke.in", Kind: query.KindInput, Params: 1})
var midQ = query.Define[int, int](query.Definition{Name: "t/smoke.mid", Kind: query.KindPure, Params: 1})
var finQ = query.Define[int, int](query.Definition{Name: "t/smoke.fin", Kind: query.KindPure, Params: 1})
var cycQ = query.Define[int, int](query.Definition{Name: "t/smoke.cyc", Kind: query.KindPure, Params: 1, Fails: true})
var slowQ = query.Define[int, int](query.Definition{Name: "t/smoke.slow", Kind: query.KindPure, Params: 1})
var recQ = query.Define[int, int](query.Definition{Name: "t/smoke.rec", Kind: query.KindPure, Params: 1})

func init() {
	inQ.Bind(nil, func(cx *query.Context, k int) (int, error) { return 0, nil })
	midQ.Bind(nil, func(cx *query.Context, k int) (int, error) { return inQ.Value(cx, k) / 2, nil })
	finQ.Bind(nil, func(cx *query.Context, k int) (int, error) { return midQ.Value(cx, k) * 2, nil })
	cycQ.Bind(nil, func(cx *query.Context, k int) (int, error) {
		if k > 100 {
			time.Sleep(50 * time.Millisecond)
			if k == 101 {
				return cycQ.Get(cx, 102)
			}
			return cycQ.Get(cx, 101)
		}
		return cycQ.Get(cx, (k+1)%3)
	})
	slowQ.Bind(nil, func(cx *query.Context, k int) (int, error) { time.Sleep(50 * time.Millisecond); return k, nil })
	recQ.Bind(nil, func(cx *query.Context, k int) (int, error) {
		if k <= 0 {
			return 1, nil
		}
		v, err := query.Map(cx, []int{k/2 - 1, k/3 - 1}, func(cx *query.Context, k int) (int, error) { return recQ.Value(cx, k), nil })
		if err != nil {
			return 0, err
		}
		return v[0] + v[1], nil
	})
}

func TestSmoke(t *testing.T) {
	db, log := querytest.New(t, query.Options{Parallelism: 1})
	cx := db.Context(context.Background())
	set := func(v int) { db.Update(func(tx *query.Tx) error { inQ.Set(tx, 1, v); return nil }) }
	set(22)
	if got := finQ.Value(cx, 1); got != 22 {
		t.Fatal(got)
	}
	log.Ran("smoke.fin(1)", "smoke.mid(1)")
	set(23)
	if got := finQ.Value(cx, 1); got != 22 {
		t.Fatal(got)
	}
	log.Ran("smoke.mid(1)")
	set(24)
	if got := finQ.Value(cx, 1); got != 24 {
		t.Fatal(got)
	}
	log.Ran("smoke.fin(1)", "smoke.mid(1)")
	_, err := cycQ.Get(cx, 1)
	t.Log(err)
	var ce *query.CycleError
	if !errors.As(err, &ce) || len(ce.Nodes) != 3 {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for k := 101; k <= 102; k++ {
		wg.Go(func() {
			var ce *query.CycleError
			_, err := cycQ.Get(cx, k)
			if !errors.As(err, &ce) || len(ce.Nodes) != 2 {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	log.Ran("smoke.cyc(0)", "smoke.cyc(1)", "smoke.cyc(2)", "smoke.cyc(101)", "smoke.cyc(102)")
	for range 100 {
		wg.Go(func() { slowQ.Value(cx, 1) })
	}
	wg.Wait()
	log.Ran("smoke.slow(1)")
	wg.Go(func() { recQ.Value(cx, 2345) })
	recQ.Value(cx, 3456)
	wg.Wait()
	t.Log(db.Stats())
}

func BenchmarkHit(b *testing.B) {
	db := query.New(query.Options{})
	cx := db.Context(context.Background())
	finQ.Value(cx, 1)
	for b.Loop() {
		finQ.Value(cx, 1)
	}
}

var braveQ = query.Define[int, int](query.Definition{Name: "t/smoke.brave", Kind: query.KindPure, Params: 1, Fails: true})

func init() {
	braveQ.Bind(nil, func(cx *query.Context, k int) (int, error) {
		switch k {
		case 0: // one branch fails without an error result, a later one panics
			_, err := query.Map(cx, []int{1, 2}, func(cx *query.Context, k int) (int, error) { return weakQ.Value(cx, k), nil })
			return 0, err
		default:
			panic("boom")
		}
	})
}

var weakQ = query.Define[int, int](query.Definition{Name: "t/smoke.weak", Kind: query.KindPure, Params: 1})

func init() {
	weakQ.Bind(nil, func(cx *query.Context, k int) (int, error) {
		if k == 1 {
			return 0, errors.New("weak")
		}
		return braveQ.Get(cx, k)
	})
}

// A body that outlives the panic of a call has an outcome for its request. It
// once was demanded for ever, because its reads were never green.
func TestErrorBeforePanic(t *testing.T) {
	db, log := querytest.New(t, query.Options{})
	for round := range 2 {
		_, err := braveQ.Get(db.Context(t.Context()), 0)
		if err == nil || err.Error() != "weak" {
			t.Fatal(err)
		}
		ran := []string{"smoke.brave(0)", "smoke.weak(2)", "smoke.brave(2)", "smoke.weak(1)"}
		log.Ran(ran[:4-round]...) // the error of weak(1) is remembered
		set := func(tx *query.Tx) error { inQ.Set(tx, 1, int(db.Revision())); return nil }
		if err := db.Update(set); err != nil {
			t.Fatal(err)
		}
	}
}
