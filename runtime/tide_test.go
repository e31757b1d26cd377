package runtime_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// A tide is a layered graph of pure nodes whose reads depend on values, and whose
// values are small, so that changes are cut off everywhere: what waves are for.
type tide struct {
	id    int
	nodes []tideNode

	mu  sync.Mutex // guards what follows
	set []int      // by node, for inputs
	log []*tideRun
}

type tideNode struct {
	input bool
	slow  bool // not cheap enough to run ahead
	below int  // it reads nodes lower than that
	steps []int
	mod   int
}

// A tideRun is what a body has read.
type tideRun struct {
	node  int
	reads []int
	value int
	done  bool // else it was dropped

	versions []int // of the reads: see tideModel
}

// A tideModel is what promise 2 goes by: which nodes have had which outcomes, and
// what they had read.
type tideModel struct {
	version []int // by node: counts outcomes that differ from the one before
	last    map[int]*tideRun
}

type tideKey struct{ tide, node int }

var tides sync.Map // by id

var (
	tideInput = query.Define[tideKey, int](query.Definition{Name: "tide.input", Kind: query.KindInput, Params: 1})
	tideCheap = query.Define[tideKey, int](query.Definition{Name: "tide.cheap", Kind: query.KindPure, Params: 1})
	tideSlow  = query.Define[tideKey, int](query.Definition{Name: "tide.slow", Kind: query.KindPure, Params: 1})
)

func init() {
	tideInput.Bind(nil, func(*query.Context, tideKey) (int, error) { return 0, nil })
	tideCheap.Bind(nil, runTide)
	tideSlow.Bind(nil, func(cx *query.Context, k tideKey) (int, error) {
		time.Sleep(40 * time.Microsecond)
		return runTide(cx, k)
	})
}

func runTide(cx *query.Context, k tideKey) (int, error) {
	x, _ := tides.Load(k.tide)
	t := x.(*tide)
	run := &tideRun{node: k.node}
	t.mu.Lock()
	t.log = append(t.log, run)
	t.mu.Unlock()
	v := t.evaluate(k.node, func(n int) int {
		v := t.demand(cx, n)
		run.reads = append(run.reads, n)
		return v
	})
	run.value, run.done = v, true
	return v, nil
}

// evaluate is a body: each value says what is read next.
func (t *tide) evaluate(n int, read func(int) int) int {
	d := t.nodes[n]
	acc := n
	for _, s := range d.steps {
		switch {
		case s%5 == 0 && acc%3 == 0:
			continue
		case s%7 == 0 && acc%4 == 0:
			return acc % d.mod
		}
		at := s
		if s%3 == 0 {
			at += acc
		}
		acc = acc*31 + read(at%d.below)
	}
	return acc % d.mod
}

func (t *tide) demand(cx *query.Context, n int) int {
	q := tideCheap
	switch d := t.nodes[n]; {
	case d.input:
		q = tideInput
	case d.slow:
		q = tideSlow
	}
	return q.Value(cx, tideKey{t.id, n})
}

func newTide(r *rand.Rand) *tide {
	t := &tide{id: r.Int()}
	inputs, layers, width := 2+r.IntN(8), 1+r.IntN(8), 1+r.IntN(6)
	for range inputs {
		t.nodes = append(t.nodes, tideNode{input: true})
	}
	slow := r.IntN(4)
	for range layers {
		below := len(t.nodes)
		for range width {
			d := tideNode{below: below, mod: 2 + r.IntN(8), slow: r.IntN(10) < slow}
			for range 1 + r.IntN(4) {
				at := r.IntN(below)
				if r.IntN(4) > 0 { // mostly the layer below
					at = max(0, below-1-r.IntN(width+1))
				}
				d.steps = append(d.steps, at)
			}
			t.nodes = append(t.nodes, d)
		}
	}
	t.set = make([]int, len(t.nodes))
	tides.Store(t.id, t)
	return t
}

// scratch evaluates root from scratch, and returns the values of all it reaches.
func (t *tide) scratch(root int) map[int]int {
	memo := map[int]int{}
	var demand func(n int) int
	demand = func(n int) int {
		v, ok := memo[n]
		if !ok {
			if v = t.set[n]; !t.nodes[n].input {
				v = t.evaluate(n, demand)
			}
			memo[n] = v
		}
		return v
	}
	demand(root)
	return memo
}

// edit reports the inputs that are different now.
func (t *tide) edit(r *rand.Rand, db *query.DB) (changed []int, err error) {
	before := slices.Clone(t.set)
	err = db.Update(func(tx *query.Tx) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		for range 1 + r.IntN(1+r.IntN(3)) {
			n := r.IntN(len(t.nodes))
			for !t.nodes[n].input {
				n = r.IntN(n)
			}
			t.set[n] = r.IntN(6)
			tideInput.Set(tx, tideKey{t.id, n}, t.set[n])
		}
		return nil
	})
	for n, v := range t.set {
		if v != before[n] {
			changed = append(changed, n)
		}
	}
	return changed, err
}

// TestDifferentialWave edits graphs in which nearly everything is up to date. Each
// run must be owed to a change of what the node had read; and unless nodes may
// run ahead, the root must reach the node.
func TestDifferentialWave(t *testing.T) {
	forSeeds(t, nil, func(t *testing.T, seed uint64) int {
		r := rand.New(rand.NewPCG(seed, 11))
		d := newTide(r)
		defer tides.Delete(d.id)
		db := newDB(seed, query.Options{})
		defer watch(t, seed)()
		m := &tideModel{make([]int, len(d.nodes)), map[int]*tideRun{}}
		demands := 2 + r.IntN(40)
		top := len(d.nodes) - 1
		for range demands {
			changed, err := d.edit(r, db)
			if err != nil {
				t.Error(err)
			}
			for _, n := range changed {
				m.version[n]++
			}
			root := top
			if r.IntN(stays(seed)) == 0 {
				root = r.IntN(len(d.nodes))
			}
			d.check(t, db, seed, root, m)
			if r.IntN(4) == 0 {
				if err := query.CheckInvariants(db); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			if t.Failed() {
				t.Fatalf("repeat with -run %s -diff.seed %d", t.Name(), seed)
			}
		}
		db.Close()
		return demands
	})
}

// check demands a root.
func (t *tide) check(tt *testing.T, db *query.DB, seed uint64, root int, m *tideModel) {
	t.log = nil
	wasted := db.Stats().Wasted
	want := t.scratch(root)
	got, err := query.Do(context.Background(), db, func(cx *query.Context) (int, error) { return t.demand(cx, root), nil })
	if err != nil || got != want[root] {
		tt.Errorf("seed %d: node %d is %d, %v; from scratch %d", seed, root, got, err, want[root])
	}
	wasted = db.Stats().Wasted - wasted
	before := maps.Clone(m.last)
	m.learn(t.log)
	count := map[int]int{}
	for _, run := range t.log {
		count[run.node]++
		_, reached := want[run.node]
		if !reached && !runsAhead(seed) {
			tt.Errorf("seed %d: node %d ran, which from-scratch evaluation does not reach", seed, run.node)
		}
		if !reached && t.nodes[run.node].slow {
			tt.Errorf("seed %d: node %d ran ahead, though it is not cheap", seed, run.node)
		}
		if count[run.node] > 1 && (!runsAhead(seed) || wasted == 0) {
			tt.Errorf("seed %d: node %d ran %d times", seed, run.node, count[run.node])
		}
		if !m.owed(before[run.node]) {
			tt.Errorf("seed %d: node %d ran, though nothing that it has read is another: %v", seed, run.node, before[run.node])
		}
	}
}

// owed reports whether one of the reads of a run is another one now.
func (m *tideModel) owed(run *tideRun) bool {
	if run == nil {
		return true
	}
	for i, child := range run.reads {
		if m.version[child] != run.versions[i] {
			return true
		}
	}
	return false
}

// learn takes the runs of a demand in.
func (m *tideModel) learn(log []*tideRun) {
	for _, run := range log {
		if last := m.last[run.node]; run.done && (last == nil || last.value != run.value) {
			m.version[run.node]++
		}
	}
	for _, run := range log {
		if !run.done {
			continue
		}
		for _, child := range run.reads {
			run.versions = append(run.versions, m.version[child])
		}
		m.last[run.node] = run
	}
}

// TestDifferentialWaveTogether demands from several goroutines while updates come.
func TestDifferentialWaveTogether(t *testing.T) {
	forSeeds(t, nil, func(t *testing.T, seed uint64) int {
		r := rand.New(rand.NewPCG(seed, 12))
		d := newTide(r)
		defer tides.Delete(d.id)
		db := newDB(seed, watched(query.Options{Parallelism: 1 + r.IntN(3)}))
		defer watch(t, seed)()
		x := &tideTogether{t: t, d: d, db: db, answers: [][]int{nil, d.all()}}
		demands := x.run(r)
		if err := query.CheckInvariants(db); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		for n, want := range d.all() {
			got, err := query.Do(context.Background(), db, func(cx *query.Context) (int, error) { return d.demand(cx, n), nil })
			if err != nil || got != want {
				t.Errorf("seed %d: node %d is %d, %v; from scratch %d", seed, n, got, err, want)
			}
		}
		db.Close()
		if t.Failed() {
			t.Fatalf("repeat with -run %s -diff.seed %d", t.Name(), seed)
		}
		return demands
	})
}

func (t *tide) all() []int {
	values := make([]int, len(t.nodes))
	for n := range values {
		values[n] = t.scratch(n)[n]
	}
	return values
}

type tideTogether struct {
	t  *testing.T
	d  *tide
	db *query.DB

	mu      sync.Mutex
	answers [][]int // by revision
}

// stays says how many demands it takes on average until another root is demanded: in half of
// the programs much lies aside of the root, and is demanded next.
func stays(seed uint64) int {
	if seed&16 != 0 {
		return 2
	}
	return 8
}

func (x *tideTogether) run(r *rand.Rand) (demands int) {
	var wg sync.WaitGroup
	for range 1 + r.IntN(3) {
		mine, count := rand.New(rand.NewPCG(r.Uint64(), 13)), 5+r.IntN(15)
		demands += count
		wg.Go(func() {
			for range count {
				x.demand(mine)
			}
		})
	}
	for range r.IntN(20) {
		x.mu.Lock()
		before := x.db.Revision()
		if _, err := x.d.edit(r, x.db); err != nil {
			x.t.Error(err)
		}
		if x.db.Revision() > before {
			x.answers = append(x.answers, x.d.all())
		}
		x.mu.Unlock()
		time.Sleep(time.Duration(r.IntN(150)) * time.Microsecond)
	}
	wg.Wait()
	return demands
}

// demand demands one node or two, now and then given up.
func (x *tideTogether) demand(r *rand.Rand) {
	nodes := []int{len(x.d.nodes) - 1 - r.IntN(min(3, len(x.d.nodes)))}
	if r.IntN(3) == 0 {
		nodes = append(nodes, r.IntN(len(x.d.nodes)))
	}
	ctx := context.Background()
	if r.IntN(6) == 0 {
		limited, cancel := context.WithTimeoutCause(ctx, time.Duration(r.IntN(200))*time.Microsecond, errGivenUp)
		defer cancel()
		ctx = limited
	}
	side := r.IntN(2) == 0
	from := x.db.Revision()
	got, err := query.Do(ctx, x.db, func(cx *query.Context) ([]int, error) {
		if side {
			return query.Map(cx, nodes, func(cx *query.Context, n int) (int, error) { return x.d.demand(cx, n), nil })
		}
		var values []int
		for _, n := range nodes {
			values = append(values, x.d.demand(cx, n))
		}
		return values, nil
	})
	to := x.db.Revision()
	if err == errGivenUp {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for rev := from; rev <= to && err == nil; rev++ {
		right := true
		for i, n := range nodes {
			right = right && x.answers[rev][n] == got[i]
		}
		if right {
			return
		}
	}
	x.t.Errorf("nodes %v are %v, %v in revisions %d to %d", nodes, got, err, from, to)
}
