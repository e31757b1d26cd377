package scenarios

import (
	"context"
	"errors"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// outsideOnly are the operations that must stand outside of queries.
func outsideOnly(s *scene, other *scene) map[string]func(ctx context.Context) error {
	nothing := func(*query.Context) error { return nil }
	return map[string]func(ctx context.Context) error{
		"Run": func(ctx context.Context) error { return s.db.Run(ctx, nothing) },
		"Do": func(ctx context.Context) error {
			_, err := query.Do(ctx, s.db, func(*query.Context) (int, error) { return 0, nil })
			return err
		},
		"Update": func(context.Context) error { return s.db.Update(func(*query.Tx) error { return nil }) },
		"NextGeneration": func(context.Context) error {
			err, _ := thrown(func() { s.db.NextGeneration() }).(error)
			return err
		},
		"Save":  func(ctx context.Context) error { return s.db.Save(ctx) },
		"Close": func(context.Context) error { return s.db.Close() },
		"a bare call": func(ctx context.Context) error {
			_, err := A(s.db.Context(ctx))
			return err
		},
		"a bare call without an error": func(ctx context.Context) error {
			err, _ := thrown(func() { In(s.db.Context(ctx), 0) }).(error)
			return err
		},
		"Map": func(ctx context.Context) error {
			_, err := query.Map(s.db.Context(ctx), []int{1}, func(*query.Context, int) (int, error) { return 0, nil })
			return err
		},
		"a Context of another database": func(context.Context) error {
			_, err := A(other.cx)
			return err
		},
		"Run of another database":    func(ctx context.Context) error { return other.db.Run(ctx, nothing) },
		"Update of another database": func(context.Context) error { return other.db.Update(func(*query.Tx) error { return nil }) },
	}
}

// TestNesting: promise 13.
func TestNesting(t *testing.T) {
	in := func(t *testing.T, name string, err error) {
		t.Helper()
		if !errors.Is(err, query.ErrInQuery) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	t.Run("in a query", func(t *testing.T) {
		s, other := newScene(t, query.Options{}), newScene(t, query.Options{})
		for name, op := range outsideOnly(s, other) {
			s.Body(name, func(cx *query.Context) (int, error) {
				in(t, name, op(context.Background()))
				in(t, name+", with the Context", op(cx))
				return 1, nil
			})
			soon(t, func() { fine(t, 1)(Body(s.cx, s.w, name)) })
		}
		equal(t, s.db.Revision(), 1)
	})
	t.Run("in a branch of Map", func(t *testing.T) {
		s, other := newScene(t, query.Options{}), newScene(t, query.Options{})
		for name, op := range outsideOnly(s, other) {
			soon(t, func() {
				query.Map(s.cx, []int{1, 2}, func(cx *query.Context, _ int) (int, error) {
					in(t, name, op(context.Background()))
					return 1, nil
				})
			})
		}
	})
	t.Run("in an update", func(t *testing.T) {
		s, other := newScene(t, query.Options{}), newScene(t, query.Options{})
		for name, op := range outsideOnly(s, other) {
			soon(t, func() {
				s.update(func(*query.Tx) { in(t, name, op(context.Background())) })
			})
		}
		equal(t, s.db.Revision(), 1)
	})
	t.Run("in a goroutine of a query", func(t *testing.T) {
		s, other := newScene(t, query.Options{}), newScene(t, query.Options{})
		ops := outsideOnly(s, other)
		for _, name := range []string{"Run", "Do", "a bare call", "Map", "Save", "Run of another database"} {
			s.Body(name, func(cx *query.Context) (int, error) {
				done := make(chan error)
				go func() { done <- ops[name](cx) }()
				in(t, name, <-done)
				return 1, nil
			})
			soon(t, func() { fine(t, 1)(Body(s.cx, s.w, name)) })
		}
	})
}

// TestRunInRun: a request inside of a request is an error too.
func TestRunInRun(t *testing.T) {
	s := newScene(t, query.Options{})
	soon(t, func() {
		err := s.db.Run(t.Context(), func(cx *query.Context) error {
			return s.db.Run(context.Background(), func(*query.Context) error { return nil })
		})
		equal(t, err, query.ErrInQuery)
	})
}

// soon fails the test if f does not end.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
}
