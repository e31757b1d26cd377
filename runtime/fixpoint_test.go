package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// A lattice is a random system of equations over sets of bits: each node is the
// union of what it reads, masked, and which nodes it reads depends on what it
// has by then. That is monotone, so there is a least solution, whatever the
// order of evaluation.
type lattice struct {
	id    int
	nodes []latticeNode

	mu     sync.Mutex
	inputs map[int]uint16
	live   map[int]uint16 // read by always-nodes
	runs   atomic.Int64
	storm  bool // some nodes demand what they read side by side before
}

type latticeNode struct {
	kind  int
	own   uint16
	terms []latticeTerm
}

const (
	latticePlain = iota
	latticeMarked
	latticeInput
	latticeAlways
)

type latticeTerm struct {
	child  int
	need   uint16 // it is read if the value so far has one of these bits; 0: always
	unless uint16 // if not 0: it is read if the value so far has none of these bits, and is of no effect
	lazy   bool   // it is read unless the value so far has all that it could add
	mask   uint16
	shift  int
}

var (
	lattices    sync.Map
	latticePure = query.Define[progKey, uint16](query.Definition{Name: "t/lattice.plain", Kind: query.KindPure, Params: 1})
	latticeFix  = query.Define[progKey, uint16](query.Definition{Name: "t/lattice.marked", Kind: query.KindPure, Params: 1})
	latticeIn   = query.Define[progKey, uint16](query.Definition{Name: "t/lattice.input", Kind: query.KindInput, Params: 1})
	latticeNow  = query.Define[progKey, uint16](query.Definition{Name: "t/lattice.always", Kind: query.KindAlways, Params: 1})
)

func init() {
	for _, q := range []*query.Query[progKey, uint16]{latticePure, latticeFix, latticeIn, latticeNow} {
		q.Bind(nil, runLattice)
	}
	latticeFix.Fixpoint(func(*query.Context, progKey) (uint16, error) { return 0, nil })
}

func runLattice(cx *query.Context, k progKey) (uint16, error) {
	v, _ := lattices.Load(k.Program)
	l := v.(*lattice)
	if !query.Aside(cx) {
		l.runs.Add(1)
	}
	if l.storm && k.Node%2 == 0 {
		if err := l.ahead(cx, k.Node); err != nil {
			return 0, err
		}
	}
	return l.run(k.Node, func(child int) uint16 { return l.demand(cx, child) }), nil
}

func (l *lattice) demand(cx *query.Context, n int) uint16 {
	k := progKey{l.id, n}
	switch l.nodes[n].kind {
	case latticeMarked:
		return latticeFix.Value(cx, k)
	case latticeInput:
		return latticeIn.Value(cx, k)
	case latticeAlways:
		return latticeNow.Value(cx, k)
	}
	return latticePure.Value(cx, k)
}

func (l *lattice) run(n int, read func(int) uint16) uint16 {
	node := &l.nodes[n]
	acc := node.own
	if node.kind == latticeAlways {
		l.mu.Lock()
		acc |= l.live[n]
		l.mu.Unlock()
	}
	for _, t := range node.terms {
		if t.unless != 0 {
			if acc&t.unless == 0 {
				read(t.child)
			}
			continue
		}
		if t.lazy && acc&t.mask == t.mask {
			continue
		}
		if t.need == 0 || acc&t.need != 0 {
			acc |= bits.RotateLeft16(read(t.child)&t.mask, t.shift)
		}
	}
	return acc
}

// newLattice draws a system in which each cycle passes through a marked node.
func newLattice(r *rand.Rand) *lattice {
	l := &lattice{id: int(programIDs.Add(1)), inputs: map[int]uint16{}, live: map[int]uint16{}}
	count, always := 3+r.IntN(16), r.IntN(3) == 0
	for range count {
		n := latticeNode{kind: []int{latticePlain, latticeMarked, latticeMarked, latticeInput}[r.IntN(4)]}
		if always && r.IntN(6) == 0 {
			n.kind = latticeAlways
		}
		if r.IntN(3) == 0 {
			n.own = uint16(1) << r.IntN(16)
		}
		l.nodes = append(l.nodes, n)
	}
	for i := range l.nodes {
		l.addTerms(r, i)
	}
	lattices.Store(l.id, l)
	return l
}

func (l *lattice) addTerms(r *rand.Rand, i int) {
	for range r.IntN(5) {
		t := latticeTerm{child: r.IntN(len(l.nodes)), mask: uint16(r.Uint32()), shift: r.IntN(2)}
		marked := l.nodes[i].kind == latticeMarked || l.nodes[t.child].kind == latticeMarked
		if !marked && t.child >= i {
			continue
		}
		switch r.IntN(6) {
		case 0, 1:
			t.need = uint16(r.Uint32()) & uint16(r.Uint32()) & uint16(r.Uint32())
		case 2:
			t.unless = uint16(r.Uint32()) & uint16(r.Uint32())
		}
		l.nodes[i].terms = append(l.nodes[i].terms, t)
	}
}

// lazily lets some nodes stop to read when they have what they want. It has a source
// of its own, so seeds from before it keep their meaning.
func (l *lattice) lazily(seed uint64) *lattice {
	if slices.Contains(fixpointCorpus, seed) {
		return l
	}
	r := rand.New(rand.NewPCG(seed, 8))
	few := r.IntN(3) // bits, so that it is soon enough
	for i := range l.nodes {
		n := &l.nodes[i]
		if n.own != 0 && r.IntN(3) == 0 {
			n.own = 1 << few
		}
		for k := range n.terms {
			switch t := &n.terms[k]; {
			case t.unless != 0:
			case r.IntN(2) == 0:
				*t = latticeTerm{child: t.child, lazy: true, mask: 1 << r.IntN(few+1)}
			default:
				t.mask, t.shift, t.need = t.mask|1<<few, 0, t.need&^1
			}
		}
	}
	return l
}

// solve is the least solution, by the plainest means.
func (l *lattice) solve() []uint16 { return l.solveFor(l.inputs) }

func (l *lattice) solveFor(inputs map[int]uint16) []uint16 {
	values := make([]uint16, len(l.nodes))
	for changed := true; changed; {
		changed = false
		for n := range l.nodes {
			v, ok := inputs[n]
			if !ok {
				v = l.run(n, func(child int) uint16 { return values[child] })
			}
			changed = changed || v != values[n]
			values[n] = v
		}
	}
	return values
}

// edit commits a random update. If others demand at the same time, the outside
// world stays as it is.
func (l *lattice) edit(r *rand.Rand, db *query.DB, alone bool) error {
	return db.Update(func(tx *query.Tx) error {
		for range r.IntN(3) {
			n := r.IntN(len(l.nodes))
			switch k := (progKey{l.id, n}); {
			case l.nodes[n].kind == latticeAlways && !alone:
			case l.nodes[n].kind == latticeAlways:
				l.mu.Lock()
				l.live[n] = uint16(1) << r.IntN(16)
				l.mu.Unlock()
			case l.nodes[n].kind != latticeInput:
			case r.IntN(4) == 0:
				latticeIn.Unset(tx, k)
				delete(l.inputs, n)
			default:
				l.inputs[n] = uint16(r.Uint32()) & uint16(r.Uint32()) & uint16(r.Uint32())
				latticeIn.Set(tx, k, l.inputs[n])
			}
		}
		if r.IntN(5) == 0 {
			tx.NextGeneration()
		}
		return nil
	})
}

func (l *lattice) impure() bool {
	for n := range l.nodes {
		if l.nodes[n].kind == latticeAlways {
			return true
		}
	}
	return false
}

// fixpointCorpus holds the seeds of systems that found a bug, without lazy nodes.
var fixpointCorpus = []uint64{
	1795177673106891526, // an inner iteration took a head of the outer one along when it ended
	1795177411587337314, // a head that needed nothing of the iteration in the end was made to read it
}

// lazyCorpus holds others, with them.
var lazyCorpus = []uint64{
	1795189380708127447, // a head that had run on its own since was made to run when the driver did
	1795181256916668009, // a member ran again in the same round, and what it had read before was forgotten
}

// TestDifferentialFixpoint compares iterated queries with the least solution of
// random systems, after random edits, from one goroutine and from several.
func TestDifferentialFixpoint(t *testing.T) {
	forSeeds(t, slices.Concat(fixpointCorpus, lazyCorpus), func(t *testing.T, seed uint64) int {
		demands := runFixpoint(t, seed, rand.New(rand.NewPCG(seed, 4)))
		if t.Failed() {
			t.Errorf("repeat with -run %s -diff.seed %d", t.Name(), seed)
		}
		return demands
	})
}

// runFixpoint draws a system from r, and drives it.
func runFixpoint(t *testing.T, seed uint64, r *rand.Rand) int {
	l := newLattice(r).lazily(seed)
	defer lattices.Delete(l.id)
	if *diffTrace {
		for i, n := range l.nodes {
			fmt.Printf("%d: %+v\n", i, n)
		}
	}
	again := remakes{once: map[int]int{}}
	db := newDB(seed, again.counted(verified(t, seed, query.Options{Parallelism: 1 + r.IntN(3)}), seed))
	defer db.Close()
	defer watch(t, seed)()
	demands := 0
	for range 2 + r.IntN(12) {
		if err := l.edit(r, db, true); err != nil {
			t.Error(err)
		}
		want := l.solve()
		demands += l.ask(t, r, db, want, 1+r.IntN(3))
		before := l.runs.Load()
		if !l.impure() {
			gone := db.Stats().Collected
			l.peace(t, db, want)
			first := l.runs.Load() - again.count()
			l.peace(t, db, want)
			if more := l.runs.Load() - again.count() - first; more > 0 && gone == db.Stats().Collected {
				t.Errorf("seed %d: %d runs though nothing has changed (%d before)", seed, more, first-before)
			}
		}
		if err := query.CheckInvariants(db); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if t.Failed() {
			break
		}
	}
	return demands
}

// ask demands random nodes from goroutines.
func (l *lattice) ask(t *testing.T, r *rand.Rand, db *query.DB, want []uint16, goroutines int) int {
	var wg sync.WaitGroup
	for range goroutines {
		mine := rand.New(rand.NewPCG(r.Uint64(), 5))
		wg.Go(func() {
			for range 4 {
				l.one(t, db, mine.IntN(len(l.nodes)), want)
			}
		})
	}
	wg.Wait()
	return 4 * goroutines
}

func (l *lattice) peace(t *testing.T, db *query.DB, want []uint16) {
	for n := range l.nodes {
		l.one(t, db, n, want)
	}
}

func (l *lattice) one(t *testing.T, db *query.DB, n int, want []uint16) {
	got, err := query.Do(context.Background(), db, func(cx *query.Context) (uint16, error) { return l.demand(cx, n), nil })
	if err != nil || got != want[n] {
		t.Errorf("node %d is %04x, %v, the least solution %04x", n, got, err, want[n])
	}
}

// TestDifferentialFixpointTogether lets updates and cancellations come while
// systems are solved: each answer must be that of a revision between the
// demand's begin and its end.
func TestDifferentialFixpointTogether(t *testing.T) {
	forSeeds(t, nil, func(t *testing.T, seed uint64) int {
		r := rand.New(rand.NewPCG(seed, 6))
		l := newLattice(r).lazily(seed)
		defer lattices.Delete(l.id)
		db := newDB(seed, watched(query.Options{Parallelism: 1 + r.IntN(3)}))
		defer watch(t, seed)()
		x := &latticeTogether{t: t, l: l, db: db, solutions: [][]uint16{nil, l.solve()}}
		demands := x.all(r)
		l.peace(t, db, l.solve())
		if err := query.CheckInvariants(db); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Errorf("repeat with -run %s -diff.seed %d", t.Name(), seed)
		}
		return demands
	})
}

// latticeTogether drives one system from several goroutines.
type latticeTogether struct {
	t  *testing.T
	l  *lattice
	db *query.DB

	mu        sync.Mutex
	solutions [][]uint16 // by revision
}

func (x *latticeTogether) all(r *rand.Rand) (demands int) {
	var wg sync.WaitGroup
	for range 2 + r.IntN(2) {
		mine, count := rand.New(rand.NewPCG(r.Uint64(), 7)), 5+r.IntN(15)
		demands += count
		wg.Go(func() {
			for range count {
				x.demand(mine)
			}
		})
	}
	for range r.IntN(15) {
		x.update(r)
		if r.IntN(2) == 0 {
			time.Sleep(time.Duration(r.IntN(100)) * time.Microsecond)
		}
	}
	wg.Wait()
	return demands
}

func (x *latticeTogether) update(r *rand.Rand) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := x.db.Revision()
	if err := x.l.edit(r, x.db, false); err != nil {
		x.t.Error(err)
	}
	if x.db.Revision() > before {
		x.solutions = append(x.solutions, x.l.solve())
	}
}

func (x *latticeTogether) demand(r *rand.Rand) {
	n, ctx := r.IntN(len(x.l.nodes)), context.Background()
	if r.IntN(4) == 0 {
		limited, cancel := context.WithTimeoutCause(ctx, time.Duration(r.IntN(200))*time.Microsecond, errGivenUp)
		defer cancel()
		ctx = limited
	}
	from := x.db.Revision()
	got, err := query.Do(ctx, x.db, func(cx *query.Context) (uint16, error) { return x.l.demand(cx, n), nil })
	to := x.db.Revision()
	if errors.Is(err, errGivenUp) {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for rev := from; rev <= to && err == nil; rev++ {
		if x.solutions[rev][n] == got {
			return
		}
	}
	x.t.Errorf("node %d is %04x, %v in revisions %d to %d", n, got, err, from, to)
}
