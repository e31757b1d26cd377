package scenarios

import (
	"fmt"
	"math/rand/v2"
	"testing"

	query "querygen.dev/runtime"
)

func TestS1EarlyCutoff(t *testing.T) {
	s := newScene(t, query.Options{})
	steps := []struct {
		in, want int
		ran      []string
	}{
		{22, 22, []string{"fin(7)", "mid(7)"}},
		{23, 22, []string{"mid(7)"}},
		{23, 22, nil},
		{24, 24, []string{"mid(7)", "fin(7)"}},
	}
	for _, step := range steps {
		s.set(7, step.in)
		equal(t, Fin(s.cx, 7), step.want)
		s.ran(step.ran...)
		equal(t, Fin(s.cx, 7), step.want)
		s.ran()
	}
}

func TestS3SeparateReads(t *testing.T) {
	s := newScene(t, query.Options{})
	equal(t, Dx(s.cx), 1)
	equal(t, Dy(s.cx), -1)
	s.took()
	for i := range 5 {
		s.update(func(tx *query.Tx) { SetX(tx, 100+i) })
		equal(t, Dy(s.cx), -1)
		equal(t, Dx(s.cx), 101+i)
		s.ran("dx()")
	}
	s.update(func(tx *query.Tx) { SetY(tx, 1) })
	equal(t, Dx(s.cx), 105)
	equal(t, Dy(s.cx), 0)
	s.ran("dy()")
}

func TestS5EqNever(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(1, 5)
	equal(t, D(s.cx, 1), 5)
	s.ran("d(1)", "abs(1)")
	s.set(1, -5)
	equal(t, D(s.cx, 1), 5)
	s.ran("abs(1)", "d(1)")
	// The input is equal, so abs does not run, and what does not run is no change.
	s.set(1, -5)
	equal(t, D(s.cx, 1), 5)
	s.ran()
}

func TestS6Order(t *testing.T) {
	tests := []struct {
		name string
		sel  func(cx *query.Context, a, b, c int) int
		// What runs at first, and after the condition has changed.
		first, toC, toB []string
	}{{
		name: "over an input", sel: Sel,
		first: []string{"sel(0, 1, 2)", "f(1)"},
		toC:   []string{"sel(0, 1, 2)", "f(2)"},
		toB:   []string{"sel(0, 1, 2)", "f(1)"},
	}, {
		name: "over a derived flag", sel: SelDerived,
		first: []string{"selDerived(0, 1, 2)", "positive(0)", "f(1)"},
		toC:   []string{"positive(0)", "selDerived(0, 1, 2)", "f(2)"},
		toB:   []string{"positive(0)", "selDerived(0, 1, 2)", "f(1)"},
	}}
	for i := range 2 * len(tests) {
		test, noRunAhead := tests[i/2], i%2 == 1
		t.Run(fmt.Sprint(test.name, ", NoRunAhead ", noRunAhead), func(t *testing.T) {
			s := newScene(t, query.Options{NoRunAhead: noRunAhead})
			s.update(func(tx *query.Tx) {
				SetIn(tx, 0, 1)
				SetIn(tx, 1, 1)
				SetIn(tx, 2, 2)
			})
			equal(t, test.sel(s.cx, 0, 1, 2), 10)
			s.ran(test.first...)
			s.set(2, 7)
			equal(t, test.sel(s.cx, 0, 1, 2), 10)
			s.ran()
			s.update(func(tx *query.Tx) {
				SetIn(tx, 0, 0)
				SetIn(tx, 1, 100)
			})
			equal(t, test.sel(s.cx, 0, 1, 2), 70)
			s.ran(test.toC...)
			s.set(0, 1)
			equal(t, test.sel(s.cx, 0, 1, 2), 1000)
			s.ran(test.toB...)
		})
	}
}

func TestS7Diamond(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 1)
	equal(t, Top(s.cx), 11)
	s.ran("top()", "left()", "tenfold()", "right()")
	s.set(0, 2)
	equal(t, Top(s.cx), 21)
	s.ran("tenfold()", "left()", "right()", "top()")
	equal(t, s.db.Stats().Cutoffs, 1) // left is 0 again
	s.set(0, 2)
	equal(t, Top(s.cx), 21)
	s.ran()
	s.set(0, 50)
	s.set(0, 2)
	equal(t, Top(s.cx), 21)
	s.ran()
	s.set(0, 10)
	equal(t, Top(s.cx), 102)
	s.ran("tenfold()", "left()", "top()", "right()")
}

func TestIQT16TwoReaders(t *testing.T) {
	for _, readers := range []int{2, 100} {
		t.Run(fmt.Sprint(readers), func(t *testing.T) {
			s := newScene(t, query.Options{})
			order := rand.New(rand.NewPCG(1, uint64(readers)))
			for rev := range 20 {
				s.set(0, rev)
				want := []string{"shared()"}
				for _, i := range order.Perm(readers) {
					equal(t, Reader(s.cx, i), (rev+1)*1000+i)
					want = append(want, fmt.Sprintf("reader(%d)", i))
				}
				s.ranSet(want...)
			}
			// Once more, in the same order as in the revision before.
			for i := range readers {
				equal(t, Reader(s.cx, i), 20_000+i)
			}
			s.ran()
		})
	}
}

func TestIQT22EqualKeys(t *testing.T) {
	s := newScene(t, query.Options{})
	name := []byte("key")
	for range 3 {
		k := Key{Name: string(name), Parts: [2]float64{0.5, 1}, Task: InTask(len(name))}
		equal(t, Composite(s.cx, k), 3)
	}
	zero := 0.0
	equal(t, Composite(s.cx, Key{Parts: [2]float64{zero, -zero}}), 0)
	equal(t, Composite(s.cx, Key{}), 0)
	equal(t, len(s.took()), 2)
}
