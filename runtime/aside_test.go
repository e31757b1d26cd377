package runtime_test

import (
	"context"
	"testing"

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
