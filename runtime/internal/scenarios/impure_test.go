package scenarios

import (
	"fmt"
	"testing"

	query "querygen.dev/runtime"
)

func TestIQT03Random(t *testing.T) {
	for _, calls := range []int{2, 5} {
		t.Run(fmt.Sprint(calls), func(t *testing.T) {
			s := newScene(t, query.Options{})
			s.Sequence("random", []int{11, 22, 33, 44, 55}[:calls]...)
			for i := range calls {
				equal(t, Dep(s.cx, s.w), 11*(i+1))
			}
			s.ranTimes("dep()", calls)
			s.ranTimes(`always("random")`, calls)
		})
	}
}

func TestIQT04Sign(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("v", 1000, 2000, -1)
	equal(t, Outer(s.cx, s.w), "positive")
	s.ran("outer()", "sign()", `always("v")`)
	equal(t, Outer(s.cx, s.w), "positive")
	s.ran(`always("v")`, "sign()")
	equal(t, Outer(s.cx, s.w), "not positive")
	s.ran(`always("v")`, "sign()", "outer()")
}

func TestIQT05Generations(t *testing.T) { testGenerations(t, 2) }
func TestIQT06Generations(t *testing.T) { testGenerations(t, 3) }

// testGenerations is TestIQT04Sign with generations between.
func testGenerations(t *testing.T, generations int) {
	s := newScene(t, query.Options{})
	s.Sequence("v", []int{1000, 2000, 3000}[:generations]...)
	for i := range generations {
		if i > 0 {
			s.db.NextGeneration()
		}
		for range 3 {
			equal(t, OuterOf(s.cx, s.w), "positive")
		}
	}
	s.ranTimes(`generation("v")`, generations)
	s.ranTimes("signOf()", generations)
	s.ranTimes("outerOf()", 1)
}

func TestIQT08Conditional(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("flag", 1, 0)
	equal(t, Cond(s.cx, s.w, 1), 1)
	s.ran("cond(1)", "flag()", "one()")
	s.db.NextGeneration()
	for range 3 {
		equal(t, Cond(s.cx, s.w, 1), 2)
	}
	s.ran("flag()", "cond(1)", "two(1)")
}

func TestIQT09RecordedReads(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("flag", 1, 0)
	reads := func() (calls []string) {
		for _, n := range query.Inspect(s.db, CondTask(s.w, 1)).Reads {
			calls = append(calls, s.call(n))
		}
		return calls
	}
	equal(t, Cond(s.cx, s.w, 1), 1)
	equal(t, fmt.Sprint(reads()), "[flag() one()]")
	s.db.NextGeneration()
	for range 3 {
		equal(t, Cond(s.cx, s.w, 1), 2)
	}
	equal(t, fmt.Sprint(reads()), "[flag() two(1)]")
}

func TestIQT17ImpureAndPure(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("first", 1, 2, 2, 2)
	s.Sequence("last", 1, 2, 2, 2)
	s.set(0, 0)
	demand := func(want int) {
		t.Helper()
		equal(t, ImpureFirst(s.cx, s.w), want)
		equal(t, PureFirst(s.cx, s.w), want)
	}
	demand(1)
	s.ran("impureFirst()", `always("first")`, "pureFirst()", `always("last")`)
	demand(2)
	s.ran(`always("first")`, "impureFirst()", `always("last")`, "pureFirst()")
	demand(2)
	s.ran(`always("first")`, `always("last")`)
	s.set(0, 10)
	demand(12)
	s.ran(`always("first")`, "impureFirst()", "pureFirst()", `always("last")`)
}

func TestAThousandReadersOfOneAlways(t *testing.T) {
	const readers = 1000
	s := newScene(t, query.Options{})
	s.Sequence("many", 1, 2)
	keys := make([]int, readers)
	for i := range keys {
		keys[i] = i
	}
	for round := 1; round <= 2; round++ {
		values, err := query.Map(s.cx, keys, func(cx *query.Context, i int) (int, error) {
			return OneOfMany(cx, s.w, i), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			equal(t, v, round*10_000+i)
		}
		s.ranTimes(`always("many")`, 1)
		equal(t, len(s.took()), readers+1)
	}
}

func TestMKT03Parity(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("src", 2, 4, 5)
	equal(t, Label(s.cx, s.w), "even")
	s.ran("label()", "parity()", `always("src")`)
	equal(t, Label(s.cx, s.w), "even")
	s.ran(`always("src")`, "parity()")
	equal(t, Label(s.cx, s.w), "odd")
	s.ran(`always("src")`, "parity()", "label()")
}

// TestAlwaysOnceInARequest: promise 5, whatever the order of the calls.
func TestAlwaysOnceInARequest(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("v", 1, 2)
	for want := 1; want <= 2; want++ {
		err := s.db.Run(t.Context(), func(cx *query.Context) error {
			equal(t, Always(cx, s.w, "v"), want)
			equal(t, Sign(cx, s.w), true)
			equal(t, Outer(cx, s.w), "positive")
			equal(t, Always(cx, s.w, "v"), want)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.ranTimes(`always("v")`, 2)
	s.ranTimes("outer()", 1)
}

// TestGenerationAndInput: promise 5, a generation query runs again within the
// generation if something it has read has changed.
func TestGenerationAndInput(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("looking", 1, 1, 1, 5)
	s.set(0, 0)
	equal(t, Looking(s.cx, s.w), 1)
	s.set(0, 10)
	equal(t, Looking(s.cx, s.w), 11)
	equal(t, Looking(s.cx, s.w), 11)
	s.ran("looking()", "looking()")
	s.update(func(tx *query.Tx) { RefreshLooking(tx, s.w) })
	equal(t, Looking(s.cx, s.w), 11)
	s.ran("looking()")
	// A generation and a set in one update are one revision and one run.
	before := s.db.Revision()
	s.update(func(tx *query.Tx) {
		tx.NextGeneration()
		SetIn(tx, 0, 20)
	})
	equal(t, s.db.Revision(), before+1)
	equal(t, Looking(s.cx, s.w), 25)
	s.ran("looking()")
}

// TestRefreshOne: a refresh makes its node run and no other.
func TestRefreshOne(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Sequence("a", 1, 2)
	s.Sequence("b", 1)
	sum := func() int { return Generation(s.cx, s.w, "a") + Generation(s.cx, s.w, "b") }
	equal(t, sum(), 2)
	s.took()
	s.update(func(tx *query.Tx) { RefreshGeneration(tx, s.w, "a") })
	equal(t, sum(), 3)
	s.ran(`generation("a")`)
}
