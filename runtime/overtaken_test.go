package runtime_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// The bodies of these queries are functions of the tests.
var (
	hookQ   = query.Define[string, int](query.Definition{Name: "t/hook.pure", Kind: query.KindPure, Params: 1, Fails: true})
	hookNow = query.Define[string, int](query.Definition{Name: "t/hook.always", Kind: query.KindAlways, Params: 1, Fails: true})
	hookIn  = query.Define[string, int](query.Definition{Name: "t/hook.in", Kind: query.KindInput, Params: 1})

	hooks sync.Map // key -> func(*query.Context) (int, error)
)

func init() {
	hooked := func(cx *query.Context, key string) (int, error) {
		f, _ := hooks.Load(key)
		return f.(func(*query.Context) (int, error))(cx)
	}
	hookQ.Bind(nil, hooked)
	hookNow.Bind(nil, hooked)
	hookIn.Bind(nil, func(*query.Context, string) (int, error) { return 0, nil })
}

// hook makes f the body of a key and returns the key.
func hook(t *testing.T, name string, f func(cx *query.Context) (int, error)) string {
	key := t.Name() + "/" + name
	hooks.Store(key, f)
	t.Cleanup(func() { hooks.Delete(key) })
	return key
}

func setHook(t *testing.T, db *query.DB, key string, v int) {
	t.Helper()
	if err := db.Update(func(tx *query.Tx) error { hookIn.Set(tx, key, v); return nil }); err != nil {
		t.Fatal(err)
	}
}

const patience = 10 * time.Second

// A body that waits for the end of its Context is told when an update changes
// what it has read, and a new demand does not wait for it.
func TestOvertakenBodyIsTold(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	setHook(t, db, "a", 1)
	started := make(chan bool, 2)
	release := make(chan bool)
	var told atomic.Bool
	key := hook(t, "body", func(cx *query.Context) (int, error) {
		v := hookIn.Value(cx, "a")
		if v == 1 {
			started <- true
			select {
			case <-cx.Done():
				told.Store(true)
				<-release
				return 0, cx.Err()
			case <-time.After(patience):
			}
		}
		return v, nil
	})
	first := make(chan int, 1)
	go func() {
		v, _ := hookQ.Get(db.Context(t.Context()), key)
		first <- v
	}()
	<-started
	setHook(t, db, "b", 1) // nothing that it has read
	if told.Load() {
		t.Error("an update of something else has stopped the body")
	}
	setHook(t, db, "a", 2)
	if v, err := hookQ.Get(db.Context(t.Context()), key); v != 2 || err != nil {
		t.Errorf("the second demand gets %d, %v", v, err)
	}
	close(release)
	if v := <-first; v != 2 || !told.Load() {
		t.Errorf("the first demand gets %d, told: %v", v, told.Load())
	}
}

// An update ends only the runs that have read what it changes: their caller goes
// on, and so does what runs below them.
func TestOvertakenRunAlone(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	setHook(t, db, "a", 1)
	var runs [3]atomic.Int32
	leaf := hook(t, "leaf", func(cx *query.Context) (int, error) {
		if runs[2].Add(1) == 1 {
			var update sync.WaitGroup
			update.Go(func() { setHook(t, db, "a", 2) })
			update.Wait()
		}
		return hookIn.Value(cx, "c"), nil // the run is not stopped here
	})
	mid := hook(t, "mid", func(cx *query.Context) (int, error) {
		runs[1].Add(1)
		v := hookIn.Value(cx, "a")
		w, err := hookQ.Get(cx, leaf)
		return v + w, err
	})
	top := hook(t, "top", func(cx *query.Context) (int, error) {
		runs[0].Add(1)
		hookIn.Value(cx, "b")
		return hookQ.Get(cx, mid)
	})
	if v, err := hookQ.Get(db.Context(t.Context()), top); v != 2 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
	if got := [3]int32{runs[0].Load(), runs[1].Load(), runs[2].Load()}; got != [3]int32{1, 2, 1} {
		t.Errorf("top, mid and leaf ran %v times", got)
	}
}

// The deadline of a context that a body derives ends the calls below it too,
// and nothing of that is remembered.
func TestOwnDeadline(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	why := errors.New("my deadline")
	var patient atomic.Bool
	slow := hook(t, "slow", func(cx *query.Context) (int, error) {
		if patient.Load() {
			return 1, nil
		}
		select {
		case <-cx.Done():
			return -1, nil // swallowed: it counts for nothing
		case <-time.After(patience):
			return 0, errors.New("was not told")
		}
	})
	between := hook(t, "between", func(cx *query.Context) (int, error) { return hookQ.Get(cx, slow) })
	top := hook(t, "top", func(cx *query.Context) (int, error) {
		limit := 20 * time.Millisecond
		if patient.Load() {
			limit = patience
		}
		ctx, cancel := context.WithTimeoutCause(cx, limit, why)
		defer cancel()
		derived, _ := query.From(ctx)
		v, err := hookQ.Get(derived, between)
		if errors.Is(err, why) {
			return 100, nil
		}
		return v, err
	})
	for _, want := range []int{100, 1, 1} {
		if v, err := hookQ.Get(db.Context(t.Context()), top); v != want || err != nil {
			t.Errorf("got %d, %v, want %d", v, err, want)
		}
		patient.Store(true)
	}
}

// Requests that reach always-queries in opposite orders take turns: one that
// gives way waits for the end of the other before it begins again.
func TestAlwaysTakesTurns(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	body := func(cx *query.Context) (int, error) { return 1, nil }
	p, q := hook(t, "p", body), hook(t, "q", body)
	const requests = 20
	var all sync.WaitGroup
	for i := range requests {
		keys := [2]string{p, q}
		if i%2 == 1 {
			keys = [2]string{q, p}
		}
		all.Go(func() {
			_, err := query.Do(t.Context(), db, func(cx *query.Context) (int, error) {
				hookNow.Get(cx, keys[0])
				time.Sleep(time.Millisecond)
				return hookNow.Get(cx, keys[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if runs := db.Stats().Runs; runs > 2*requests*requests {
		t.Errorf("%d requests made %d runs", requests, runs)
	}
}

// A coroutine is no goroutine that could be ended alone.
func TestUnwindInCoroutine(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	weak := func(cx *query.Context) int { return weakQ.Value(cx, 1) } // fails
	key := hook(t, "body", func(cx *query.Context) (int, error) {
		next, stop := iter.Pull(func(yield func(int) bool) { yield(weak(cx)) })
		defer stop()
		v, _ := next()
		return v, nil
	})
	if _, err := hookQ.Get(db.Context(t.Context()), key); err == nil || err.Error() != "weak" {
		t.Error(err)
	}
}

// A flight that was found on a cycle while it was verified may meet another one
// when it runs. It once asked for ever.
func TestTwoCycles(t *testing.T) {
	db := query.New(query.Options{Parallelism: 4})
	defer db.Close()
	var slow atomic.Bool
	running := make(chan bool, 10)
	var a, b, c string
	back := func(cx *query.Context) (int, error) {
		if hookIn.Value(cx, "flag") == 1 {
			return hookQ.Get(cx, a)
		}
		return 1, nil
	}
	b, c = hook(t, "b", back), hook(t, "c", back)
	a = hook(t, "a", func(cx *query.Context) (int, error) {
		vs, err := query.Map(cx, []string{b, c}, func(cx *query.Context, key string) (int, error) {
			switch {
			case slow.Load() && key == b:
				running <- true
				time.Sleep(40 * time.Millisecond)
			case slow.Load():
				time.Sleep(20 * time.Millisecond) // by now the other request's c waits for a
			}
			return hookQ.Get(cx, key)
		})
		return vs[0] + vs[1], err
	})
	if v, err := hookQ.Get(db.Context(t.Context()), a); v != 2 || err != nil {
		t.Error(v, err)
	}
	setHook(t, db, "flag", 1)
	slow.Store(true)
	var other sync.WaitGroup
	other.Go(func() {
		<-running
		hookQ.Get(db.Context(t.Context()), c)
	})
	_, err := hookQ.Get(db.Context(t.Context()), a)
	if _, ok := errors.AsType[*query.CycleError](err); !ok {
		t.Error(err)
	}
	other.Wait()
}
