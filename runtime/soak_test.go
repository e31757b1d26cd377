package runtime_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

var (
	soakFor        = flag.Duration("soak", time.Second, "how long TestSoak runs")
	soakGoroutines = flag.Int("soak.goroutines", 16, "how many goroutines demand in TestSoak")
	soakSeed       = flag.Uint64("soak.seed", 0, "what TestSoak draws its programs from; 0: the time")
)

// A soak is one database that goroutines demand from in all ways, while others
// change what its programs read. Programs are replaced by new ones from time to
// time.
type soak struct {
	t    *testing.T
	seed uint64
	db   *query.DB
	end  time.Time
	ids  atomic.Uint64

	begins []atomic.Uint64 // by goroutine: the revision at the begin of its demand; 0: it has none

	answers, updates, generations, givenUp, superseded, replaced atomic.Uint64

	mu       sync.Mutex
	programs []*soaked
	retired  []*soaked // may still be demanded from by those who have picked them
}

// A soaked is a program and what an evaluation from scratch says of it since some
// revisions.
type soaked struct {
	p     *program
	extra bool         // it may be collected
	users atomic.Int64 // of those who have picked it
	mu    sync.Mutex
	since []datedOracle // guarded by mu; the last one holds now
}

type datedOracle struct {
	rev uint64
	o   *oracle
}

// TestSoak wants every answer to be that of an evaluation from scratch of a
// revision between its begin and its end, and no goroutine to be left at the end.
// The heap must not grow, though programs come and go.
func TestSoak(t *testing.T) {
	before := goruntime.NumGoroutine()
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	x := &soak{
		t: t, seed: seed, db: query.New(verified(t, seed, query.Options{Parallelism: 4, MemoryBudget: 64 << 10})),
		end: time.Now().Add(*soakFor), begins: make([]atomic.Uint64, *soakGoroutines),
	}
	for range 8 {
		x.programs = append(x.programs, x.program())
	}
	stop := make(chan struct{})
	go x.watch(stop)
	var wg sync.WaitGroup
	for i := range x.begins {
		wg.Go(func() { x.demands(i, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	for i := range 2 {
		wg.Go(func() { x.changes(rand.New(rand.NewPCG(seed, 1<<32+uint64(i)))) })
	}
	time.Sleep(*soakFor / 4)
	early, nodes := heap(), x.db.Stats().Nodes
	wg.Wait()
	close(stop)
	late := heap()
	t.Logf("heap %d KB and %d nodes after a quarter of the time, %d KB and %d nodes at the end", early>>10, nodes, late>>10, x.db.Stats().Nodes)
	if late > early+early/2+16<<20 {
		t.Errorf("the heap grows: %d bytes, later %d", early, late)
	}
	if err := query.CheckInvariants(x.db); err != nil {
		t.Error(err)
	}
	if err := x.db.Close(); err != nil {
		t.Error(err)
	}
	for _, s := range append(x.programs, x.retired...) {
		programs.Delete(s.p.id)
	}
	t.Logf("seed %d, %d goroutines, %v: %d answers, %d updates, %d generations, %d given up, %d superseded, %d programs replaced; %+v",
		seed, *soakGoroutines, *soakFor, x.answers.Load(), x.updates.Load(), x.generations.Load(), x.givenUp.Load(),
		x.superseded.Load(), x.replaced.Load(), x.db.Stats())
	noGoroutines(t, before)
}

// noGoroutines fails the test if there are more goroutines than before, and waits
// a little for those that are ending.
func noGoroutines(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if goruntime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", goruntime.NumGoroutine(), before)
	dumpStacks(t)
}

// dumpStacks logs the stacks of all goroutines.
func dumpStacks(t *testing.T) {
	buf := make([]byte, 1<<20)
	t.Logf("%s", buf[:goruntime.Stack(buf, true)])
}

// watch ends the test if no demand has returned for a long time.
func (x *soak) watch(stop <-chan struct{}) {
	for last := ^uint64(0); ; {
		select {
		case <-stop:
			return
		case <-time.After(30 * time.Second):
		}
		now := x.answers.Load() + x.givenUp.Load() + x.superseded.Load()
		if now == last {
			buf := make([]byte, 1<<22)
			panic(fmt.Sprintf("TestSoak hangs with seed %d:\n%s", x.seed, buf[:goruntime.Stack(buf, true)]))
		}
		last = now
	}
}

// program draws a program.
func (x *soak) program() *soaked {
	seed := x.seed + x.ids.Add(1)
	r := rand.New(rand.NewPCG(seed, 6))
	f := featuresOf(r, seed)
	f.panics = f.panics && r.IntN(2) == 0
	p := newProgram(r, f)
	extra := p.extend(seed)
	p.yield = r.IntN(2) == 0
	for i := range p.live {
		p.live[i], p.world[i] = r.IntN(3), r.IntN(3)
	}
	return &soaked{p: p, extra: extra != nil, since: []datedOracle{{0, newOracle(p)}}}
}

func (x *soak) pick(r *rand.Rand) *soaked {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.programs[r.IntN(len(x.programs))]
	s.users.Add(1) // until it is done with
	return s
}

// changes updates until the time is over.
func (x *soak) changes(r *rand.Rand) {
	for time.Now().Before(x.end) && !x.t.Failed() {
		switch r.IntN(40) {
		case 0:
			x.db.NextGeneration()
			x.generations.Add(1)
		case 1:
			x.replace(r.IntN(len(x.programs)), x.program())
		default:
			s := x.pick(r)
			x.update(r, s)
			s.users.Add(-1)
		}
		time.Sleep(time.Duration(r.IntN(2000)) * time.Microsecond)
	}
}

// replace puts another program in the place of one whose inputs are unset. Those
// who have picked that go on with it for a while.
func (x *soak) replace(i int, s *soaked) {
	x.mu.Lock()
	old := x.programs[i]
	x.programs[i] = s
	x.retired = slices.DeleteFunc(append(x.retired, old), func(s *soaked) bool {
		unused := s != old && s.users.Load() == 0
		if unused {
			programs.Delete(s.p.id)
		}
		return unused
	})
	x.mu.Unlock()
	x.replaced.Add(1)
	x.change(old, func(tx *query.Tx) {
		for n := range old.p.set {
			progInput.Unset(tx, progKey{old.p.id, n})
		}
		clear(old.p.set)
	})
}

func (x *soak) update(r *rand.Rand, s *soaked) {
	x.change(s, func(tx *query.Tx) {
		for range 1 + r.IntN(3) {
			n := s.p.inputs[r.IntN(len(s.p.inputs))]
			k := progKey{s.p.id, n}
			if r.IntN(5) == 0 {
				progInput.Unset(tx, k)
				delete(s.p.set, n)
				continue
			}
			s.p.set[n] = r.IntN(4)
			progInput.Set(tx, k, s.p.set[n])
		}
		if r.IntN(20) == 0 {
			tx.NextGeneration()
			x.generations.Add(1)
		}
	})
}

// change updates inputs of one program.
func (x *soak) change(s *soaked, f func(tx *query.Tx)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := maps.Clone(s.p.set)
	err := x.db.Update(func(tx *query.Tx) error {
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		f(tx)
		return nil
	})
	if err != nil {
		x.t.Errorf("update: %v", err)
	}
	x.updates.Add(1)
	if maps.Equal(before, s.p.set) {
		return
	}
	// Others may have changed other programs since: the revision of this change is
	// this one or an older one, which is all that check needs.
	s.since = append(s.since, datedOracle{x.db.Revision(), newOracle(s.p)})
	s.prune(x.begun())
}

// begun is the oldest revision that a demand in progress has begun in.
func (x *soak) begun() uint64 {
	oldest := x.db.Revision()
	for i := range x.begins {
		if rev := x.begins[i].Load(); rev != 0 {
			oldest = min(oldest, rev)
		}
	}
	return oldest
}

// prune forgets what was over before a revision.
func (s *soaked) prune(rev uint64) {
	for len(s.since) > 1 && s.since[1].rev <= rev {
		s.since = s.since[1:]
	}
}

// demands demands until the time is over.
func (x *soak) demands(i int, r *rand.Rand) {
	for time.Now().Before(x.end) && !x.t.Failed() {
		s := x.pick(r)
		x.demand(i, r, s)
		s.users.Add(-1)
	}
}

func (x *soak) demand(i int, r *rand.Rand, s *soaked) {
	n := r.IntN(len(s.p.nodes))
	ctx := context.Background()
	if r.IntN(5) == 0 {
		limited, cancel := context.WithTimeoutCause(ctx, time.Duration(r.IntN(500))*time.Microsecond, errGivenUp)
		defer cancel()
		ctx = limited
	}
	x.begins[i].Store(1) // before it is known, lest prune comes in between
	from := x.db.Revision()
	x.begins[i].Store(from)
	defer x.begins[i].Store(0)
	ask := func(cx *query.Context) (int, error) { return s.p.demand(cx, n) }
	var out, boom string
	collected := false
	switch kind := r.IntN(8); {
	case kind == 0 && s.extra:
		out, _ = s.p.collectText(x.db.Context(ctx), n)
		collected = true
	case kind == 1:
		out, boom = answerOf(func() (v int, err error) {
			err = x.db.Run(ctx, func(cx *query.Context) (err error) {
				v, err = ask(cx)
				return err
			})
			return v, err
		})
	case kind == 2:
		out, boom = answerOf(func() (int, error) {
			return query.Do(ctx, x.db, func(cx *query.Context) (int, error) {
				vs, _ := query.Map(cx, []int{n, n}, s.p.demand)
				v, err := ask(cx)
				if err == nil && len(vs) > 0 && (vs[0] != v || vs[1] != v) {
					err = fmt.Errorf("node %d is %v and then %d in one request", n, vs, v)
				}
				return v, err
			})
		})
	case kind < 5:
		out, boom = answerOf(func() (int, error) { return ask(x.db.Context(ctx)) })
	default:
		out, boom = answerOf(func() (int, error) { return query.Do(ctx, x.db, ask) })
	}
	to := x.db.Revision()
	switch {
	case boom+out == outcomeString(0, errGivenUp):
		x.givenUp.Add(1)
		return
	case boom+out == outcomeString(0, query.ErrSuperseded):
		x.superseded.Add(1)
		return
	}
	x.answers.Add(1)
	s.check(x, n, from, to, boom+out, collected)
}

// check compares an answer with the evaluations of its time.
func (s *soaked) check(x *soak, n int, from, to uint64, got string, collected bool) {
	s.mu.Lock() // an update in progress says afterwards what it has changed
	defer s.mu.Unlock()
	var wants []string
	for i, d := range s.since {
		// It holds from a revision in (previous, d.rev] on, until before one in (d.rev, next].
		if i > 0 && s.since[i-1].rev >= to || i+1 < len(s.since) && s.since[i+1].rev <= from {
			continue
		}
		var want string
		if out := d.o.demand(n); collected {
			want = d.o.collectText(n)
		} else if want = out.String(); out.panic != "" {
			want = "panic " + out.panic
		}
		if want == got {
			return
		}
		wants = append(wants, want)
	}
	x.t.Errorf("soak seed %d: program %d, node %d is %s in revisions %d to %d, from scratch %v", x.seed, s.p.id, n, got, from, to, wants)
}
