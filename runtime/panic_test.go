package runtime_test

import (
	"errors"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/querytest"
)

var braveQ = query.Define[int, int](query.Definition{Name: "t/panic.brave", Kind: query.KindPure, Params: 1, Fails: true})

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

var weakQ = query.Define[int, int](query.Definition{Name: "t/panic.weak", Kind: query.KindPure, Params: 1})

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
		ran := []string{"panic.brave(0)", "panic.weak(2)", "panic.brave(2)", "panic.weak(1)"}
		log.Ran(ran[:4-round]...) // the error of weak(1) is remembered
		set := func(tx *query.Tx) error { hookIn.Set(tx, "unrelated", int(db.Revision())); return nil }
		if err := db.Update(set); err != nil {
			t.Fatal(err)
		}
	}
}

var brittleIn = query.Define[int, int](query.Definition{Name: "t/panic.in", Kind: query.KindInput, Params: 1})

func init() {
	brittleIn.Bind(nil, func(*query.Context, int) (int, error) { panic("not set") })
}

// An input that panicked as long as it was not set no longer does, though its
// body has read nothing that could have changed.
func TestPanicOfInputEndsWithSet(t *testing.T) {
	db, _ := querytest.New(t, query.Options{})
	tries := 0
	seen, err := query.Do(t.Context(), db, func(cx *query.Context) ([]int, error) {
		tries++
		if tries == 1 {
			if v, err := demandSafely(cx, 1); err == nil {
				t.Errorf("not set, and is %d", v)
			}
			if err := db.Update(func(tx *query.Tx) error { brittleIn.Set(tx, 1, 7); return nil }); err != nil {
				t.Error(err)
			}
		}
		a, err := demandSafely(cx, 1)
		if err != nil {
			return nil, err
		}
		b, err := demandSafely(cx, 1)
		return []int{a, b}, err
	})
	if err != nil || len(seen) != 2 || seen[0] != 7 || seen[1] != 7 {
		t.Errorf("after the set: %v, %v", seen, err)
	}
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}

func demandSafely(cx *query.Context, k int) (v int, err error) {
	defer func() {
		if p, ok := recover().(*query.PanicError); ok {
			err = p
		}
	}()
	return brittleIn.Value(cx, k), nil
}

// A member of a cycle had lived with a panic before it came to the cycle. In the
// next request nothing panics, and the others are not on a cycle either.
func TestCycleBehindPanic(t *testing.T) {
	db, _ := querytest.New(t, query.Options{})
	panics := true
	world := hook(t, "world", func(*query.Context) (int, error) {
		if panics {
			panic("boom")
		}
		return 7, nil
	})
	var other string
	member := hook(t, "member", func(cx *query.Context) (n int, err error) {
		lived := func() (lived bool) {
			defer func() {
				if _, ok := recover().(*query.PanicError); ok {
					lived = true
				}
			}()
			n, err = hookNow.Get(cx, world)
			return false
		}()
		if lived {
			return hookQ.Get(cx, other)
		}
		return n, err
	})
	other = hook(t, "other", func(cx *query.Context) (int, error) { return hookQ.Get(cx, member) })
	if _, err := hookQ.Get(db.Context(t.Context()), other); err == nil {
		t.Error("no cycle")
	}
	panics = false
	if n, err := hookQ.Get(db.Context(t.Context()), other); n != 7 || err != nil {
		t.Errorf("the cycle has gone, and other is %d, %v", n, err)
	}
}

// touchy values can't be compared.
type touchy struct{ n int }

func (a touchy) Equal(b touchy) bool { panic("touchy") }

var touchyQ = query.Define[string, touchy](query.Definition{Name: "t/panic.touchy", Kind: query.KindPure, Params: 1, Fails: true})

func init() {
	touchyQ.Bind(nil, func(cx *query.Context, key string) (touchy, error) {
		f, _ := hooks.Load(key)
		v, err := f.(func(*query.Context) (int, error))(cx)
		return touchy{v}, err
	})
}

// A member of a cycle panics, and what it ends in instead can't be compared with
// what it ended in before.
func TestCycleComparedByPanic(t *testing.T) {
	db := query.New(query.Options{})
	var result, emission string
	result = hook(t, "result", func(cx *query.Context) (int, error) {
		_, err := touchyQ.Get(cx, result)
		panic(err)
	})
	emission = hook(t, "emission", func(cx *query.Context) (int, error) {
		query.Emit(cx, touchy{1})
		_, err := hookQ.Get(cx, emission)
		panic(err)
	})
	for i := range 2 {
		errs := []error{
			db.Run(t.Context(), func(cx *query.Context) error { _, err := touchyQ.Get(cx, result); return err }),
			db.Run(t.Context(), func(cx *query.Context) error { _, err := hookQ.Get(cx, emission); return err }),
		}
		for _, err := range errs {
			if p, ok := errors.AsType[*query.PanicError](err); ok != (i > 0) || ok && p.Value != "touchy" {
				t.Errorf("%d: %v", i, err)
			}
		}
		setHook(t, db, "unrelated", i)
	}
	idle(t, db)
}
