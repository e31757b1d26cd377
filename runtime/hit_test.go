package runtime_test

import (
	"context"
	"errors"
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

// A task that remembers its node looks at little, and still at all that may have
// become another matter.
func TestTaskHits(t *testing.T) {
	told := 0
	quiet, loud := query.New(query.Options{}), query.New(query.Options{OnEvent: func(e query.Event) {
		if e.Kind == query.Hit {
			told++
		}
	}})
	defer loud.Close()
	in := hookIn.Task("task-hits")
	get := func(cx *query.Context, want int) {
		t.Helper()
		before := quiet.Stats().Hits + loud.Stats().Hits
		if v, err := in.Get(cx); v != want || err != nil {
			t.Errorf("%d, %v, want %d", v, err, want)
		}
		if after := quiet.Stats().Hits + loud.Stats().Hits; after != before+1 {
			t.Errorf("%d hits", after-before)
		}
	}
	fails := func(cx *query.Context, want error) {
		t.Helper()
		if v, err := in.Get(cx); !errors.Is(err, want) {
			t.Errorf("%d, %v, want %v", v, err, want)
		}
	}
	set := func(db *query.DB, v int) {
		setHook(t, db, "task-hits", v)
		if got, err := in.Get(db.Context(context.Background())); got != v || err != nil { // the flush
			t.Errorf("%d, %v, want %d", got, err, v)
		}
	}
	cx := quiet.Context(context.Background())
	for v := range 3 {
		set(quiet, v)
		for range 3 {
			get(cx, v)
		}
	}
	set(loud, 7)
	told = 0
	for range 3 {
		get(loud.Context(context.Background()), 7)
		get(cx, 2)
	}
	if told != 3 {
		t.Errorf("told of %d hits, want 3", told)
	}
	get(cx, 2)
	ctx, cancel := context.WithCancel(context.Background())
	get(quiet.Context(ctx), 2)
	inner, stop := context.WithCancel(cx)
	below, _ := query.From(inner)
	get(below, 2)
	stop()
	fails(below, context.Canceled)
	cancel()
	fails(quiet.Context(ctx), context.Canceled)
	get(cx, 2)
	if err := quiet.Run(context.Background(), func(*query.Context) error {
		fails(cx, query.ErrInQuery)
		return nil
	}); err != nil {
		t.Error(err)
	}
	quiet.Close()
	fails(cx, query.ErrClosed)
}
