package shapes

// Mix is the finalizer of splitmix64: it makes graphs and values of numbers.
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Fold adds a value to a checksum.
func Fold(sum, v uint64) uint64 { return (sum^v)*0x9e3779b97f4a7c15 + 1 }

// Combine is the body of an inner node: cheap, and different if any read is.
func Combine(key, a, b, c uint64) uint64 { return Mix(Fold(Fold(a+key, b), c)) }

// Initial is what an input is set to at first.
func Initial(input uint64) uint64 { return Mix(input + 1) }

// Half is the body of a node that reads an input: it does not depend on the low
// byte, so that an edit of that is cut off.
func Half(key, v uint64) uint64 { return Mix(v>>8 + key) }

// Cut is an edit that [Half] does not notice, and Deep one that it does. Each
// step differs from the one before.
func Cut(input uint64, step int) uint64 { return Initial(input) ^ uint64(step%255+1) }

// Deep is an edit of all but the low byte.
func Deep(input uint64, step int) uint64 { return Initial(input) + uint64(step+1)<<8 }

// A Layered graph has nodes in layers of one width. Those of the first layer
// read an input each, all others three nodes of the layer below: the one with
// their own column, so that no node is unused, and two at random. Several such
// graphs may lie side by side. Keys are dense.
type Layered struct {
	Width  uint64
	Layers uint64 // of one graph
	Graphs uint64
}

// NewLayered spreads n nodes over the graphs.
func NewLayered(n, graphs int) Layered {
	width := 1000
	if n < 10_000*graphs {
		width = max(2, n/graphs/10)
	}
	return Layered{uint64(width), uint64(max(2, n/graphs/width)), uint64(graphs)}
}

// Nodes counts the nodes of all graphs, without roots.
func (l Layered) Nodes() uint64 { return l.Width * l.Layers * l.Graphs }

// Inputs counts the inputs that nodes read. One more is read by nobody: its
// number is this.
func (l Layered) Inputs() uint64 { return l.Width * l.Graphs }

// Input returns the input that a node of a first layer reads.
func (l Layered) Input(key uint64) (input uint64, ok bool) {
	layer := key / l.Width
	if layer%l.Layers != 0 {
		return 0, false
	}
	return layer/l.Layers*l.Width + key%l.Width, true
}

// Reads returns the reads of any other node.
func (l Layered) Reads(key uint64) (a, b, c uint64) {
	below := (key/l.Width - 1) * l.Width
	r := Mix(key)
	return key - l.Width, below + (r&0xffffffff)*l.Width>>32, below + (r>>32)*l.Width>>32
}

// Top returns the nodes that the root of a graph reads, in this order.
func (l Layered) Top(graph uint64) (from, to uint64) {
	to = (graph + 1) * l.Layers * l.Width
	return to - l.Width, to
}

// A Ladder has rungs of three nodes: two that read the joint of the rung below,
// and the joint above, which reads both. The first two read an input.
const (
	Left = iota
	Right
	Joint
)

// A Dynamic graph is like a layered one, but what a node reads besides its
// column depends on what it has read there, and values are small, so that an
// edit does not reach all.
type Dynamic struct{ Layered }

// NewDynamic has 20 layers.
func NewDynamic(n int) Dynamic {
	return Dynamic{Layered{Width: uint64(max(2, n/20)), Layers: 20, Graphs: 1}}
}

// DynamicInput is what a node makes of its input.
func DynamicInput(v uint64) uint64 { return v >> 8 & 15 }

// Others returns what a node reads after it has read its column.
func (d Dynamic) Others(key, column uint64) (a, b uint64) {
	_, a, b = d.Reads(key)
	below := (key/d.Width - 1) * d.Width
	return below + (a-below+column)%d.Width, below + (b-below+column*column)%d.Width
}

// DynamicCombine is the body of an inner node.
func DynamicCombine(key, column, a, b uint64) uint64 {
	return (Combine(key, column, a, b) & 15) | column&8
}

// Edited returns the inputs of one step of edits: 5 %.
func (d Dynamic) Edited(step int) []uint64 {
	inputs := make([]uint64, max(1, d.Inputs()/20))
	for i := range inputs {
		inputs[i] = Mix(uint64(step)<<32+uint64(i)) % d.Inputs()
	}
	return inputs
}
