package shapes

import "fmt"

// A Shape is something that can be measured.
type Shape struct {
	Name  string
	Sizes []int  // in nodes, unless What says something else; none: it has no size
	Unit  string // of the value: ns, or B, or x for a ratio in which more is better
	Per   string // what the value is divided by
	What  string
}

const (
	tenThousand     = 10_000
	hundredThousand = 100_000
	million         = 1_000_000
)

var growth = []int{tenThousand, hundredThousand, million}

// All are the shapes, in the order of the report.
var All = []Shape{
	{"hit.task", nil, "ns", "hit", "green node, demanded outside a query by what the engine remembers a call with: a Task, an interned key, an observer"},
	{"hit.key", nil, "ns", "hit", "the same by its key, a uint32"},
	{"hit.inside", nil, "ns", "hit", "green nodes read by a running query, which records it; 1,000 different ones by each run"},
	{"two.different", nil, "x", "loop", "two goroutines or threads hitting different keys: throughput over that of one, divided by the same of a plain loop in the same process"},
	{"two.same", nil, "x", "loop", "the same with one key"},
	{"first", growth, "ns", "node", "first run of a layered graph: layers of 1,000 nodes, three reads each"},
	{"unrelated", growth, "ns", "edit", "layered graph: an input that nothing reads is set, the root is demanded"},
	{"cutoff", growth, "ns", "edit", "layered graph: one input is set, cut off in the first layer, the root is demanded"},
	{"cutoff.slow", []int{million}, "ns", "edit", "the same with bodies of 1 ms in the first layer"},
	{"cutoff.aside", []int{million}, "ns", "edit", "two layered graphs with half of the nodes each: one input of the second is set, the root of the first is demanded"},
	{"propagate", growth, "ns", "run", "layered graph: one input is set, the root is demanded; by the number of nodes that must run"},
	{"fan.cutoff", growth, "ns", "edit", "a root over so many nodes that read an input each: one is set, and cut off"},
	{"fan.direct", []int{hundredThousand}, "ns", "input", "a root over so many inputs: one is set"},
	{"chain.first", growth, "ns", "node", "first run of a chain"},
	{"chain.cutoff", growth, "ns", "node", "chain: its input is set, cut off in the first node"},
	{"chain.verify", growth, "ns", "node", "chain over a leaf that must be looked at in each generation, and is unchanged: all is verified, nothing but the leaf runs"},
	{"chain.rerun", growth, "ns", "node", "chain: its input is set, all nodes run"},
	{"leaves.same", []int{tenThousand}, "ns", "leaf", "a root over leaves that run in each generation: none has changed"},
	{"leaves.changed", []int{tenThousand}, "ns", "leaf", "the same: all have"},
	{"ladder", []int{3_000}, "ns", "node", "a ladder of diamonds: the input is set, all nodes run"},
	{"dynamic", []int{20_000}, "ns", "edit", "random graph in which reads depend on values, 5 % of the inputs set at once"},
	{"memory", []int{million}, "B", "node", "heap after the first run of the layered graph"},
	{"gc", []int{million}, "ns", "cycle", "forced garbage collection with the layered graph alive"},
	{"bodies", []int{2_000}, "x", "loop", "first run of a root over bodies of about 10 microseconds, two at a time: speed over that of one at a time, divided by the same of a plain loop in the same process"},
}

// Scaled returns a size at a scale.
func Scaled(size int, scale float64) int { return max(20, int(float64(size)*scale)) }

// Count writes a size as people do.
func Count(n int) string {
	switch {
	case n == 0:
		return ""
	case n%million == 0:
		return fmt.Sprintf("%dM", n/million)
	case n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}
