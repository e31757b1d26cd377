package runtime_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// A member that runs twice in one round may do without x the second time, because
// others have by then what came from x.
func TestMemberRunsTwice(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 8)
	var d, h, m string
	m = hook(t, "m", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, h)
		if v&8 == 0 {
			v |= hookIn.Value(cx, "x") & 8
		}
		return v, err
	})
	h = hook(t, "h", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, m)
		w, _ := hookFix.Get(cx, d)
		return v | w, err
	})
	d = hook(t, "d", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, h)
		w, _ := hookQ.Get(cx, m)
		return v | w, err
	})
	wantHook(t, db, hookFix, d, 8)
	setHook(t, db, "x", 0)
	wantHook(t, db, hookFix, d, 0)
	wantHook(t, db, hookFix, h, 0)
	wantHook(t, db, hookQ, m, 0)
	idle(t, db)
}

// While an iteration is at work, somebody else runs a member of it at a newer
// revision: others have in them what it was before.
func TestMemberRunsElsewhere(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 1)
	started, release := make(chan bool, 1), make(chan bool)
	var d, h, m string
	m = hook(t, "m", func(cx *query.Context) (int, error) {
		if hookIn.Value(cx, "x") == 1 {
			v, err := hookFix.Get(cx, h)
			return v | 8, err
		}
		return 0, nil
	})
	h = hook(t, "h", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, m)
		w, _ := hookFix.Get(cx, d)
		return v | w, err
	})
	first := true
	d = hook(t, "d", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, h)
		if first {
			first = false
			started <- true
			<-release
		}
		return v, err
	})
	got := make(chan int, 1)
	go func() {
		v, _ := hookFix.Get(db.Context(context.Background()), d)
		got <- v
	}()
	<-started
	setHook(t, db, "x", 2)
	wantHook(t, db, hookQ, m, 0)
	close(release)
	if v := <-got; v != 0 {
		t.Errorf("d is %d", v)
	}
	wantHook(t, db, hookFix, d, 0)
	wantHook(t, db, hookFix, h, 0)
	idle(t, db)
}

// A head that is what it is because of what it was in an earlier round is not
// done on its own.
func TestHeadKeepsItself(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 1)
	var top, head string
	head = hook(t, "head", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, head)
		if v == 0 {
			v, err = hookFix.Get(cx, top)
		}
		return v, err
	})
	top = hook(t, "top", func(cx *query.Context) (int, error) {
		v, err := hookFix.Get(cx, head)
		if v == 0 {
			v = hookIn.Value(cx, "x")
		}
		return v, err
	})
	wantHook(t, db, hookFix, top, 1)
	setHook(t, db, "x", 0)
	wantHook(t, db, hookFix, head, 0)
	wantHook(t, db, hookFix, top, 0)
	idle(t, db)
}

var loneQ = query.Define[string, lone](query.Definition{Name: "t/lone.hook", Kind: query.KindPure, Params: 1})

func init() {
	loneQ.Bind(nil, func(cx *query.Context, key string) (lone, error) {
		f, _ := hooks.Load(key)
		v, err := f.(func(*query.Context) (int, error))(cx)
		return lone(v), err
	})
}

// An outcome is compared with one that an iteration has left, and is about to
// take back.
func TestComparedWithWhatGoes(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 0)
	started, release := make(chan bool, 1), make(chan bool)
	comparing, compared := make(chan bool, 1), make(chan bool)
	equal := func(a, b lone) bool {
		if a == 7 && b == 7 {
			comparing <- true
			<-compared
		}
		return a == b
	}
	loneEqual.Store(&equal)
	var top, n string
	n = hook(t, "n", func(cx *query.Context) (int, error) {
		switch hookIn.Value(cx, "x") {
		case 0:
			return 5, nil
		case 1:
			_, err := hookFix.Get(cx, top)
			return 7, err
		}
		return 7, nil
	})
	first := true
	top = hook(t, "top", func(cx *query.Context) (int, error) {
		v := loneQ.Value(cx, n)
		if v == 7 && first {
			first = false
			started <- true
			<-release
		}
		return int(v), nil
	})
	wantHook(t, db, hookFix, top, 5)
	setHook(t, db, "x", 1)
	query.Inspect(db, hookFix.Task(top)) // or n is run first, and is what is iterated
	got, again := make(chan lone, 1), make(chan int, 1)
	go func() {
		v, _ := hookFix.Get(db.Context(t.Context()), top)
		again <- v
	}()
	<-started
	setHook(t, db, "x", 2)
	go func() { got <- loneQ.Value(db.Context(t.Context()), n) }()
	<-comparing
	close(release)
	for query.Inspect(db, hookFix.Task(top)).State != query.StateMust {
		time.Sleep(time.Millisecond)
	}
	close(compared)
	if v := <-got; v != 7 {
		t.Errorf("n is %d", v)
	}
	if v := <-again; v != 7 {
		t.Errorf("top is %d", v)
	}
	idle(t, db)
}

var loneIn = query.Define[string, lone](query.Definition{Name: "t/lone.in", Kind: query.KindInput, Params: 1})

func init() {
	loneIn.Bind(nil, func(cx *query.Context, key string) (lone, error) {
		f, _ := hooks.Load(key)
		v, err := f.(func(*query.Context) (int, error))(cx)
		return lone(v), err
	})
}

// An input that was not set, and is a member, is set while the iteration compares
// what it has come to with what was before. No read that is left tells of it.
func TestSetAtTheEnd(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "y", 1)
	comparing, compared := make(chan bool, 1), make(chan bool)
	equal := func(a, b lone) bool {
		if a == 1 && b == 2 {
			comparing <- true
			<-compared
		}
		return a == b
	}
	loneEqual.Store(&equal)
	var top, in string
	in = hook(t, "in", func(cx *query.Context) (int, error) { return hookFix.Get(cx, top) })
	top = hook(t, "top", func(cx *query.Context) (int, error) {
		return max(int(loneIn.Value(cx, in)), hookIn.Value(cx, "y")), nil
	})
	wantHook(t, db, hookFix, top, 1)
	setHook(t, db, "y", 2)
	got := make(chan int, 1)
	go func() {
		v, _ := hookFix.Get(db.Context(t.Context()), top)
		got <- v
	}()
	<-comparing
	if err := db.Update(func(tx *query.Tx) error { loneIn.Set(tx, in, 5); return nil }); err != nil {
		t.Fatal(err)
	}
	wantHook(t, db, hookQ, hook(t, "other", func(*query.Context) (int, error) { return 7, nil }), 7)
	close(compared)
	if v := <-got; v != 5 {
		t.Errorf("the first demand gets %d", v)
	}
	wantHook(t, db, hookFix, top, 5)
	idle(t, db)
}

// What a member was before may turn out to be something else while that is compared:
// it had it from another iteration, which is given up.
func TestComparedWithWhatWasGivenUp(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 1)
	started, release := make(chan bool, 1), make(chan bool)
	comparing, compared := make(chan bool, 1), make(chan bool)
	late := false
	equal := func(a, b lone) bool {
		if late && a == 8 && b == 8 {
			late = false
			comparing <- true
			<-compared
		}
		return a == b
	}
	loneEqual.Store(&equal)
	var top, other, n string
	n = hook(t, "n", func(cx *query.Context) (int, error) {
		if hookIn.Value(cx, "x") == 1 {
			_, err := hookFix.Get(cx, other)
			return 8, err
		}
		v, err := hookFix.Get(cx, top)
		return []int{5, 8}[min(v, 1)], err
	})
	first := true
	other = hook(t, "other", func(cx *query.Context) (int, error) {
		v := loneQ.Value(cx, n)
		if first {
			first = false
			started <- true
			<-release
		}
		return int(v), nil
	})
	eights := 0
	top = hook(t, "top", func(cx *query.Context) (int, error) {
		v := loneQ.Value(cx, n)
		if v == 8 {
			eights++
			late = eights == 2
		}
		return int(v), nil
	})
	ask := func(key string) chan int {
		got := make(chan int, 1)
		go func() {
			v, _ := hookFix.Get(db.Context(t.Context()), key)
			got <- v
		}()
		return got
	}
	one := ask(other)
	<-started
	setHook(t, db, "x", 2)
	two := ask(top)
	<-comparing
	close(release)
	for query.Inspect(db, hookFix.Task(other)).State != query.StateMust {
		time.Sleep(time.Millisecond)
	}
	close(compared)
	if v := <-two; v != 8 {
		t.Errorf("top is %d", v)
	}
	if v := <-one; v != 8 {
		t.Errorf("other is %d", v)
	}
	if v := loneQ.Value(db.Context(t.Context()), n); v != 8 {
		t.Errorf("n is %d", v)
	}
	idle(t, db)
}

// Values that never settle may hold themselves.
func TestUnsettledHoldsItself(t *testing.T) {
	db := query.New(query.Options{})
	n := 0
	hooks.Store(t.Name(), func(cx *query.Context) (any, error) {
		_, err := anyFix.Get(cx, t.Name())
		n++
		m := map[string]any{"n": n}
		m["a"], m["b"], m["c"] = m, m, m
		return m, err
	})
	_, err := anyFix.Get(db.Context(t.Context()), t.Name())
	if s := fmt.Sprint(err); len(s) > 1500 || !strings.Contains(s, "200 rounds") {
		t.Error(s)
	}
	idle(t, db)
}

var anyFix = query.Define[string, any](query.Definition{Name: "t/any.fix", Kind: query.KindPure, Params: 1, Fails: true, NoPersist: true})

func init() {
	anyFix.Bind(nil, func(cx *query.Context, key string) (any, error) {
		f, _ := hooks.Load(key)
		return f.(func(*query.Context) (any, error))(cx)
	})
	anyFix.Fixpoint(func(*query.Context, string) (any, error) { return 0, nil })
}

// A deep stack of iterations is given up in one go.
func TestManyIterationsGivenUp(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 1)
	const many = 100_000
	started, release := make(chan bool, 1), make(chan bool)
	deepBody = func(cx *query.Context, i int) (int, error) {
		switch i {
		case 0:
			if hookIn.Value(cx, "top") == 0 {
				started <- true
				<-release
			}
			return hookIn.Value(cx, "x"), nil
		case many:
			hookIn.Value(cx, "x")
		}
		return deepFix.Get(cx, i-1)
	}
	first, second := make(chan error, 1), make(chan error, 1)
	ask := func(end chan error) {
		_, err := deepFix.Get(db.Context(t.Context()), many)
		end <- err
	}
	go ask(first)
	<-started
	setHook(t, db, "x", 2)
	setHook(t, db, "top", 1)
	start := time.Now()
	go ask(second)
	for _, end := range []chan error{second, first} {
		if err := <-end; err != nil {
			t.Error(err)
		}
		if end == second {
			close(release)
		}
	}
	if d := time.Since(start); d > patience {
		t.Errorf("it took %v", d)
	}
	idle(t, db)
}

var (
	deepBody func(*query.Context, int) (int, error)
	deepFix  = query.Define[int, int](query.Definition{Name: "t/deep.fix", Kind: query.KindPure, Params: 1, Fails: true})
)

func init() {
	deepFix.Bind(nil, func(cx *query.Context, i int) (int, error) { return deepBody(cx, i) })
	deepFix.Fixpoint(func(*query.Context, int) (int, error) { return 0, nil })
}
