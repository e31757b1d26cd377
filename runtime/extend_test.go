package runtime_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	query "querygen.dev/runtime"
)

// What random programs learned to do after the first of them were remembered in
// the corpus is added to a program that has been drawn, from a source of its
// own: so the old seeds keep their meaning.

// extend makes some queries limited, and lets some emit and collect. It returns
// the source of what else is new, or nil if the program stays as it is.
func (p *program) extend(seed uint64) *rand.Rand {
	if slices.Contains(corpus, seed) {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, 3))
	limits, emits, collects := r.IntN(2) == 0, r.IntN(3) > 0, r.IntN(2) == 0
	for i := range p.nodes {
		n := &p.nodes[i]
		if limits && n.flavour == pureFails && r.IntN(2) == 0 {
			n.flavour = []flavour{limitedOnce, limitedTwice}[r.IntN(2)]
		}
		for emits && r.IntN(3) == 0 {
			s := progStep{kind: []stepKind{emitNote, emitNote, emitIf, emitMark}[r.IntN(4)], arg: r.IntN(3)}
			n.steps = slices.Insert(n.steps, r.IntN(len(n.steps)+1), s)
		}
		if collects && i > 0 && r.IntN(4) == 0 {
			s := progStep{kind: collectStep, child: r.IntN(i)}
			n.steps = slices.Insert(n.steps, r.IntN(len(n.steps)+1), s)
		}
		for k := range n.steps {
			if n.steps[k].kind == readMap && emits && r.IntN(2) == 0 {
				n.steps[k].kind = emitMap
			}
		}
	}
	if *diffTrace {
		for i, n := range p.nodes {
			fmt.Printf("%d: flavour %d %+v\n", i, n.flavour, n.steps)
		}
	}
	return r
}

// budgetOf makes half of the programs forget values all the time, or now and then.
// It has a source of its own, too.
func budgetOf(seed uint64) int64 {
	r := rand.New(rand.NewPCG(seed, 6))
	if slices.Contains(corpus, seed) || slices.Contains(fixpointCorpus, seed) || r.IntN(2) == 0 {
		return 0
	}
	return 1 + int64(r.IntN(600))
}

// patienceOf lets garbage go at once in half of the programs, so that they meet it.
func patienceOf(seed uint64) uint64 {
	r := rand.New(rand.NewPCG(seed, 9))
	return []uint64{1, 1, 2, 16}[r.IntN(4)]
}

// runsAhead says whether nodes of a program may run before it is certain that they
// have to. Those runs come on top of what promise 2 allows.
func runsAhead(seed uint64) bool { return seed&8 != 0 }

// newDB makes the database of a program.
func newDB(seed uint64, opts query.Options) *query.DB {
	opts.NoRunAhead = !runsAhead(seed)
	db := query.New(opts)
	query.SetPatience(db, patienceOf(seed))
	return db
}

// remakes counts the runs of nodes that only made a dropped value again. Those come
// on top of what promise 2 allows.
type remakes struct {
	mu   sync.Mutex
	all  int64
	once map[int]int // by node, since it was cleared
}

// counted adds the counter to options, and the budget of a seed.
func (m *remakes) counted(opts query.Options, seed uint64) query.Options {
	tell := opts.OnEvent
	opts.MemoryBudget = budgetOf(seed)
	if opts.MemoryBudget == 0 {
		return opts
	}
	opts.OnEvent = func(e query.Event) {
		if tell != nil {
			tell(e)
		}
		if e.Kind == query.Again {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.all++
			m.once[e.Key.(progKey).Node]++
		}
	}
	return opts
}

func (m *remakes) count() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all
}

// A note is what programs emit; it is not comparable by ==.
type note struct {
	Node, V int
	Tags    []string
}

// A mark is emitted too, and must not be mistaken for a note.
type mark int

// runExtra runs a step that extend has added.
func (p *program) runExtra(n int, s progStep, acc int, e env) int {
	switch s.kind {
	case emitNote:
		e.emit(note{Node: n, V: acc % (2 + s.arg)})
	case emitIf:
		if acc%2 == 0 {
			e.emit(note{Node: n, V: s.arg, Tags: []string{"even"}})
		}
	case emitMark:
		e.emit(mark(acc))
	case emitMap:
		vs, errs := e.readAll(s.children, true)
		for i := range vs {
			if errs[i] != nil {
				vs[i] = absorb(errs[i])
			}
			acc = mix(acc, vs[i])
		}
	case collectStep:
		h := fnv.New32a()
		h.Write([]byte(e.collect(s.child)))
		acc = mix(acc, int(h.Sum32()%modulus))
	}
	return acc
}

// computing returns what counts the bodies of the node's query that compute, if
// that is limited.
func (p *program) computing(n int) func(int64) {
	f := p.nodes[n].flavour
	limit := map[flavour]int64{limitedOnce: 1, limitedTwice: 2}[f]
	if !p.limited || limit == 0 {
		return func(int64) {}
	}
	return func(by int64) {
		if p.busy[f].Add(by) > limit {
			p.exceeded.Store(true)
		}
		if by > 0 { // let others exceed it
			time.Sleep(time.Microsecond)
		}
	}
}

func (e *engineEnv) emit(v any) {
	switch v := v.(type) {
	case note:
		query.Emit(e.cx, v)
	case mark:
		query.Emit(e.cx, v)
	}
}

func (e *engineEnv) collect(child int) string {
	i := e.begin(child)
	compute := e.p.computing(e.node)
	compute(-1)
	defer compute(1)
	list, err := e.p.collect(e.cx, child)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.run.reads[i].seen, e.run.reads[i].collected = collected(list, err), true
	return e.run.reads[i].seen
}

// collect collects below a node.
func (p *program) collect(cx *query.Context, n int) ([]note, error) {
	k := progKey{p.id, n}
	if q := p.queryOf(n); q != nil {
		return query.Collect[note](cx, q.Task(k))
	}
	return query.Collect[note](cx, progParity.Task(k))
}

// collectText collects from outside, and writes that as the oracle does.
func (p *program) collectText(cx *query.Context, n int) (text string, err error) {
	defer func() {
		if v, ok := recover().(*query.PanicError); ok {
			text, err = fmt.Sprint("panic ", v.Value), v
		}
	}()
	list, err := p.collect(cx, n)
	return collected(list, err), err
}

// collected writes what was collected. What comes with the reader's own cycle, or
// with the end of its request, does not matter.
func collected(list []note, err error) string {
	var b strings.Builder
	for _, n := range list {
		fmt.Fprintf(&b, "%d:%d%v ", n.Node, n.V, n.Tags)
	}
	return b.String() + outcomeString(0, err)
}

// traced is a read or an emission of the oracle.
type traced struct {
	child int
	value any // nil: a read
}

func (o *oracle) emit(v any) {
	f := o.top()
	f.trace = append(f.trace, traced{value: v})
}

func (o *oracle) collect(child int) string {
	f := o.top()
	if f.cycle != "" {
		return collected(nil, canonicalError(f.cycle))
	}
	f.reads = append(f.reads, child)
	f.trace = append(f.trace, traced{child: child})
	out := o.demand(child)
	if f.spare != nil {
		panic(oracleStop{f})
	}
	switch {
	case out.panic != "":
		panic(oraclePanic(out.panic))
	case f.cycle != "":
		return collected(nil, canonicalError(f.cycle))
	}
	list := o.notes(child)
	if f.spare != nil {
		panic(oracleStop{f})
	}
	return collected(list, out.err)
}

// collectText is collect for a root.
func (o *oracle) collectText(n int) string {
	if out := o.demand(n); out.panic != "" {
		return "panic " + out.panic
	}
	return collected(o.notes(n), o.demand(n).err)
}

// notes follows the traces down from a node.
func (o *oracle) notes(root int) []note {
	var list []note
	met := map[int]bool{}
	var follow func(n int)
	follow = func(n int) {
		out := o.demand(n)
		if met[n] || out.cycle || out.panic != "" {
			return
		}
		met[n] = true
		for _, t := range out.trace {
			if v, ok := t.value.(note); ok {
				list = append(list, v)
			} else if t.value == nil {
				follow(t.child)
			}
		}
	}
	follow(root)
	return list
}

// collect makes one request that collects, and checks it.
func (x *tester) collect(o *oracle) {
	n := x.extra.IntN(len(x.p.nodes))
	got, _ := x.p.collectText(x.db.Context(context.Background()), n)
	if want := o.collectText(n); got != want {
		x.t.Errorf("seed %d: collected below node %d: %s\nfrom scratch: %s", x.seed, n, got, want)
	}
	x.checkRuns(o, []int{n})
	if err := query.CheckInvariants(x.db); err != nil {
		x.t.Errorf("seed %d: %v", x.seed, err)
	}
	if x.extra.IntN(2) == 0 { // again: nothing has changed
		return
	}
	impure := slices.ContainsFunc(slices.Collect(maps.Keys(o.reached([]int{n}))), func(n int) bool {
		return x.p.nodes[n].flavour == always || x.fleeting(o, n)
	})
	x.p.log = nil
	x.clock++
	clear(x.again.once)
	x.collected()
	gone := false
	for _, m := range x.state {
		gone = gone || m.free
	}
	again, _ := x.p.collectText(x.db.Context(context.Background()), n)
	if again != got || len(x.p.log) > len(x.again.once) && !impure && !gone {
		x.t.Errorf("seed %d: collected again below node %d: %s, %d runs", x.seed, n, again, len(x.p.log))
	}
	x.checkRuns(o, []int{n})
}

// touchedBelow reports whether anything below the child of a collecting read has
// run or was set since.
func (x *tester) touchedBelow(o *oracle, read progRead) bool {
	for n := range o.reached([]int{read.child}) {
		ran := slices.ContainsFunc(x.p.log, func(run *progRun) bool { return run.node == n })
		if ran || x.state[n].touched > read.version {
			return true
		}
	}
	return false
}

var (
	progOnce  = defineProgLimited("once", 1)
	progTwice = defineProgLimited("twice", 2)
)

func defineProgLimited(name string, limit int) *query.Query[progKey, int] {
	q := query.Define[progKey, int](query.Definition{
		Name: "querygen.dev/runtime_test." + name, Kind: query.KindPure, Params: 1, Fails: true, Limit: limit,
	})
	q.Bind(nil, runProg)
	return q
}

// queryOf returns the query of a node, nil for the one with a type of its own.
func (p *program) queryOf(n int) *query.Query[progKey, int] {
	return map[flavour]*query.Query[progKey, int]{
		pureFails: progFails, pureValue: progValue, pureNever: progNever, generation: progGen, always: progAlways,
		inputValue: progInput, limitedOnce: progOnce, limitedTwice: progTwice, pureFallback: progSpare,
	}[p.nodes[n].flavour]
}
