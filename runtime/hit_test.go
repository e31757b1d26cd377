package runtime_test

import (
	"context"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/internal/words"
)

func BenchmarkHit(b *testing.B) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(b.Context())
	for b.Loop() {
		words.Words(cx, "a.txt")
	}
}

// A slowContext calls a function of the test when it is asked for its end.
type slowContext struct {
	context.Context
	asked func()
}

func (c *slowContext) Err() error {
	if f := c.asked; f != nil {
		c.asked = nil
		f()
	}
	return c.Context.Err()
}

// A hit from outside is that of one revision, however long it takes: what an
// iteration has provided meanwhile is nobody else's.
func TestHitTakesLong(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "a", 1)
	started, release := make(chan bool, 1), make(chan bool)
	var self string
	self = hook(t, "self", func(cx *query.Context) (int, error) {
		a := hookIn.Value(cx, "a")
		v, err := hookFix.Get(cx, self)
		if a == 2 && v == 0 {
			started <- true
			<-release
		}
		return max(v, 10*a), err
	})
	wantHook(t, db, hookFix, self, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan bool)
	slow := &slowContext{Context: ctx}
	slow.asked = func() {
		setHook(t, db, "a", 2)
		go func() {
			wantHook(t, db, hookFix, self, 20)
			close(done)
		}()
		<-started
		go func() { release <- true }()
	}
	if v, err := hookFix.Get(db.Context(slow), self); v != 10 && v != 20 || err != nil {
		t.Errorf("self is %d, %v", v, err)
	}
	<-done
	idle(t, db)
}
