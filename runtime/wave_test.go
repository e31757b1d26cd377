package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"testing"

	query "querygen.dev/runtime"
)

// aboveIt defines a chain of nodes above another one and returns the last.
func aboveIt(t *testing.T, below string, length int) string {
	for i := range length {
		under := below
		below = hook(t, fmt.Sprint("above", i), func(cx *query.Context) (int, error) { return hookQ.Get(cx, under) })
	}
	return below
}

// The one node that an edit affects is run whatever it costs, and nothing above it
// is looked at if it is cut off.
func TestWaveLoneNode(t *testing.T) {
	for _, lazy := range []bool{false, true} {
		db := query.New(query.Options{NoRunAhead: lazy})
		setHook(t, db, "x", 2)
		top := aboveIt(t, hook(t, "x/2", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "x") / 2, nil }), 50)
		wantHook(t, db, hookQ, top, 1)
		for _, edit := range []struct{ x, runs int }{{3, 1}, {4, 51}, {5, 1}, {5, 0}, {4, 1}} {
			before := db.Stats()
			setHook(t, db, "x", edit.x)
			wantHook(t, db, hookQ, top, edit.x/2)
			after := db.Stats()
			if ran := after.Runs - before.Runs; ran != uint64(edit.runs) || after.Verified != before.Verified || after.Wasted != 0 {
				t.Errorf("x = %d: %d runs, %d nodes verified, %d wasted", edit.x, ran, after.Verified-before.Verified, after.Wasted)
			}
		}
		idle(t, db)
	}
}

// While the body of a wave is at work, others get what does not depend on it, and
// those who depend on it wait.
func TestWaveGivesWay(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 1)
	setHook(t, db, "y", 1)
	started, release := make(chan bool, 1), make(chan bool)
	slow := hook(t, "slow", func(cx *query.Context) (int, error) {
		x := hookIn.Value(cx, "x")
		if x == 2 {
			started <- true
			<-release
		}
		return x, nil
	})
	top := aboveIt(t, slow, 3)
	other := hook(t, "other", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "y"), nil })
	wantHook(t, db, hookQ, top, 1)
	wantHook(t, db, hookQ, other, 1)
	setHook(t, db, "x", 2)
	got := make(chan int, 2)
	demand := func() {
		v, _ := hookQ.Get(db.Context(context.Background()), top)
		got <- v
	}
	go demand()
	<-started
	go demand()
	wantHook(t, db, hookQ, other, 1)
	setHook(t, db, "y", 5)
	wantHook(t, db, hookQ, other, 5)
	close(release)
	for range 2 {
		if v := <-got; v != 2 {
			t.Errorf("top is %d", v)
		}
	}
	idle(t, db)
}

// selection defines sel, which demands f if flag is not 0; f panics if b is 100 or more.
func selection(t *testing.T, db *query.DB) (f, sel string) {
	setHook(t, db, "a", 1)
	setHook(t, db, "b", 1)
	f = hook(t, "f", func(cx *query.Context) (int, error) {
		if b := hookIn.Value(cx, "b"); b < 100 {
			return b * 10, nil
		}
		panic("too much")
	})
	flag := hook(t, "flag", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "a"), nil })
	return f, hook(t, "sel", func(cx *query.Context) (int, error) {
		if v, err := hookQ.Get(cx, flag); v == 0 {
			return 0, err
		}
		return hookQ.Get(cx, f)
	})
}

// deselect makes flag 0, and f panic.
func deselect(t *testing.T, db *query.DB) {
	t.Helper()
	query.MakeCheap(db)
	err := db.Update(func(tx *query.Tx) error {
		hookIn.Set(tx, "a", 0)
		hookIn.Set(tx, "b", 100)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a node that has run ahead ends in is seen by those who demand it alone.
func TestWavePanic(t *testing.T) {
	db := query.New(query.Options{})
	f, sel := selection(t, db)
	wantHook(t, db, hookQ, f, 10) // so its number is lower than that of flag
	wantHook(t, db, hookQ, sel, 10)
	deselect(t, db)
	before := db.Stats()
	wantHook(t, db, hookQ, sel, 0)
	after := db.Stats()
	if after.Wasted != before.Wasted+1 || after.Runs != before.Runs+3 {
		t.Errorf("%d runs, %d of them wasted", after.Runs-before.Runs, after.Wasted-before.Wasted)
	}
	if err := db.Run(t.Context(), func(cx *query.Context) error {
		_, err := hookQ.Get(cx, f)
		return err
	}); err == nil {
		t.Error("f does not panic")
	}
	setHook(t, db, "b", 7)
	wantHook(t, db, hookQ, f, 70)
	wantHook(t, db, hookQ, sel, 0)
	idle(t, db)
}

// What is cheap does not run either if all its readers have read something before it
// that is known to have changed: S6.
func TestWaveTurned(t *testing.T) {
	db := query.New(query.Options{})
	_, sel := selection(t, db)
	wantHook(t, db, hookQ, sel, 10) // so the number of flag is lower than that of f
	deselect(t, db)
	before := db.Stats()
	wantHook(t, db, hookQ, sel, 0)
	after := db.Stats()
	if after.Wasted != 0 || after.Runs != before.Runs+2 {
		t.Errorf("%d runs, %d of them wasted; want those of flag and sel", after.Runs-before.Runs, after.Wasted)
	}
	idle(t, db)
}

// An update, a cancellation and runtime.Goexit while the body of a wave is at work.
func TestWaveInterrupted(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 0)
	var act func(cx *query.Context)
	low := hook(t, "low", func(cx *query.Context) (int, error) {
		x := hookIn.Value(cx, "x")
		if act != nil {
			do := act
			act = nil
			do(cx)
		}
		return x * 2, nil
	})
	top := aboveIt(t, low, 20)
	wantHook(t, db, hookQ, top, 0)

	act = func(*query.Context) {
		done := make(chan bool)
		go func() { setHook(t, db, "x", 2); close(done) }()
		<-done
	}
	setHook(t, db, "x", 1)
	wantHook(t, db, hookQ, top, 4)

	ctx, cancel := context.WithCancelCause(t.Context())
	act = func(cx *query.Context) {
		cancel(errGivenUp)
		<-cx.Done()
	}
	setHook(t, db, "x", 3)
	if _, err := hookQ.Get(db.Context(ctx), top); !errors.Is(err, errGivenUp) {
		t.Errorf("cancelled: %v", err)
	}
	wantHook(t, db, hookQ, top, 6)

	act = func(*query.Context) { goruntime.Goexit() }
	setHook(t, db, "x", 4)
	ended := make(chan bool)
	go func() {
		defer close(ended)
		_, _ = hookQ.Get(db.Context(context.Background()), top)
		t.Error("runtime.Goexit did not end the goroutine")
	}()
	<-ended
	wantHook(t, db, hookQ, top, 8)
	idle(t, db)
}

// What was up to date may come to depend on something that is not: then the run
// that finds out is dropped if it was only likely to be wanted.
func TestWaveMeetsUnsettled(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 0)
	setHook(t, db, "y", 0)
	y1 := hook(t, "y1", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "y"), nil })
	high := aboveIt(t, y1, 10)
	low := hook(t, "low", func(cx *query.Context) (int, error) {
		if hookIn.Value(cx, "x") == 0 {
			return 0, nil
		}
		return hookQ.Get(cx, high)
	})
	top := hook(t, "top", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, low)
		w, _ := hookQ.Get(cx, high)
		return v + w, err
	})
	wantHook(t, db, hookQ, top, 0)
	query.MakeCheap(db)
	err := db.Update(func(tx *query.Tx) error {
		hookIn.Set(tx, "x", 1)
		hookIn.Set(tx, "y", 5)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantHook(t, db, hookQ, top, 10)
	if wasted := db.Stats().Wasted; wasted != 1 {
		t.Errorf("%d runs are wasted, want that of low", wasted)
	}
	idle(t, db)
}

// A panic of a body that a wave runs is that of its own revision, also if another
// request has begun meanwhile, and its front has not gone up.
func TestWavePanicOvertaken(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 0)
	setHook(t, db, "y", 0)
	started, release := make(chan bool, 1), make(chan bool)
	first := true
	y3 := aboveIt(t, hook(t, "y", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "y"), nil }), 3)
	low := hook(t, "low", func(cx *query.Context) (int, error) {
		x := hookIn.Value(cx, "x")
		y, err := hookQ.Get(cx, y3)
		if x == 1 && first {
			first = false
			started <- true
			<-release
		}
		if x == 1 && y == 0 {
			panic("x without y")
		}
		return x + y, err
	})
	top := hook(t, "top", func(cx *query.Context) (int, error) { return hookQ.Get(cx, low) })
	wantHook(t, db, hookQ, top, 0)
	setHook(t, db, "x", 1)
	type result struct {
		v   int
		err error
	}
	got := make(chan result, 1)
	go func() {
		v, err := query.Do(context.Background(), db, func(cx *query.Context) (int, error) { return hookQ.Get(cx, top) })
		got <- result{v, err}
	}()
	<-started
	setHook(t, db, "y", 1)
	err := db.Run(t.Context(), func(*query.Context) error {
		close(release)
		if r := <-got; r.v != 2 || r.err != nil {
			t.Errorf("top is %d, %v", r.v, r.err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	idle(t, db)
}
