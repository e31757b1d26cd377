package runtime_test

import (
	"context"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

var listFix = query.Define[string, []int](query.Definition{Name: "t/list.fix", Kind: query.KindPure, Params: 1, Fails: true})

func init() {
	listFix.Bind(nil, func(cx *query.Context, key string) ([]int, error) {
		f, _ := lists.Load(key)
		return f.(func(*query.Context) ([]int, error))(cx)
	})
	listFix.Fixpoint(func(cx *query.Context, key string) ([]int, error) { return []int{0}, nil })
}

// What an iteration has handed out may be nobody's value in the end.
func TestLastLookAtNothing(t *testing.T) {
	db := query.New(query.Options{Verify: query.VerifyAll})
	ctx, cancel := context.WithCancel(t.Context())
	var key string
	key = listHook(t, "list", func(cx *query.Context) ([]int, error) {
		v, err := listFix.Get(cx, key)
		if err == nil {
			cancel()
			_, err = listFix.Get(cx, key)
		}
		return v, err
	})
	if v, err := listFix.Get(db.Context(ctx), key); err == nil {
		t.Errorf("it is %v", v)
	}
	idle(t, db)
}

// A body that is verified, and takes longer than it is waited for, may have
// started goroutines; they must not bring the program down.
func TestAsideLeavesGoroutines(t *testing.T) {
	defer query.SetAsideFor(time.Millisecond)()
	db := query.New(query.Options{Verify: query.VerifyAll})
	var all sync.WaitGroup
	all.Add(6) // three goroutines of two runs
	left := make(chan bool)
	key := hook(t, "body", func(cx *query.Context) (int, error) {
		if query.Aside(cx) {
			<-left
		}
		uses := []func(){
			func() { query.Emit(cx, 1) },
			func() { hookIn.Value(cx, "x") },
			func() { query.Map(cx, []int{1}, func(*query.Context, int) (int, error) { return 0, nil }) },
		}
		var done sync.WaitGroup
		for _, use := range uses {
			done.Go(func() {
				defer all.Done()
				use()
			})
		}
		done.Wait()
		return 1, nil
	})
	setHook(t, db, "x", 1)
	for range 2 {
		wantHook(t, db, hookQ, key, 1)
	}
	close(left)
	all.Wait()
	idle(t, db)
}

// A call that a body has left behind, and that is found green, is not verified: the
// run that it belongs to may be over by then.
func TestVerifyLeftBehind(t *testing.T) {
	var low string
	var once sync.Once
	hit, release, done := make(chan bool), make(chan bool), make(chan bool)
	db := query.New(query.Options{Verify: query.VerifyAll, OnEvent: func(e query.Event) {
		if e.Kind == query.Hit && e.Key == low {
			once.Do(func() {
				close(hit)
				<-release
			})
		}
	}})
	setHook(t, db, "x", 1)
	low = hook(t, "low", func(cx *query.Context) (int, error) { return hookIn.Value(cx, "x"), nil })
	top := hook(t, "top", func(cx *query.Context) (int, error) {
		if !query.Aside(cx) {
			go func() {
				defer close(done)
				defer func() {
					if v := recover(); v != nil {
						t.Errorf("panic: %v", v)
					}
				}()
				hookQ.Get(cx, low)
			}()
			<-hit
		}
		return 1, nil
	})
	wantHook(t, db, hookQ, low, 1)
	wantHook(t, db, hookQ, top, 1)
	close(release)
	<-done
	idle(t, db)
}
