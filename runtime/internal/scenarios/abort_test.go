package scenarios

import (
	"context"
	"errors"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

var errWhy = errors.New("the reason")

// stuck makes name wait until nobody wants it any more. What it returns then is
// a value. The channel is told of each run.
func (s *scene) stuck(name string) chan bool {
	started := make(chan bool, 10)
	s.Body(name, func(cx *query.Context) (int, error) {
		started <- true
		<-cx.Done()
		return 7, nil
	})
	return started
}

// swallowing makes name turn every error of a demand into a value.
func (s *scene) swallowing(name string, demand Code) {
	s.Body(name, func(cx *query.Context) (int, error) {
		v, err := demand(cx)
		if err != nil {
			return -1, nil
		}
		return v, nil
	})
}

// TestCancelled: promise 9, the root ends in the cause, and nothing is stored.
func TestCancelled(t *testing.T) {
	roots := map[string]func(s *scene, ctx context.Context) error{
		"Run": func(s *scene, ctx context.Context) error {
			return s.db.Run(ctx, func(cx *query.Context) error {
				Body(cx, s.w, "swallows")
				return nil // swallowed once more
			})
		},
		"Do": func(s *scene, ctx context.Context) error {
			_, err := query.Do(ctx, s.db, func(cx *query.Context) (int, error) { return Body(cx, s.w, "swallows") })
			return err
		},
		"a bare call": func(s *scene, ctx context.Context) error {
			_, err := Body(s.db.Context(ctx), s.w, "swallows")
			return err
		},
		"a bare call without an error": func(s *scene, ctx context.Context) error {
			err, _ := thrown(func() { Plain(s.db.Context(ctx), s.w, "swallows") }).(error)
			return err
		},
		"Map": func(s *scene, ctx context.Context) error {
			_, err := query.Map(s.db.Context(ctx), []string{"swallows"}, func(cx *query.Context, name string) (int, error) {
				return Body(cx, s.w, name)
			})
			return err
		},
	}
	for name, root := range roots {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, query.Options{})
			started := s.stuck("stuck")
			s.Body("finished", func(*query.Context) (int, error) { return 5, nil })
			s.swallowing("swallows", func(cx *query.Context) (int, error) {
				Body(cx, s.w, "finished")
				return Body(cx, s.w, "stuck")
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-started
				cancel(errWhy)
			}()
			soon(t, func() { equal(t, root(s, ctx), errWhy) })
			equal(t, query.Inspect(s.db, BodyTask(s.w, "stuck")).RanAt, 0)
			equal(t, query.Inspect(s.db, BodyTask(s.w, "swallows")).RanAt, 0)
			s.took()

			s.Body("stuck", func(*query.Context) (int, error) { return 8, nil })
			fine(t, 8)(Body(s.cx, s.w, "swallows"))
			s.ran(`body("swallows")`, `body("stuck")`) // what was finished stays
		})
	}
}

// TestDeadAtStart: a context that is done demands nothing.
func TestDeadAtStart(t *testing.T) {
	s := newScene(t, query.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errWhy)
	_, err := A(s.db.Context(ctx))
	equal(t, err, errWhy)
	equal(t, s.db.Run(ctx, func(*query.Context) error { return nil }), errWhy)
	s.ran()
}

// TestAnotherTakesOver: promise 9. Who waits for a node whose run is given up
// runs it.
func TestAnotherTakesOver(t *testing.T) {
	s := newScene(t, query.Options{})
	started := s.stuck("node")
	ctx, cancel := context.WithCancelCause(t.Context())
	first := make(chan error)
	go func() {
		_, err := Body(s.db.Context(ctx), s.w, "node")
		first <- err
	}()
	<-started
	second := make(chan int)
	go func() {
		v, _ := Body(s.cx, s.w, "node")
		second <- v
	}()
	time.Sleep(20 * time.Millisecond)
	s.Body("node", func(*query.Context) (int, error) { return 9, nil })
	cancel(errWhy)
	soon(t, func() {
		equal(t, <-first, errWhy)
		equal(t, <-second, 9)
	})
	s.ran(`body("node")`, `body("node")`)
}

// overtaken makes name read in(0) and then wait for an update of in(set), once.
func (s *scene) overtaken(name string, set int) {
	once := true
	s.Body(name, func(cx *query.Context) (int, error) {
		v := In(cx, 0)
		if once {
			once = false
			done := make(chan bool)
			go func() {
				s.set(set, 100)
				close(done)
			}()
			<-done
		}
		return v + In(cx, 1), nil
	})
}

// TestOvertaken: an update of something that was read.
func TestOvertaken(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(1, 0)
	err := s.db.Run(t.Context(), func(cx *query.Context) error {
		In(cx, 0)
		s.set(0, 100)
		_, err := A(cx)
		if !errors.Is(err, query.ErrSuperseded) {
			t.Errorf("the call ended in %v", err)
		}
		return nil // swallowed
	})
	equal(t, err, query.ErrSuperseded)
	equal(t, errors.Is(err, context.Canceled), true)

	s.set(0, 1)
	s.overtaken("in Do", 0)
	fine(t, 100)(query.Do(t.Context(), s.db, func(cx *query.Context) (int, error) { return Body(cx, s.w, "in Do") }))
	s.set(0, 1)
	s.overtaken("bare", 0)
	fine(t, 100)(Body(s.cx, s.w, "bare"))
	s.ranTimes(`body("bare")`, 2)
}

// TestNotOvertaken: an update that touches no read of a running body does not
// stop it. What it reads later is new.
func TestNotOvertaken(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 1)
	s.overtaken("runs", 2)
	fine(t, 1)(Body(s.cx, s.w, "runs"))
	s.ranTimes(`body("runs")`, 1)
	s.overtaken("reads later", 1)
	fine(t, 101)(Body(s.cx, s.w, "reads later"))
	s.ranTimes(`body("reads later")`, 1)
}

// TestOwnDeadline: promise 9. A read that gave up by a deadline of the body is
// returned, and what the body makes of it is not remembered.
func TestOwnDeadline(t *testing.T) {
	s := newScene(t, query.Options{})
	started := make(chan bool, 1)
	release := make(chan bool)
	s.Body("slow", func(*query.Context) (int, error) {
		started <- true
		<-release
		return 3, nil
	})
	s.swallowing("impatient", func(cx *query.Context) (int, error) {
		ctx, cancel := context.WithTimeout(cx, 20*time.Millisecond)
		defer cancel()
		own, ok := query.From(ctx)
		if !ok {
			t.Error("there is no Context in the derived one")
		}
		_, err := Body(own, s.w, "slow")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the read ended in %v", err)
		}
		return 0, err
	})
	// Another request runs the slow node; the impatient one gives up.
	slow := make(chan int)
	go func() {
		v, _ := Body(s.cx, s.w, "slow")
		slow <- v
	}()
	<-started
	soon(t, func() { fine(t, -1)(Body(s.cx, s.w, "impatient")) })
	soon(t, func() { fine(t, -1)(Body(s.cx, s.w, "impatient")) })
	s.ranTimes(`body("impatient")`, 2)
	close(release)
	equal(t, <-slow, 3)
	s.ranTimes(`body("slow")`, 1)
}

// TestTransient: promise 7.
func TestTransient(t *testing.T) {
	s := newScene(t, query.Options{})
	fails := map[string]error{
		"transient":            query.Transient(errWhy),
		"wrapped":              errors.Join(errors.New("beside"), query.Transient(errWhy)),
		"an operation's end":   context.DeadlineExceeded,
		"to be remembered":     errWhy,
		"nil is no error, too": query.Transient(nil),
	}
	for name, fail := range fails {
		s.Body(name, func(*query.Context) (int, error) { return 1, fail })
		s.Body("above "+name, func(cx *query.Context) (int, error) { return Body(cx, s.w, name) })
		for range 3 {
			_, err := Body(s.cx, s.w, "above "+name)
			equal(t, errors.Is(err, fail), true)
		}
	}
	for name, want := range map[string]int{"transient": 3, "wrapped": 3, "an operation's end": 3, "to be remembered": 1, "nil is no error, too": 1} {
		s.ranTimes(`body("`+name+`")`, want)
	}
	// Within a request it is the outcome.
	s.took()
	s.db.Run(t.Context(), func(cx *query.Context) error {
		for range 3 {
			if _, err := Body(cx, s.w, "transient"); !errors.Is(err, errWhy) {
				t.Errorf("got %v", err)
			}
		}
		return nil
	})
	s.ran(`body("transient")`)
}

// TestClose ends what runs.
func TestClose(t *testing.T) {
	s := newScene(t, query.Options{})
	started := s.stuck("stuck")
	ended := make(chan error)
	go func() {
		_, err := Body(s.cx, s.w, "stuck")
		ended <- err
	}()
	<-started
	soon(t, func() {
		equal(t, s.db.Close(), nil)
		equal(t, <-ended, query.ErrClosed)
	})
	equal(t, s.db.Close(), nil)
	_, err := A(s.cx)
	equal(t, err, query.ErrClosed)
	equal(t, s.db.Update(func(*query.Tx) error { return nil }), query.ErrClosed)
	equal(t, s.db.Run(t.Context(), func(*query.Context) error { return nil }), query.ErrClosed)
	equal(t, thrown(func() { In(s.cx, 0) }), any(query.ErrClosed))
}
