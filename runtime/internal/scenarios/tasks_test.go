package scenarios

import (
	"fmt"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

func TestMKT01Tasks(t *testing.T) {
	s := newScene(t, query.Options{})
	fine(t, 42)(MulAdd(s.cx, SixTask(), SixTask(), 6))
	s.ran("mulAdd(scenarios.six(), scenarios.six(), 6)", "six()")
	fine(t, 42)(MulAdd(s.cx, SixTask(), SixTask(), 6))
	fine(t, 6)(SixTask().Get(s.cx))
	s.ran()
	if SixTask() != SixTask() || InTask(1) != InTask(1) || InTask(1) == InTask(2) || InTask(1) == ChainTask(1) {
		t.Error("tasks are not compared by query and key")
	}
	if _, err := (query.Task[int]{}).Get(s.cx); err == nil {
		t.Error("the zero Task has a result")
	}
}

func TestMKT06Branches(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("a", func(cx *query.Context) (int, error) { return In(cx, 1), nil })
	s.Body("b", func(cx *query.Context) (int, error) { panic("b is demanded") })
	for v := range 3 {
		s.update(func(tx *query.Tx) {
			SetIn(tx, 1, v)
			SetIn(tx, 2, v)
		})
		fine(t, v)(Branch(s.cx, s.w))
	}
	s.ranTimes(`body("b")`, 0)
	s.set(0, 1)
	if _, ok := thrown(func() { Branch(s.cx, s.w) }).(*query.PanicError); !ok {
		t.Error("b was not demanded")
	}
	s.took()
	s.set(0, 0)
	fine(t, 2)(Branch(s.cx, s.w))
	s.ranTimes(`body("b")`, 0)
}

func TestMKT10OneRunForAll(t *testing.T) {
	s := newScene(t, query.Options{})
	start := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { equal(t, Slow(s.cx, 41), 42) })
	}
	all.Wait()
	s.ran("slow(41)")
	if d := time.Since(start); d > time.Second {
		t.Errorf("took %v", d)
	}
	// The same within one request.
	err := s.db.Run(t.Context(), func(cx *query.Context) error {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { equal(t, Slow(cx, 1), 2) })
		}
		all.Wait()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	s.ran("slow(1)")
}

func TestMKT13SharedRecursion(t *testing.T) {
	// recFrom returns the value of rec(i) and adds the keys below it.
	var recFrom func(i int, keys map[int]bool) int
	recFrom = func(i int, keys map[int]bool) int {
		keys[i] = true
		if i <= 0 {
			return 1
		}
		return recFrom(i/2-1, keys) + recFrom(i/3-1, keys)
	}
	for _, parallelism := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(parallelism), func(t *testing.T) {
			s := newScene(t, query.Options{Parallelism: parallelism})
			keys := map[int]bool{}
			side, front := recFrom(2345, keys), recFrom(3456, keys)
			var all sync.WaitGroup
			all.Go(func() { fine(t, side)(Rec(s.cx, 2345)) })
			fine(t, front)(Rec(s.cx, 3456))
			all.Wait()
			var want []string
			for k := range keys {
				want = append(want, fmt.Sprintf("rec(%d)", k))
			}
			s.ranSet(want...)
		})
	}
}
