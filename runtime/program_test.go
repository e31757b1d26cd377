package runtime_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	query "querygen.dev/runtime"
)

// A program is a random set of queries for the differential test. Node i is
// called by key; what it does is a list of steps that depend on values.
type program struct {
	id     int
	nodes  []progNode
	inputs []int // the nodes that are inputs

	mu    sync.Mutex // guards what follows
	set   map[int]int
	world []int // read by generation nodes; changes only with a generation
	live  []int // read by always nodes
	log   []*progRun
	yield bool // shake the schedule

	limited  bool             // count the bodies of limited queries
	busy     [16]atomic.Int64 // by flavour: bodies that compute
	exceeded atomic.Bool      // there were more than the limit
}

type flavour int

const (
	pureFails    flavour = iota // (int, error)
	pureValue                   // int
	pureNever                   // eq=never
	generation                  // //rerun:generation
	always                      // //rerun:always
	inputValue                  // //query:input
	pureByEqual                 // a result with a method Equal, by parity
	pureFallback                // cycle=fallback
	limitedOnce                 // (int, error), limit=1
	limitedTwice                // (int, error), limit=2
)

func (f flavour) fails() bool {
	return f == pureFails || f == generation || f == limitedOnce || f == limitedTwice || f == pureFallback
}

type progNode struct {
	flavour flavour
	steps   []progStep
}

type stepKind int

const (
	readStep    stepKind = iota // acc = mix(acc, child)
	readSoft                    // the same, errors are absorbed
	readIf                      // only if acc is even
	readMap                     // several children by Map
	quitIf                      // return if acc%5 == arg
	failIf                      // return an error if acc%7 == arg
	transIf                     // return a Transient error if acc%11 == arg
	panicIf                     // panic if acc%13 == arg
	nestedRead                  // read twice
	readBrave                   // a panic of the child is absorbed
	emitNote                    // emit acc as a note
	emitIf                      // only if acc is even
	emitMark                    // emit a value of another type
	emitMap                     // notes before and after the reads of a Map
	collectStep                 // acc = mix(acc, what the child and all below emitted)
)

type progStep struct {
	kind     stepKind
	child    int
	children []int
	arg      int
}

// A progRun is one execution of a body: what it read and what it saw.
type progRun struct {
	node  int
	reads []progRead
	out   string
}

type progRead struct {
	child     int
	seen      string
	version   int
	collected bool // seen is what was collected below the child
}

// modulus keeps values few, so that cutoffs are common.
const modulus = 12

func mix(acc, v int) int { return (acc*5 + v + 3) % (modulus * 7) }

// errorOf makes an error whose text is canonical, so that the engine's and the
// oracle's can be compared.
func absorb(err error) int {
	h := fnv.New32a()
	h.Write([]byte(canonical(err)))
	return int(h.Sum32() % modulus)
}

// canonical writes an error as the oracle does.
func canonical(err error) string {
	if c, ok := errors.AsType[*query.CycleError](err); ok {
		ids := make([]int, len(c.Nodes))
		for i, n := range c.Nodes {
			ids[i] = n.Key.(progKey).Node
		}
		return cycleString(ids)
	}
	return err.Error()
}

func cycleString(ids []int) string {
	least := slices.Index(ids, slices.Min(ids))
	ids = append(slices.Clone(ids[least:]), ids[:least]...)
	return "cycle " + strings.Trim(fmt.Sprint(ids), "[]")
}

// An env is who reads for a body: the engine or the oracle.
type env interface {
	read(child int) (int, error)
	readAll(children []int, notes bool) ([]int, []error)
	outside() int
	emit(v any)
	collect(child int) string
}

// spareOf is what a node with cycle=fallback is on a cycle.
func spareOf(n int) (int, error) {
	if n%5 == 0 {
		return 0, fmt.Errorf("spare %d", n)
	}
	return (3*n + 1) % modulus, nil
}

// run is the body of a node.
func (p *program) run(n int, e env) (int, error) {
	acc := n % modulus
	node := &p.nodes[n]
	if node.flavour == generation || node.flavour == always {
		acc = mix(acc, e.outside())
	}
	for _, s := range node.steps {
		switch s.kind {
		case readIf:
			if acc%2 != 0 {
				continue
			}
			fallthrough
		case readStep, nestedRead:
			v, err := e.read(s.child)
			if s.kind == nestedRead && err == nil {
				v, err = e.read(s.child)
			}
			if err != nil {
				return 0, err
			}
			acc = mix(acc, v)
		case readSoft:
			v, err := e.read(s.child)
			if err != nil {
				v = absorb(err)
			}
			acc = mix(acc, v)
		case readBrave:
			v, err := brave(e, s.child)
			if err != nil {
				return 0, err
			}
			acc = mix(acc, v)
		case readMap:
			vs, errs := e.readAll(s.children, false)
			for i := range vs {
				if errs[i] != nil {
					vs[i] = absorb(errs[i])
				}
				acc = mix(acc, vs[i])
			}
		case emitNote, emitIf, emitMark, emitMap, collectStep:
			acc = p.runExtra(n, s, acc, e)
		case quitIf:
			if acc%5 == s.arg {
				return acc % modulus, nil
			}
		case failIf:
			if acc%7 == s.arg && node.flavour.fails() {
				return 0, failures[acc%3]
			}
		case transIf:
			if acc%11 == s.arg && node.flavour.fails() {
				return 0, query.Transient(fmt.Errorf("trans %d", acc%3))
			}
		case panicIf:
			if acc%13 == s.arg {
				panic(fmt.Sprintf("boom %d", n))
			}
		}
	}
	return acc % modulus, nil
}

// brave reads a child and lives with its panic.
func brave(e env, child int) (v int, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *query.PanicError:
			v = absorb(fmt.Errorf("%v", p.Value))
		case oraclePanic:
			v = absorb(fmt.Errorf("%v", p))
		default:
			panic(p)
		}
	}()
	return e.read(child)
}

// What the random programs may contain.
type features struct {
	cycles, maps, panics, transients, impure bool

	rescues bool // some nodes have cycle=
}

func newProgram(r *rand.Rand, f features) *program {
	count := 4 + r.IntN(24)
	p := &program{
		id:    int(programIDs.Add(1)),
		nodes: make([]progNode, count),
		set:   map[int]int{},
		world: make([]int, count),
		live:  make([]int, count),
	}
	inputs := 1 + r.IntN(1+count/3)
	for i := range p.nodes {
		p.nodes[i] = p.randomNode(r, f, i, i < inputs)
	}
	if f.rescues { // drawn after all else, so that seeds without it keep their meaning
		for i := range p.nodes {
			if fl := &p.nodes[i].flavour; (*fl == pureFails || *fl == pureValue) && r.IntN(3) == 0 {
				*fl = pureFallback
			}
		}
	}
	programs.Store(p.id, p)
	return p
}

func (p *program) randomNode(r *rand.Rand, f features, i int, input bool) progNode {
	var n progNode
	switch {
	case input:
		n.flavour = inputValue
		p.inputs = append(p.inputs, i)
	case f.impure && r.IntN(8) == 0:
		n.flavour = []flavour{generation, always}[r.IntN(2)]
	default:
		n.flavour = []flavour{pureFails, pureFails, pureFails, pureValue, pureValue, pureNever, pureByEqual}[r.IntN(7)]
	}
	if i == 0 {
		return n
	}
	for range r.IntN(6) {
		n.steps = append(n.steps, p.randomStep(r, f, i, input))
	}
	return n
}

func (p *program) randomStep(r *rand.Rand, f features, i int, input bool) progStep {
	child := func() int {
		if f.cycles && !input && r.IntN(6) == 0 {
			return r.IntN(len(p.nodes))
		}
		if r.IntN(3) == 0 { // near: deep graphs
			return max(0, i-1-r.IntN(3))
		}
		return r.IntN(i)
	}
	s := progStep{kind: []stepKind{readStep, readStep, readSoft, readIf, readMap, quitIf, failIf, transIf, panicIf, nestedRead, readBrave}[r.IntN(11)]}
	switch {
	case s.kind == readMap && !f.maps,
		s.kind == panicIf && (!f.panics || r.IntN(2) == 0),
		s.kind == transIf && !f.transients:
		s.kind = readStep
	}
	s.child, s.arg = child(), r.IntN(13)
	if s.kind == readMap {
		for range 1 + r.IntN(4) {
			s.children = append(s.children, child())
		}
	}
	return s
}

var (
	programIDs atomic.Int64
	programs   sync.Map // id -> *program
)

// A progKey names a node of a program.
type progKey struct{ Program, Node int }

// parity is a result whose method Equal ignores all but the parity, and whose
// readers can see only that.
type parity int

func (p parity) Equal(q parity) bool { return p%2 == q%2 }

func defineProg[V any](name string, kind query.Kind, fails, never bool) *query.Query[progKey, V] {
	return query.Define[progKey, V](query.Definition{
		Name: "querygen.dev/runtime_test." + name, Kind: kind, Params: 1, Fails: fails, EqNever: never,
	})
}

var (
	progFails  = defineProg[int]("fails", query.KindPure, true, false)
	progValue  = defineProg[int]("value", query.KindPure, false, false)
	progNever  = defineProg[int]("never", query.KindPure, false, true)
	progGen    = defineProg[int]("generation", query.KindGeneration, true, false)
	progAlways = defineProg[int]("always", query.KindAlways, false, false)
	progInput  = defineProg[int]("input", query.KindInput, false, false)
	progSpare  = defineProg[int]("fallback", query.KindPure, true, false)
	progParity = defineProg[parity]("parity", query.KindPure, false, false)
)

func init() {
	for _, q := range []*query.Query[progKey, int]{progFails, progValue, progNever, progGen, progAlways, progInput, progSpare} {
		q.Bind(nil, runProg)
	}
	progSpare.Fallback(func(_ *query.Context, k progKey) (int, error) { return spareOf(k.Node) })
	progParity.Bind(nil, func(cx *query.Context, k progKey) (parity, error) {
		v, err := runProg(cx, k)
		return parity(v), err
	})
}

// runProg is the body of all queries: it runs the program's node and logs it.
func runProg(cx *query.Context, k progKey) (int, error) {
	v, _ := programs.Load(k.Program)
	p := v.(*program)
	run := &progRun{node: k.Node, out: "panic"}
	if !query.Aside(cx) {
		p.mu.Lock()
		p.log = append(p.log, run)
		p.mu.Unlock()
	}
	if p.yield {
		for range k.Node % 3 {
			goruntime.Gosched()
		}
	}
	compute := p.computing(k.Node)
	compute(1)
	defer compute(-1)
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); ok { // a panic's text never is an outcome's
				run.out = outcomeString(0, err)
			}
			panic(v)
		}
	}()
	got, err := p.run(k.Node, &engineEnv{cx: cx, p: p, node: k.Node, run: run})
	run.out = outcomeString(got, err)
	if p.nodes[k.Node].flavour == pureByEqual && err == nil {
		run.out = outcomeString(got%2, nil)
	}
	return got, err
}

func outcomeString(v int, err error) string {
	if err != nil {
		return "error " + canonical(err)
	}
	return fmt.Sprint(v)
}

// engineEnv reads through the wrappers.
type engineEnv struct {
	cx   *query.Context
	p    *program
	node int
	mu   sync.Mutex
	run  *progRun
}

func (e *engineEnv) outside() int {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	if e.p.nodes[e.node].flavour == always {
		return e.p.live[e.node]
	}
	return e.p.world[e.node]
}

func (e *engineEnv) read(child int) (int, error) {
	compute := e.p.computing(e.node)
	compute(-1)
	defer compute(1)
	return e.readBy(e.cx, child)
}

func (e *engineEnv) readBy(cx *query.Context, child int) (int, error) {
	i := e.begin(child)
	v, err := e.p.demand(cx, child)
	e.mu.Lock()
	e.run.reads[i].seen = outcomeString(v, err)
	e.mu.Unlock()
	return v, err
}

// begin notes a read that may unwind.
func (e *engineEnv) begin(child int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.run.reads = append(e.run.reads, progRead{child: child, seen: "unwound"})
	return len(e.run.reads) - 1
}

func (e *engineEnv) readAll(children []int, notes bool) ([]int, []error) {
	vs, errs := make([]int, len(children)), make([]error, len(children))
	index := make([]int, len(children))
	for i := range index {
		index[i] = i
	}
	compute := e.p.computing(e.node)
	compute(-1)
	defer compute(1)
	query.Map(e.cx, index, func(cx *query.Context, i int) (int, error) {
		if notes {
			query.Emit(cx, note{e.node, -i, []string{"before"}})
			defer query.Emit(cx, note{e.node, i, nil})
		}
		vs[i], errs[i] = e.readBy(cx, children[i])
		return 0, nil
	})
	return vs, errs
}

// demand calls the wrapper of a node.
func (p *program) demand(cx *query.Context, n int) (int, error) {
	k := progKey{p.id, n}
	switch p.nodes[n].flavour {
	case pureFails:
		return progFails.Get(cx, k)
	case limitedOnce:
		return progOnce.Get(cx, k)
	case limitedTwice:
		return progTwice.Get(cx, k)
	case pureValue:
		return progValue.Value(cx, k), nil
	case pureNever:
		return progNever.Value(cx, k), nil
	case pureFallback:
		return progSpare.Get(cx, k)
	case generation:
		return progGen.Get(cx, k)
	case always:
		return progAlways.Value(cx, k), nil
	case pureByEqual:
		return int(progParity.Value(cx, k)) % 2, nil
	default:
		return progInput.Value(cx, k), nil
	}
}
