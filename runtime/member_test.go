package runtime_test

import (
	"context"
	"testing"

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
