package runtime_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

var (
	diffFor   = flag.Duration("diff.for", 2*time.Second, "how long the differential tests run, each")
	diffTrace = flag.Bool("diff.trace", false, "print the program and what happens")
	diffSeed  = flag.Uint64("diff.seed", 0, "run the one program of the differential test with this seed")
)

// watched adds the flag -diff.trace to options.
func watched(opts query.Options) query.Options {
	if *diffTrace {
		opts.OnEvent = func(e query.Event) { fmt.Println(e.Revision, e.Kind, e.Key, e.Err, e.Cause.Key) }
	}
	return opts
}

// verified makes options verify all in one program of four, and a sample in
// another one.
func verified(t *testing.T, seed uint64, opts query.Options) query.Options {
	opts = watched(opts)
	if slices.Contains(corpus, seed) {
		return opts
	}
	opts.Verify = []query.VerifyMode{query.VerifyOff, query.VerifyAll, query.VerifyOff, query.VerifySample}[seed/2%4]
	next := opts.OnEvent
	opts.OnEvent = func(e query.Event) {
		if e.Kind == query.Violation {
			t.Errorf("seed %d: %v", seed, e.Err)
		}
		if next != nil {
			next(e)
		}
	}
	return opts
}

// corpus holds the seeds of programs that found a bug. They keep their meaning as
// long as the programs are drawn in the same way, so what is new is added to a
// program by extend, and not to these; or the bug is told as a test of its own.
var corpus = []uint64{
	1795162306813897216, // an input that was set while its body had lived with a panic
	1795167532260730872, // the model's own: a member of a cycle whose body returns a value
	1795161919556404746, // a Map with a failing branch before a panicking one
}

// laterCorpus holds seeds that need what extend adds.
var laterCorpus = []uint64{
	1795183758620027196, // an error of a cycle stayed that named a node whose number was another's by then
}

// TestDifferential compares the answers of random programs after random edits
// with from-scratch evaluation, and what ran with what promise 2 allows.
func TestDifferential(t *testing.T) {
	forSeeds(t, slices.Concat(corpus, laterCorpus), runSequential)
}

// forSeeds calls f with the seeds of a corpus, and then with others for the time that the flags say. A failure names
// its seed.
func forSeeds(t *testing.T, corpus []uint64, f func(t *testing.T, seed uint64) (demands int)) {
	if *diffSeed != 0 {
		f(t, *diffSeed)
		return
	}
	for _, seed := range corpus {
		f(t, seed)
	}
	seed := uint64(time.Now().UnixNano())
	start, programs, demands := time.Now(), 0, 0
	for ; time.Since(start) < *diffFor && !t.Failed(); programs++ {
		demands += f(t, seed+uint64(programs))
	}
	t.Logf("%d programs from seed %d, %d demands", programs, seed, demands)
}

// featuresOf makes each capability be missing from some programs.
func featuresOf(r *rand.Rand, seed uint64) features {
	bit := func() bool { return r.IntN(2) == 0 }
	f := features{cycles: bit(), maps: bit(), panics: r.IntN(4) == 0, transients: r.IntN(3) == 0, impure: bit()}
	f.rescues = f.cycles && seed%2 == 1 // not drawn: older seeds keep their meaning
	if f.cycles {
		f.maps = false // which cycle is found first then depends on the schedule
	}
	return f
}

// A tester drives one program through edits and demands.
type tester struct {
	t     *testing.T
	seed  uint64
	r     *rand.Rand
	p     *program
	db    *query.DB
	state map[int]*nodeModel
	gen   int

	damaged bool // the cache was; warnings are all right

	extra *rand.Rand // nil: the program is as it was drawn
	clock int        // counts requests
	again remakes
}

// A nodeModel is what the naive model of promise 2 knows of a node.
type nodeModel struct {
	ran     bool
	last    *progRun
	version int // counts outcomes that differ from the one before
	gen     int
	free    bool // may run whatever its reads say: refreshed, unset
	set     string
	rescued bool // on a cycle with cycle=, when last run
	touched int  // when it last ran, or was set
}

func runSequential(t *testing.T, seed uint64) int {
	demands := sequential(t, seed, rand.New(rand.NewPCG(seed, 1)))
	if t.Failed() {
		t.Errorf("repeat with -run %s -diff.seed %d", t.Name(), seed)
	}
	return demands
}

// sequential draws a program from r, and drives it.
func sequential(t *testing.T, seed uint64, r *rand.Rand) int {
	f := featuresOf(r, seed)
	p := newProgram(r, f)
	p.limited = !f.cycles // what ends in a cycle does without a place
	extra := p.extend(seed)
	defer programs.Delete(p.id)
	parallelism := 1 + r.IntN(2)
	if p.limited && extra != nil {
		parallelism += 2
	}
	x := &tester{t: t, seed: seed, r: r, p: p, state: map[int]*nodeModel{}, gen: 1, extra: extra}
	x.again.once = map[int]int{}
	db := newDB(seed, x.again.counted(verified(t, seed, query.Options{Parallelism: parallelism}), seed))
	defer db.Close()
	x.db = db
	for i := range p.nodes {
		x.state[i] = &nodeModel{}
	}
	defer watch(t, seed)()
	demands := 0
	for step := range 3 + r.IntN(30) {
		if step == 0 || r.IntN(4) > 0 {
			x.edit()
		}
		for range 1 + r.IntN(3) {
			x.request()
			demands++
			if p.exceeded.Load() {
				t.Errorf("seed %d: more bodies of a query compute than its limit allows", seed)
			}
			if t.Failed() {
				return demands
			}
		}
	}
	return demands
}

// edit commits a random update, which may be nothing.
func (x *tester) edit() {
	for i := range x.p.live {
		if x.r.IntN(6) == 0 {
			x.p.live[i] = x.r.IntN(3)
		}
	}
	err := x.db.Update(func(tx *query.Tx) error {
		for range x.r.IntN(4) {
			x.editOne(tx)
		}
		if x.r.IntN(4) == 0 {
			x.generation(tx)
		}
		return nil
	})
	if err != nil {
		x.t.Errorf("seed %d: update: %v", x.seed, err)
	}
}

func (x *tester) editOne(tx *query.Tx) {
	n := x.p.inputs[x.r.IntN(len(x.p.inputs))]
	k := progKey{x.p.id, n}
	switch v := x.r.IntN(4); {
	case x.r.IntN(5) == 0:
		progInput.Unset(tx, k)
		delete(x.p.set, n)
		x.state[n].free = true
	default:
		progInput.Set(tx, k, v)
		x.p.set[n] = v
	}
	if x.r.IntN(6) == 0 {
		n := x.r.IntN(len(x.p.nodes))
		if x.p.nodes[n].flavour == generation {
			progGen.Refresh(tx, progKey{x.p.id, n})
			x.state[n].free = true
			x.p.world[n] = x.r.IntN(3) // nobody else may see it before that run
		}
	}
}

func (x *tester) generation(tx *query.Tx) {
	x.gen++
	for i := range x.p.world {
		if x.r.IntN(3) == 0 {
			x.p.world[i] = x.r.IntN(3)
		}
	}
	tx.NextGeneration()
}

// request makes one request of one or several roots and checks all of it.
func (x *tester) request() {
	o := newOracle(x.p)
	x.clock++
	for n, m := range x.state { // inputs count as run when they are set
		set := ""
		if v, ok := o.set[n]; ok {
			set = fmt.Sprint(v)
		}
		if set != m.set {
			m.set, m.touched = set, x.clock
			m.version++
		}
	}
	x.p.log = nil
	clear(x.again.once)
	x.collected()
	if x.extra != nil && x.extra.IntN(3) == 0 {
		x.collect(o)
		return
	}
	roots := []int{x.r.IntN(len(x.p.nodes))}
	if x.r.IntN(2) == 0 {
		x.compare(o, roots[0], func() (int, error) { return x.p.demand(x.db.Context(context.Background()), roots[0]) })
	} else {
		roots = append(roots, x.r.IntN(len(x.p.nodes)), x.r.IntN(len(x.p.nodes)))
		x.several(o, roots)
	}
	x.checkRuns(o, roots)
	if err := query.CheckInvariants(x.db); err != nil {
		x.t.Errorf("seed %d: %v", x.seed, err)
	}
}

// collected takes it into the model that nodes have gone for good.
func (x *tester) collected() {
	there := query.Existing(x.db)
	for n, m := range x.state {
		m.free = m.free || m.ran && !there[progKey{x.p.id, n}]
	}
}

// several demands the roots in one Run. A panic ends it.
func (x *tester) several(o *oracle, roots []int) {
	err := x.db.Run(context.Background(), func(cx *query.Context) error {
		for _, n := range roots {
			x.compare(o, n, func() (int, error) { return x.p.demand(cx, n) })
		}
		return nil
	})
	if err != nil {
		x.t.Errorf("seed %d: Run: %v", x.seed, err)
	}
}

// compare compares one demand with the oracle.
func (x *tester) compare(o *oracle, n int, demand func() (int, error)) {
	want := o.demand(n)
	got, boom := answerOf(demand)
	wantText := want.String()
	if want.panic != "" {
		wantText = "panic " + want.panic
	}
	if boom != "" {
		got = boom
	}
	if got != wantText {
		x.t.Errorf("seed %d: node %d is %s, from scratch %s", x.seed, n, got, wantText)
	}
}

// answerOf writes what a demand ended in as the oracle does.
func answerOf(demand func() (int, error)) (out, boom string) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *query.PanicError:
			boom = fmt.Sprint("panic ", v.Value)
		case error:
			out = outcomeString(0, v)
		default:
			panic(v)
		}
	}()
	v, err := demand()
	if p, ok := errors.AsType[*query.PanicError](err); ok {
		return "", fmt.Sprint("panic ", p.Value)
	}
	return outcomeString(v, err), ""
}

// checkRuns compares what ran with the naive model of promise 2.
func (x *tester) checkRuns(o *oracle, roots []int) {
	reached := o.reached(roots)
	count := map[int]int{}
	for _, run := range x.p.log {
		count[run.node]++
		x.checkRun(o, reached, run, count[run.node])
	}
	for n := range o.rescued { // it may have its value without a run
		m, want := x.state[n], o.demand(n).String()
		m.rescued = true
		if m.last != nil && m.last.out != want {
			m.last.out = want
			m.version++
		}
	}
	for _, run := range x.p.log {
		x.settle(o, run)
	}
}

func (x *tester) checkRun(o *oracle, reached map[int]bool, run *progRun, nth int) {
	n, m := run.node, x.state[run.node]
	if !reached[n] && !runsAhead(x.seed) {
		x.t.Errorf("seed %d: node %d ran, which from-scratch evaluation does not reach", x.seed, n)
	}
	fleeting := x.fleeting(o, n)
	made := x.again.once[n] // for its value alone
	// Who collects below a node that falls back may have to wait for itself, by a
	// collector that the model does not know: it is dropped, and begins again.
	again := x.extra != nil && len(o.rescued) > 0
	spare := made
	if runsAhead(x.seed) {
		spare++ // one that met what was not up to date, and was dropped
	}
	if nth > 1+spare && !fleeting && !again {
		x.t.Errorf("seed %d: node %d ran %d times in one request", x.seed, n, nth)
	}
	kind := x.p.nodes[n].flavour
	switch {
	case made > 1:
		x.t.Errorf("seed %d: the value of node %d was made again %d times in one request", x.seed, n, made)
	case !m.ran, m.free, fleeting, kind == always, made > 0 && nth == 1,
		kind == generation && m.gen != x.gen:
		return
	}
	for _, read := range m.last.reads {
		if read.collected {
			if x.touchedBelow(o, read) {
				return
			}
			continue
		}
		child := x.state[read.child]
		if read.version != child.version || o.demand(read.child).String() != read.seen ||
			x.p.nodes[read.child].flavour == pureNever {
			return
		}
		if x.p.nodes[read.child].flavour == pureByEqual && budgetOf(x.seed) > 0 && (x.ranNow(read.child) || child.touched > m.touched) {
			return // it has no fingerprint: when its value is gone, each run is a change
		}
	}
	x.t.Errorf("seed %d: node %d ran, though nothing that it read has changed: %v", x.seed, n, m.last.reads)
}

func (x *tester) ranNow(n int) bool {
	return slices.ContainsFunc(x.p.log, func(run *progRun) bool { return run.node == n })
}

// fleeting tells the outcomes that are not remembered, and those who read them.
func (x *tester) fleeting(o *oracle, n int) bool {
	m := x.state[n]
	if m.last == nil || o.rescued[n] || m.rescued {
		return o.rescued[n] || m.rescued
	}
	outs := []string{m.last.out, o.demand(n).String()}
	for _, read := range m.last.reads {
		outs = append(outs, read.seen)
	}
	for _, c := range o.demand(n).reads {
		outs = append(outs, o.demand(c).String())
	}
	for _, s := range outs {
		if s == "panic" || s == "unwound" || strings.Contains(s, "trans ") || strings.Contains(s, "cycle ") {
			return true
		}
	}
	return false
}

// settle takes a run into the model.
func (x *tester) settle(o *oracle, run *progRun) {
	m := x.state[run.node]
	m.rescued = o.rescued[run.node]
	if want := o.demand(run.node).String(); m.rescued || strings.HasPrefix(want, "error cycle") {
		run.out = want // whatever the body made of it
	}
	if m.last == nil || m.last.out != run.out {
		m.version++
	}
	m.ran, m.last, m.free, m.gen, m.touched = true, run, false, x.gen, x.clock
	for i := range run.reads {
		run.reads[i].version = x.state[run.reads[i].child].version
		if run.reads[i].collected {
			run.reads[i].version = x.clock
		}
	}
}

// TestDifferentialTogether lets goroutines demand while updates go on: each
// answer must be that of a revision between the demand's begin and its end.
func TestDifferentialTogether(t *testing.T) {
	forSeeds(t, corpus, runTogether)
}

func runTogether(t *testing.T, seed uint64) int {
	r := rand.New(rand.NewPCG(seed, 2))
	f := featuresOf(r, seed)
	f.panics = f.panics && r.IntN(2) == 0
	p := newProgram(r, f)
	extra := p.extend(seed)
	defer programs.Delete(p.id)
	p.yield = r.IntN(2) == 0
	for i := range p.live {
		p.live[i], p.world[i] = r.IntN(3), r.IntN(3)
	}
	again := remakes{once: map[int]int{}}
	opts := again.counted(verified(t, seed, query.Options{Parallelism: 1 + r.IntN(3)}), seed)
	x := &together{t: t, seed: seed, p: p, extra: extra != nil, db: newDB(seed, opts)}
	x.oracles = append(x.oracles, nil, newOracle(p))
	stop := watch(t, seed)
	defer stop()
	demands := x.all(r)
	if err := query.CheckInvariants(x.db); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	if err := x.db.Close(); err != nil {
		t.Errorf("seed %d: Close: %v", seed, err)
	}
	if t.Failed() {
		t.Errorf("repeat with -run %s -diff.seed %d", t.Name(), seed)
	}
	return demands
}

// watch dumps all stacks if a program hangs.
func watch(t *testing.T, seed uint64) (stop func() bool) {
	return time.AfterFunc(30*time.Second, func() {
		buf := make([]byte, 1<<20)
		buf = buf[:goruntime.Stack(buf, true)]
		panic(fmt.Sprintf("%s hangs with seed %d:\n%s", t.Name(), seed, buf))
	}).Stop
}

var errGivenUp = errors.New("given up by the test")
