package runtime_test

import (
	"fmt"
	"testing"

	query "querygen.dev/runtime"
)

// twoSides defines two chains of nodes, each above an input of its own. The node above
// an input has half of its value.
func twoSides(t *testing.T, db *query.DB) (left, right string) {
	side := func(input string) string {
		setHook(t, db, input, 2)
		return sideOf(t, input, 10)
	}
	left, right = side("l"), side("r")
	wantHook(t, db, hookQ, left, 1)
	wantHook(t, db, hookQ, right, 1)
	return left, right
}

// sideOf defines such a chain and returns its last node.
func sideOf(t *testing.T, input string, length int) string {
	last := hook(t, input+" halved", func(cx *query.Context) (int, error) { return hookIn.Value(cx, input) / 2, nil })
	for i := range length {
		below := last
		last = hook(t, fmt.Sprint(input, i), func(cx *query.Context) (int, error) { return hookQ.Get(cx, below) })
	}
	return last
}

// spent returns the bodies and the verifications that f has led to.
func spent(db *query.DB, f func()) (runs, verified uint64) {
	before := db.Stats()
	f()
	after := db.Stats()
	return after.Runs - before.Runs, after.Verified - before.Verified
}

// What changes aside of the demanded root is left as it is, and comes up when it is demanded.
func TestParked(t *testing.T) {
	db := query.New(query.Options{})
	left, right := twoSides(t, db)
	for x := range 20 {
		setHook(t, db, "r", x)
		if runs, verified := spent(db, func() { wantHook(t, db, hookQ, left, 1) }); runs+verified != 0 {
			t.Errorf("r = %d: %d runs, %d verified", x, runs, verified)
		}
		if n := query.Parked(db); n != 1 {
			t.Errorf("r = %d: %d nodes are parked", x, n)
		}
		setHook(t, db, "l", 3-x%2)
		if runs, verified := spent(db, func() { wantHook(t, db, hookQ, left, 1) }); runs != 1 || verified != 0 {
			t.Errorf("l was set beside r = %d: %d runs, %d verified", x, runs, verified)
		}
		if x%3 == 0 {
			wantHook(t, db, hookQ, right, x/2)
			wantHook(t, db, hookQ, left, 1)
		}
		if err := query.CheckInvariants(db); err != nil {
			t.Fatal(err)
		}
	}
	wantHook(t, db, hookQ, right, 9)
	if n := query.Parked(db); n != 0 {
		t.Errorf("%d nodes are parked", n)
	}
	idle(t, db)
}

// A value that is back when its side is demanded is cut off, whatever it was meanwhile.
func TestParkedComesBack(t *testing.T) {
	db := query.New(query.Options{})
	left, right := twoSides(t, db)
	setHook(t, db, "q", 2)
	both := hook(t, "both", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, right)
		return v + hookIn.Value(cx, "q"), err
	})
	wantHook(t, db, hookQ, both, 3)
	for x := range 5 {
		setHook(t, db, "r", 10*x)
		setHook(t, db, "q", 20*x)
		wantHook(t, db, hookQ, left, 1)
	}
	if n := query.Parked(db); n != 2 {
		t.Errorf("%d nodes are parked, want those above r and q", n)
	}
	setHook(t, db, "r", 2)
	wantHook(t, db, hookQ, left, 1)
	if runs, _ := spent(db, func() { wantHook(t, db, hookQ, right, 1) }); runs != 1 {
		t.Errorf("%d runs", runs)
	}
	wantHook(t, db, hookQ, both, 81)
	idle(t, db)
}

// A body below the root may come to read what lies above something that is parked. The
// root depends on that from then on.
func TestParkedIsRead(t *testing.T) {
	for _, direct := range []bool{false, true} {
		db := query.New(query.Options{})
		left, right := twoSides(t, db)
		setHook(t, db, "s", 0)
		choice := hook(t, "choice", func(cx *query.Context) (int, error) {
			if hookIn.Value(cx, "s") == 0 {
				return hookQ.Get(cx, left)
			}
			return hookQ.Get(cx, right)
		})
		root := choice
		if !direct {
			root = aboveIt(t, choice, 5)
		}
		wantHook(t, db, hookQ, root, 1)
		setHook(t, db, "r", 6)
		wantHook(t, db, hookQ, root, 1)
		setHook(t, db, "s", 1)
		wantHook(t, db, hookQ, root, 3)
		setHook(t, db, "r", 8)
		wantHook(t, db, hookQ, root, 4)
		setHook(t, db, "s", 0)
		setHook(t, db, "r", 10)
		wantHook(t, db, hookQ, root, 1)
		wantHook(t, db, hookQ, right, 5)
		idle(t, db)
	}
}

// A new node may have read both sides; then neither is aside of it.
func TestParkedBelowNewNode(t *testing.T) {
	db := query.New(query.Options{})
	left, right := twoSides(t, db)
	setHook(t, db, "r", 6)
	wantHook(t, db, hookQ, left, 1)
	sum := hook(t, "sum", func(cx *query.Context) (int, error) {
		a, err := hookQ.Get(cx, left)
		b, _ := hookQ.Get(cx, right)
		return a + b, err
	})
	wantHook(t, db, hookQ, sum, 4)
	for x := range 6 {
		setHook(t, db, "r", 4*x)
		wantHook(t, db, hookQ, left, 1)
		if x%2 == 0 {
			wantHook(t, db, hookQ, sum, 1+2*x)
		}
		setHook(t, db, "l", 3)
		wantHook(t, db, hookQ, sum, 1+2*x)
		setHook(t, db, "l", 2)
	}
	idle(t, db)
}

// Within one request, what was left aside for one root is brought up for the next.
func TestParkedInOneRequest(t *testing.T) {
	db := query.New(query.Options{})
	left, right := twoSides(t, db)
	for x := range 4 {
		setHook(t, db, "r", 2*x)
		err := db.Run(t.Context(), func(cx *query.Context) error {
			for range 3 {
				if v, err := hookQ.Get(cx, left); v != 1 || err != nil {
					t.Errorf("left is %d, %v", v, err)
				}
			}
			if v, err := hookQ.Get(cx, right); v != x || err != nil {
				t.Errorf("right is %d, %v, want %d", v, err, x)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	idle(t, db)
}

// While a body of one root runs beside what is parked, others may demand that, and an update
// may come.
func TestParkedMeanwhile(t *testing.T) {
	db := query.New(query.Options{})
	left, right := twoSides(t, db)
	started, release := make(chan bool, 1), make(chan bool)
	slow := hook(t, "slow", func(cx *query.Context) (int, error) {
		v, err := hookQ.Get(cx, left)
		started <- true
		<-release
		w, _ := hookQ.Get(cx, left)
		return v + w, err
	})
	setHook(t, db, "r", 6)
	wantHook(t, db, hookQ, left, 1)
	got := make(chan int)
	go func() {
		v, _ := hookQ.Get(db.Context(t.Context()), slow)
		got <- v
	}()
	<-started
	wantHook(t, db, hookQ, right, 3)
	setHook(t, db, "r", 8)
	wantHook(t, db, hookQ, left, 1)
	wantHook(t, db, hookQ, right, 4)
	close(release)
	if v := <-got; v != 2 {
		t.Errorf("slow is %d", v)
	}
	idle(t, db)
}

// Roots that are demanded in turn, each aside of what the others are above, cost no more and
// no more.
func TestParkedManyRoots(t *testing.T) {
	db := query.New(query.Options{})
	const sides = 12
	var tops []string
	for i := range sides {
		input := fmt.Sprintf("in%d-", i)
		setHook(t, db, input, 2)
		tops = append(tops, sideOf(t, input, 5))
		wantHook(t, db, hookQ, tops[i], 1)
	}
	for round := range 20 {
		for i := range sides {
			setHook(t, db, fmt.Sprintf("in%d-", i), 2*round+i)
			for k := range 2 * sides {
				want := round + k%sides/2
				switch {
				case k%sides > i && round == 0:
					want = 1
				case k%sides > i:
					want = (2*(round-1) + k%sides) / 2
				default:
					want = (2*round + k%sides) / 2
				}
				wantHook(t, db, hookQ, tops[k%sides], want)
			}
		}
		if err := query.CheckInvariants(db); err != nil {
			t.Fatal(err)
		}
	}
	idle(t, db)
}

// Hits of the root go without the lock while something is parked.
func TestParkedHits(t *testing.T) {
	db := query.New(query.Options{})
	left, _ := twoSides(t, db)
	setHook(t, db, "r", 6)
	wantHook(t, db, hookQ, left, 1)
	if query.Parked(db) != 1 || !query.CalmFor(db, hookQ.Task(left)) {
		t.Error("a hit of the root has to take the lock")
	}
	setHook(t, db, "r", 7)
	wantHook(t, db, hookQ, left, 1)
	if query.Parked(db) != 1 || !query.CalmFor(db, hookQ.Task(left)) {
		t.Error("a hit of the root has to take the lock after another edit")
	}
	idle(t, db)
}
