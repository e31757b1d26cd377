package shapes

// Expected returns the answer of a shape. It evaluates everything from scratch,
// without any engine.
func Expected(name string, n int) (answer string) { return Sum(expected(name, n)) }

func expected(name string, n int) uint64 {
	switch name {
	case "hit.task", "hit.key":
		return Fold(0, Half(HitKey, Initial(HitKey)))
	case "hit.inside":
		return hitInside()
	case "two.different":
		return Fold(Fold(0, Half(0, Initial(0))), Half(1, Initial(1)))
	case "two.same":
		return Fold(Fold(0, Half(0, Initial(0))), Half(0, Initial(0)))
	case "first", "memory", "gc":
		return Fold(0, NewLayered(n, 1).Evaluate(0, nil))
	case "unrelated", "cutoff", "cutoff.slow":
		return edited(Cut, NewLayered(n, 1).layeredRoot)
	case "cutoff.aside":
		return edited(Cut, NewLayered(n, 2).layeredRoot)
	case "propagate":
		return edited(Deep, NewLayered(n, 1).layeredRoot)
	case "fan.cutoff":
		return edited(Cut, func(v uint64) uint64 { return fan(n, v, Half) })
	case "fan.direct":
		return edited(Deep, func(v uint64) uint64 { return fan(n, v, func(_, v uint64) uint64 { return v }) })
	case "chain.first":
		return Fold(0, chain(n, Initial(0)))
	case "chain.cutoff", "chain.verify":
		return edited(Cut, func(v uint64) uint64 { return chain(n, v) })
	case "chain.rerun":
		return edited(Deep, func(v uint64) uint64 { return chain(n, v) })
	case "leaves.same":
		return edited(func(uint64, int) uint64 { return 0 }, func(uint64) uint64 { return leaves(n, 0) })
	case "leaves.changed":
		return leavesChanged(n)
	case "ladder":
		return edited(Deep, func(v uint64) uint64 { return ladder(n/3, v) })
	case "dynamic":
		return dynamic(n)
	case "bodies":
		return Fold(0, bodies(n))
	}
	panic("unknown shape " + name)
}

// HitKey is the key that is hit. InsideKeys are those that are hit inside.
const (
	HitKey     = 7
	InsideKeys = 1000
)

func hitInside() uint64 {
	var root uint64
	for k := range uint64(InsideKeys) {
		root = Fold(root, Half(k, Initial(k)))
	}
	return Fold(0, root)
}

// edited folds the roots of the initial values and of the first edits.
func edited(value func(input uint64, step int) uint64, root func(v uint64) uint64) uint64 {
	sum := Fold(0, root(Initial(0)))
	for i := range repeated {
		sum = Fold(sum, root(value(0, i)))
	}
	return sum
}

func (l Layered) layeredRoot(v uint64) uint64 {
	return l.Evaluate(0, map[uint64]uint64{0: v})
}

// Evaluate returns the root of a graph. Inputs that are not set have their
// initial values.
func (l Layered) Evaluate(graph uint64, set map[uint64]uint64) uint64 {
	values := l.values(set)
	var root uint64
	for k, to := l.Top(graph); k < to; k++ {
		root = Fold(root, values[k])
	}
	return root
}

func (l Layered) values(set map[uint64]uint64) []uint64 {
	values := make([]uint64, l.Nodes())
	for k := range l.Nodes() {
		if input, ok := l.Input(k); ok {
			v, ok := set[input]
			if !ok {
				v = Initial(input)
			}
			values[k] = Half(k, v)
			continue
		}
		a, b, c := l.Reads(k)
		values[k] = Combine(k, values[a], values[b], values[c])
	}
	return values
}

// Affected counts the nodes that must run when an edit of an input is not cut
// off anywhere, and their graph's root.
func (l Layered) Affected(input uint64) uint64 {
	changed := make([]bool, l.Nodes())
	count := uint64(1)
	for k := range l.Nodes() {
		if i, ok := l.Input(k); ok {
			changed[k] = i == input
		} else {
			a, b, c := l.Reads(k)
			changed[k] = changed[a] || changed[b] || changed[c]
		}
		if changed[k] {
			count++
		}
	}
	return count
}

func fan(n int, v uint64, leaf func(key, v uint64) uint64) uint64 {
	root := Fold(0, leaf(0, v))
	for k := uint64(1); k < uint64(n); k++ {
		root = Fold(root, leaf(k, Initial(k)))
	}
	return root
}

// Link is the body of a node of a chain.
func Link(key, below uint64) uint64 { return Mix(below + key) }

func chain(n int, v uint64) uint64 {
	v = Half(0, v)
	for k := uint64(1); k < uint64(n); k++ {
		v = Link(k, v)
	}
	return v
}

// Leaf is what a leaf finds in the world at a time.
func Leaf(key, world uint64) uint64 { return Mix(key + world<<32) }

func leaves(n int, world uint64) uint64 {
	var root uint64
	for k := range uint64(n) {
		root = Fold(root, Leaf(k, world))
	}
	return root
}

func leavesChanged(n int) uint64 {
	sum := Fold(0, leaves(n, 0))
	for i := range repeated {
		sum = Fold(sum, leaves(n, uint64(i+1)))
	}
	return sum
}

func ladder(rungs int, v uint64) uint64 {
	v = Half(0, v)
	for k := range uint64(rungs) {
		v = Fold(Mix(v+3*k+Left), Mix(v+3*k+Right))
	}
	return v
}

func bodies(n int) uint64 {
	var root uint64
	for k := range uint64(n) {
		root = Fold(root, Body(k))
	}
	return root
}

func dynamic(n int) uint64 {
	d := NewDynamic(n)
	set := map[uint64]uint64{}
	sum := Fold(0, d.evaluate(set))
	for i := range repeated {
		for _, input := range d.Edited(i) {
			set[input] = Deep(input, i)
		}
		sum = Fold(sum, d.evaluate(set))
	}
	return sum
}

func (d Dynamic) evaluate(set map[uint64]uint64) uint64 {
	values := make([]uint64, d.Nodes())
	for k := range d.Nodes() {
		if input, ok := d.Input(k); ok {
			v, ok := set[input]
			if !ok {
				v = Initial(input)
			}
			values[k] = DynamicInput(v)
			continue
		}
		column := values[k-d.Width]
		a, b := d.Others(k, column)
		values[k] = DynamicCombine(k, column, values[a], values[b])
	}
	var root uint64
	for k, to := d.Top(0); k < to; k++ {
		root = Fold(root, values[k])
	}
	return root
}
