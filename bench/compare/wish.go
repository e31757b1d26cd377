package main

// A wish is a bound on what was measured: on a value of ours; on its ratio to a
// peer's in the same round; or on its ratio to our own with a smaller graph.
type wish struct {
	row   int
	what  string
	shape string
	size  int

	peer    string // the ratio to its value, if there is one
	smaller int    // the ratio to our own value with this size
	quoted  string // where a bound comes from that is not measured here

	bound     float64 // at most this
	least     bool    // at least this
	tolerated float64 // also accepted, with a profile that shows where the rest goes
	total     bool    // bound on the whole, not on one unit
	report    bool    // no bound: the ratio is of interest
}

const (
	microsecond = 1e3
	millisecond = 1e6

	k10  = 10_000
	k100 = 100_000
	m1   = 1_000_000
)

// wishes are the goals, by their numbers. Row 13 also has a wish for each shape
// that go-incr can do.
var wishes = []wish{
	{row: 1, what: "hit by Task, against an interned key", shape: "hit.task", peer: "salsa", bound: 1},
	{row: 1, what: "hit by a bare uint32", shape: "hit.key", peer: "salsa", bound: 1},
	{row: 2, what: "hit inside a query", shape: "hit.inside", peer: "salsa", bound: 1},
	{row: 3, what: "first run, 1M nodes", shape: "first", size: m1, peer: "salsa", bound: 1, tolerated: 1.5},
	{row: 4, what: "unrelated write, 1M nodes", shape: "unrelated", size: m1, peer: "salsa", bound: 1e-4},
	{row: 5, what: "cut off in the first layer, 1M nodes", shape: "cutoff", size: m1, peer: "salsa", bound: 1e-3},
	{row: 5, what: "the same, bodies of 1 ms", shape: "cutoff.slow", size: m1, bound: millisecond + 100*microsecond},
	{row: 5, what: "input under a root that is not demanded", shape: "cutoff.aside", size: m1, bound: 100 * microsecond},
	{row: 6, what: "propagated to the root, 1M nodes", shape: "propagate", size: m1, peer: "salsa", bound: 1, tolerated: 1.5},
	{row: 7, what: "root over 100,000 reads, one cut off", shape: "fan.cutoff", size: k100, bound: 20 * microsecond},
	{row: 8, what: "chain of 1M, cut off at its end", shape: "chain.cutoff", size: m1, bound: 100},
	{row: 8, what: "chain of 1M, all verified", shape: "chain.verify", size: m1, bound: 100},
	{row: 8, what: "chain of 1M, all run again", shape: "chain.rerun", size: m1, bound: 500},
	{row: 9, what: "10,000 generational leaves, unchanged", shape: "leaves.same", size: k10, bound: 150},
	{row: 9, what: "the same", shape: "leaves.same", size: k10, peer: "incremental-query", report: true},
	{row: 10, what: "memory of a node with three reads", shape: "memory", size: m1, bound: 128},
	{row: 10, what: "forced GC, 1M nodes", shape: "gc", size: m1, bound: 20 * millisecond},
	{row: 11, what: "two goroutines, different keys", shape: "two.different", bound: 0.9, least: true},
	{row: 11, what: "two goroutines, the same key", shape: "two.same", bound: 0.9, least: true},
	{row: 12, what: "cold run, Parallelism 2 against 1", shape: "bodies", size: 2_000, bound: 0.9, least: true},
	{row: 13, what: "hit", shape: "hit.key", quoted: protocompile, bound: 407},
	{row: 13, what: "first run, 100k nodes", shape: "first", size: k100, quoted: protocompile, bound: 3713},
	{row: 13, what: "cut off, 100k nodes", shape: "cutoff", size: k100, quoted: protocompile, bound: 390 * millisecond},
	{row: 13, what: "propagated, 100k nodes, all of it", shape: "propagate", size: k100, quoted: protocompile, bound: 399 * millisecond, total: true},
	{row: 13, what: "memory of a node", shape: "memory", size: m1, quoted: protocompile, bound: 1234},
	{row: 14, what: "first run, by node", shape: "first", size: m1, smaller: k10, bound: 2},
	{row: 14, what: "unrelated write, by edit", shape: "unrelated", size: m1, smaller: k10, bound: 2},
	{row: 14, what: "cut off, by edit", shape: "cutoff", size: m1, smaller: k10, bound: 2},
	{row: 14, what: "propagated, by run", shape: "propagate", size: m1, smaller: k10, bound: 2},
	{row: 14, what: "root over many reads, by edit", shape: "fan.cutoff", size: m1, smaller: k10, bound: 2},
}

// protocompile's engine is in no tagged release, so it can't be measured here.
// These bounds are what was measured of it once, on a machine like those that
// the other bounds were made for: they say no more than an order of magnitude.
const protocompile = "protocompile's experimental/incremental, quoted"

// ahead are the wishes for the shapes of a report that go-incr can do.
func ahead(r *Report) []wish {
	var out []wish
	for _, row := range r.Rows {
		if row.Peer != "go-incr" || row.Cannot != "" {
			continue
		}
		out = append(out, wish{
			row: 13, what: row.title(), shape: row.Shape, size: row.Size, peer: row.Peer,
			bound: 1, least: row.Unit == "x", report: static[row.Shape],
		})
	}
	return out
}

// static are the shapes in which go-incr looks at a field or follows a pointer,
// because its graphs are made by hand and never change.
var static = map[string]bool{
	"hit.task": true, "cutoff": true, "cutoff.slow": true, "cutoff.aside": true,
	"fan.cutoff": true, "chain.cutoff": true, "chain.verify": true,
}
