package runtime_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// Queries with cycle= whose bodies are functions of the tests. The function of
// the option is the hook with "/spare" behind its name, or gives 0.
var (
	hookFix  = query.Define[string, int](query.Definition{Name: "t/hook.fix", Kind: query.KindPure, Params: 1, Fails: true})
	hookBack = query.Define[string, int](query.Definition{Name: "t/hook.back", Kind: query.KindPure, Params: 1, Fails: true})
)

func init() {
	hooked := func(cx *query.Context, key string) (int, error) {
		f, _ := hooks.Load(key)
		return f.(func(*query.Context) (int, error))(cx)
	}
	spare := func(cx *query.Context, key string) (int, error) {
		if f, ok := hooks.Load(key + "/spare"); ok {
			return f.(func(*query.Context) (int, error))(cx)
		}
		return 0, nil
	}
	hookFix.Bind(nil, hooked)
	hookBack.Bind(nil, hooked)
	hookFix.Fixpoint(spare)
	hookBack.Fallback(spare)
}

// wantHook demands a node and compares.
func wantHook(t *testing.T, db *query.DB, q *query.Query[string, int], key string, want int) {
	t.Helper()
	if v, err := q.Get(db.Context(t.Context()), key); v != want || err != nil {
		t.Errorf("%s is %d, %v, want %d", key, v, err, want)
	}
}

// What a driver has provided is nobody else's, also if an update takes the node
// away from it.
func TestOvertakenIteration(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "a", 1)
	started, release := make(chan bool, 1), make(chan bool)
	var self string
	self = hook(t, "self", func(cx *query.Context) (int, error) {
		a := hookIn.Value(cx, "a")
		v, err := hookFix.Get(cx, self)
		if a == 1 && v > 0 {
			started <- true
			select {
			case <-cx.Done():
				<-release
			case <-time.After(patience):
			}
		}
		return max(v, 10*a), err
	})
	first := make(chan int, 1)
	go func() {
		v, _ := hookFix.Get(db.Context(t.Context()), self)
		first <- v
	}()
	<-started
	setHook(t, db, "a", 2)
	wantHook(t, db, hookFix, self, 20)
	close(release)
	if v := <-first; v != 20 {
		t.Errorf("the first demand gets %d", v)
	}
	idle(t, db)
}

// A head may do without its own outcome in a later round, and read something new.
func TestHeadReadsMoreLater(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "z", 5)
	var top, head, between string
	between = hook(t, "between", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, top)
		if v == 0 {
			_, err = hookFix.Get(cx, head) // what it is does not matter
		}
		return v, err
	})
	head = hook(t, "head", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, between)
		if v > 0 {
			return hookIn.Value(cx, "z"), err
		}
		return 1, err
	})
	top = hook(t, "top", func(cx *query.Context) (int, error) { return hookFix.Get(cx, head) })
	wantHook(t, db, hookFix, top, 5)
	wantHook(t, db, hookFix, head, 5)
	setHook(t, db, "z", 7)
	wantHook(t, db, hookFix, head, 7)
	setHook(t, db, "z", 8)
	wantHook(t, db, hookFix, top, 8)
	idle(t, db)
}

// The function of the option may look at its Context, also for a node that was
// being verified.
func TestSpareAsksForItsEnd(t *testing.T) {
	for _, q := range []*query.Query[string, int]{hookFix, hookBack} {
		db := query.New(query.Options{})
		var keys [3]string
		for i := range keys {
			keys[i] = hook(t, fmt.Sprint(i), func(cx *query.Context) (int, error) {
				if i == 2 && hookIn.Value(cx, "flag") == 0 {
					return 100, nil
				}
				v, err := q.Get(cx, keys[(i+1)%3])
				return min(v+1, 50), err
			})
			hook(t, fmt.Sprint(i, "/spare"), func(cx *query.Context) (int, error) { return i, cx.Err() })
		}
		wantHook(t, db, q, keys[0], 50)
		setHook(t, db, "flag", 1)
		for i, key := range keys {
			want := 50
			if q == hookBack {
				want = i
			}
			wantHook(t, db, q, key, want)
		}
		idle(t, db)
	}
}

// A head's outcome that is not to be remembered is not.
func TestTransientHead(t *testing.T) {
	db := query.New(query.Options{})
	var fine atomic.Bool
	var top, head, between string
	between = hook(t, "between", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, top)
		w, _ := hookFix.Get(cx, head)
		return max(v, w), err
	})
	head = hook(t, "head", func(cx *query.Context) (int, error) {
		v, _ := hookQ.Get(cx, between)
		if !fine.Load() {
			return 0, query.Transient(errors.New("not yet"))
		}
		return max(v, 3), nil
	})
	top = hook(t, "top", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, head)
		if err != nil {
			return 1, nil
		}
		return v, nil
	})
	wantHook(t, db, hookFix, top, 1)
	fine.Store(true)
	wantHook(t, db, hookFix, top, 3)
	wantHook(t, db, hookFix, head, 3)
	idle(t, db)
}

// lone is a result whose method Equal does what the test says.
type lone int

var (
	loneEqual atomic.Pointer[func(a, b lone) bool]
	loneFix   = query.Define[string, lone](query.Definition{Name: "t/lone", Kind: query.KindPure, Params: 1})
)

func (a lone) Equal(b lone) bool { return (*loneEqual.Load())(a, b) }

func init() {
	loneFix.Bind(nil, func(cx *query.Context, key string) (lone, error) {
		return max(lone(hookIn.Value(cx, key)), loneFix.Value(cx, key)), nil
	})
	loneFix.Fixpoint(func(*query.Context, string) (lone, error) { return 0, nil })
}

// A panic in Equal is one of the query, also when an iteration has settled.
func TestEqualPanicsAtTheEnd(t *testing.T) {
	equal := func(a, b lone) bool {
		if a+b == 6 && a != b {
			panic("boom")
		}
		return a == b
	}
	loneEqual.Store(&equal)
	db := query.New(query.Options{})
	setHook(t, db, t.Name(), 1)
	ask := func(cx *query.Context) (lone, error) { return loneFix.Value(cx, t.Name()), nil }
	query.Do(t.Context(), db, ask)
	setHook(t, db, t.Name(), 5)
	func() {
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("it comes out as %v", r)
			}
		}()
		v, err := query.Do(t.Context(), db, ask)
		if _, ok := errors.AsType[*query.PanicError](err); !ok {
			t.Errorf("got %v, %v", v, err)
		}
	}()
	setHook(t, db, t.Name(), 7)
	if v, err := query.Do(t.Context(), db, ask); v != 7 || err != nil {
		t.Error(v, err)
	}
	idle(t, db)
}

// talkative errors use the database to say what they are.
type talkative struct{ n int }

var (
	talkDB  atomic.Pointer[query.DB]
	talkFix = query.Define[string, int](query.Definition{Name: "t/talk", Kind: query.KindPure, Params: 1, Fails: true})
)

func (e talkative) Error() string { return fmt.Sprint(e.n, talkDB.Load().Stats().Nodes > 0) }

func init() {
	talkFix.Bind(nil, func(cx *query.Context, key string) (int, error) {
		_, err := talkFix.Get(cx, key)
		last, _ := err.(talkative)
		return 0, talkative{last.n + 1}
	})
	talkFix.Fixpoint(func(*query.Context, string) (int, error) { return 0, talkative{} })
}

// The texts of the two last errors are made without a lock.
func TestUnsettledTalks(t *testing.T) {
	db := query.New(query.Options{})
	talkDB.Store(db)
	done := make(chan error, 1)
	go func() {
		_, err := talkFix.Get(db.Context(t.Context()), "x")
		done <- err
	}()
	select {
	case err := <-done:
		t.Log(err)
	case <-time.After(patience):
		t.Fatal("it hangs")
	}
	idle(t, db)
}

// The cost of nodes with the option grows with their number, and no faster:
// whether they are on no cycle, on one that is entered elsewhere than before, or
// each on one with the next.
func TestManyFixpoints(t *testing.T) {
	db := query.New(query.Options{})
	ask := func(q *query.Query[[2]int, int], k [2]int, want int) {
		t.Helper()
		start := time.Now()
		if v, err := q.Get(db.Context(t.Context()), k); v != want || err != nil {
			t.Errorf("got %d, %v, want %d", v, err, want)
		}
		if d := time.Since(start); d > patience {
			t.Errorf("it took %v", d)
		}
	}
	const many = 4000
	ask(chainFix, [2]int{0, 5 * many}, 5*many)
	ask(ringFix, [2]int{many, 0}, 0)
	setHook(t, db, "ring", 5)
	ask(ringFix, [2]int{many, many / 2}, 5)
	ask(bothFix, [2]int{many, 0}, many-1)
	idle(t, db)
}

var (
	chainFix = query.Define[[2]int, int](query.Definition{Name: "t/chain.fix", Kind: query.KindPure, Params: 1, Fails: true})
	ringFix  = query.Define[[2]int, int](query.Definition{Name: "t/ring.fix", Kind: query.KindPure, Params: 1, Fails: true})
	bothFix  = query.Define[[2]int, int](query.Definition{Name: "t/both.fix", Kind: query.KindPure, Params: 1, Fails: true})
)

func init() {
	zero := func(*query.Context, [2]int) (int, error) { return 0, nil }
	chainFix.Bind(nil, func(cx *query.Context, k [2]int) (int, error) {
		if k[1] == 0 {
			return 0, nil
		}
		v, err := chainFix.Get(cx, [2]int{k[0], k[1] - 1})
		return v + 1, err
	})
	chainFix.Fixpoint(zero)
	ringFix.Bind(nil, func(cx *query.Context, k [2]int) (int, error) {
		v, err := ringFix.Get(cx, [2]int{k[0], (k[1] + 1) % k[0]})
		if k[1] == 0 {
			v = max(v, hookIn.Value(cx, "ring"))
		}
		return v, err
	})
	ringFix.Fixpoint(zero)
	bothFix.Bind(nil, func(cx *query.Context, k [2]int) (int, error) {
		v := k[1]
		for _, i := range []int{k[1] + 1, k[1] - 1} {
			if i >= 0 && i < k[0] {
				w, err := bothFix.Get(cx, [2]int{k[0], i})
				if err != nil {
					return 0, err
				}
				v = max(v, w)
			}
		}
		return v, nil
	})
	bothFix.Fixpoint(zero)
}
