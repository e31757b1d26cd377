package runtime_test

import (
	"maps"
	"slices"
)

// An oracle evaluates a program from scratch, in the plainest way: it is what
// the engine's answers are compared with.
type oracle struct {
	p       *program
	set     map[int]int
	world   []int
	live    []int
	memo    map[int]*oracleOutcome
	stack   []*oracleFrame
	onStack map[int]int
	rescued map[int]bool // nodes that were on a cycle with cycle=
}

type oracleOutcome struct {
	v     int
	err   error // canonical text; nil: a value
	panic string
	reads []int
	trace []traced
	cycle bool
}

type oracleFrame struct {
	node  int
	cycle string
	spare *oracleOutcome // cycle=fallback: what it takes, whatever its body makes of it
	reads []int
	trace []traced
}

type canonicalError string

func (e canonicalError) Error() string { return string(e) }

// A thrown panic of a body, and an error on its way out of bodies without an
// error result.
type (
	oraclePanic  string
	oracleUnwind struct{ err error }
	oracleStop   struct{ to *oracleFrame } // nothing above this frame matters any more
)

// newOracle takes a picture of the inputs and the outside world.
func newOracle(p *program) *oracle {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &oracle{
		p: p, set: maps.Clone(p.set), world: slices.Clone(p.world), live: slices.Clone(p.live),
		memo: map[int]*oracleOutcome{}, onStack: map[int]int{}, rescued: map[int]bool{},
	}
}

// demand evaluates a root.
func (o *oracle) demand(n int) *oracleOutcome {
	if out := o.memo[n]; out != nil {
		return out
	}
	if at, ok := o.onStack[n]; ok {
		return o.closeCycle(at)
	}
	f := &oracleFrame{node: n}
	o.onStack[n] = len(o.stack)
	o.stack = append(o.stack, f)
	defer func() {
		o.stack = o.stack[:len(o.stack)-1]
		delete(o.onStack, n)
	}()
	out := o.evaluate(f)
	out.reads, out.trace, out.cycle = f.reads, f.trace, f.cycle != "" || f.spare != nil
	o.memo[n] = out
	return out
}

// closeCycle marks the frames from at on and answers for the call that closed
// the cycle.
func (o *oracle) closeCycle(at int) *oracleOutcome {
	if spare := o.stack[at].spare; spare != nil {
		return spare
	}
	for _, f := range slices.Backward(o.stack[at:]) {
		if f.spare != nil { // it is decided; nobody wants what is above it
			panic(oracleStop{f})
		}
	}
	var ids []int
	var last *oracleFrame
	for _, f := range o.stack[at:] {
		ids = append(ids, f.node)
		if o.p.nodes[f.node].flavour == pureFallback {
			v, err := spareOf(f.node)
			f.spare, last = &oracleOutcome{v: v, err: err}, f
		}
	}
	switch first := o.stack[at]; {
	case last == nil:
	case first.spare != nil:
		o.rescue(ids)
		return first.spare
	default: // those above last wait for first, which is below it
		o.rescue(ids)
		panic(oracleStop{last})
	}
	text := cycleString(ids)
	for _, f := range o.stack[at:] {
		if f.cycle == "" {
			f.cycle = text
		}
	}
	return &oracleOutcome{err: canonicalError(o.top().cycle)}
}

func (o *oracle) rescue(ids []int) {
	for _, n := range ids {
		o.rescued[n] = true
	}
}

func (o *oracle) top() *oracleFrame { return o.stack[len(o.stack)-1] }

func (o *oracle) evaluate(f *oracleFrame) (out *oracleOutcome) {
	if v, ok := o.set[f.node]; ok && o.p.nodes[f.node].flavour == inputValue {
		return &oracleOutcome{v: v}
	}
	out = new(oracleOutcome)
	defer func() {
		switch v := recover().(type) {
		case nil:
		case oracleUnwind:
			out.err = v.err
		case oracleStop:
			if v.to != f {
				o.rescued[f.node] = true // it begins again
				panic(v)
			}
			out = f.spare
			return
		case oraclePanic:
			out.panic = string(v)
		case string: // panicIf
			out.panic = v
		default:
			panic(v)
		}
		if f.cycle != "" {
			out.v, out.err, out.panic = 0, canonicalError(f.cycle), ""
		}
	}()
	out.v, out.err = o.p.run(f.node, o)
	if o.p.nodes[f.node].flavour == pureByEqual {
		out.v %= 2
	}
	return out
}

func (o *oracle) outside() int {
	n := o.top().node
	if o.p.nodes[n].flavour == always {
		return o.live[n]
	}
	return o.world[n]
}

func (o *oracle) read(child int) (int, error) {
	f := o.top()
	if f.cycle != "" { // a member goes nowhere any more
		return o.answer(child, &oracleOutcome{err: canonicalError(f.cycle)})
	}
	f.reads = append(f.reads, child)
	f.trace = append(f.trace, traced{child: child})
	out := o.demand(child)
	if f.spare != nil {
		panic(oracleStop{f})
	}
	return o.answer(child, out)
}

// answer hands an outcome to a body as the wrapper of child would.
func (o *oracle) answer(child int, out *oracleOutcome) (int, error) {
	switch {
	case out.panic != "":
		panic(oraclePanic(out.panic))
	case out.err != nil && !o.p.nodes[child].flavour.fails():
		panic(oracleUnwind{out.err})
	}
	return out.v, out.err
}

// readAll is Map: all children are read, then the first that unwinds counts.
func (o *oracle) readAll(children []int, notes bool) ([]int, []error) {
	vs, errs := make([]int, len(children)), make([]error, len(children))
	thrown := make([]any, len(children))
	for i, c := range children {
		func() {
			defer func() { thrown[i] = recover() }()
			if notes {
				o.emit(note{o.top().node, -i, []string{"before"}})
				defer o.emit(note{o.top().node, i, nil})
			}
			vs[i], errs[i] = o.read(c)
		}()
	}
	for _, v := range thrown {
		if v != nil {
			panic(v)
		}
	}
	return vs, errs
}

// String is the outcome as the log of the engine's runs writes it.
func (out *oracleOutcome) String() string {
	if out.panic != "" {
		return "panic"
	}
	return outcomeString(out.v, out.err)
}

// reached are the nodes that an evaluation of the roots demands.
func (o *oracle) reached(roots []int) map[int]bool {
	seen := map[int]bool{}
	todo := slices.Clone(roots)
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[n] {
			seen[n] = true
			todo = append(todo, o.demand(n).reads...)
		}
	}
	return seen
}
