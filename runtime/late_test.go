package runtime_test

import (
	"sync"
	"testing"

	query "querygen.dev/runtime"
)

var strayed sync.Map // by key: what its body does

var stray = query.Define[int, int](query.Definition{Name: "t/stray", Kind: query.KindPure, Params: 1, Fails: true})

func init() {
	stray.Bind(nil, func(cx *query.Context, k int) (int, error) {
		if f, ok := strayed.Load(k); ok {
			return f.(func(*query.Context) (int, error))(cx)
		}
		if k%8 > 0 {
			return stray.Get(cx, k-1)
		}
		return hookIn.Value(cx, "x") + k, nil
	})
}

// Whatever goroutines do with the Context of a body that has returned, it is
// nothing to the runs that come later, though these use its flight again.
func TestLateUsesTouchNobody(t *testing.T) {
	db := query.New(query.Options{})
	setHook(t, db, "x", 1)
	uses := map[string]func(cx *query.Context){
		"demand":  func(cx *query.Context) { stray.Get(cx, 0) },
		"value":   func(cx *query.Context) { hookIn.Value(cx, "x") },
		"done":    func(cx *query.Context) { <-cx.Done() },
		"err":     func(cx *query.Context) { _ = cx.Err() },
		"emit":    func(cx *query.Context) { query.Emit(cx, 1) },
		"context": func(cx *query.Context) { cx.Value("key"); cx.Deadline() },
		"map": func(cx *query.Context) {
			query.Map(cx, []int{1}, func(cx *query.Context, k int) (int, error) { return stray.Get(cx, k) })
		},
		"intern": func(cx *query.Context) { query.Intern(cx, "handle") },
	}
	const runs = 400
	var late sync.WaitGroup
	begun := make(chan bool)
	first := 1_000_000
	for _, use := range uses {
		first++
		strayed.Store(first, func(cx *query.Context) (int, error) {
			returned := make(chan bool)
			late.Go(func() {
				begun <- true
				<-returned
				for range runs {
					func() {
						defer func() { recover() }()
						use(cx)
					}()
				}
			})
			<-begun
			defer close(returned)
			return stray.Get(cx, 8)
		})
	}
	for i := range runs {
		setHook(t, db, "x", i)
		cx := db.Context(t.Context())
		for k := 1_000_001; i == 0 && k <= first; k++ {
			if _, err := stray.Get(cx, k); err != nil {
				t.Fatal(err)
			}
		}
		for k := range 32 {
			if v, err := stray.Get(cx, k); err != nil || v != i+k/8*8 {
				t.Fatalf("stray(%d) is %d, %v", k, v, err)
			}
		}
	}
	late.Wait()
	for k := 1_000_001; k <= first; k++ {
		strayed.Delete(k)
	}
	if n := db.Stats().Runs; n < runs*32 {
		t.Errorf("%d runs", n)
	}
	idle(t, db)
}
