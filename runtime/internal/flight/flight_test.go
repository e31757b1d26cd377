package flight

import (
	"slices"
	"testing"

	"querygen.dev/runtime/internal/graph"
)

// newBoard returns a board with n tokens, for a graph of some nodes.
func newBoard(n int) *Board {
	g := graph.New()
	for range 50 {
		g.Add(0)
	}
	return NewBoard(g, n)
}

// run begins a flight whose body runs.
func run(b *Board, n graph.ID, parent *Flight) *Flight {
	f := b.Claim(n, parent)
	f.Start(new(Run), new(Buffer))
	return f
}

// claim begins a chain of flights below parent and returns them.
func claim(b *Board, parent *Flight, nodes ...graph.ID) []*Flight {
	var chain []*Flight
	for _, n := range nodes {
		parent = run(b, n, parent)
		chain = append(chain, parent)
	}
	return chain
}

func nodesOf(c *Circle) []graph.ID {
	if c == nil {
		return nil
	}
	var nodes []graph.ID
	for _, f := range c.Flights {
		nodes = append(nodes, f.Node)
	}
	return nodes
}

func TestPath(t *testing.T) {
	b := newBoard(1)
	one, two, three := NewRequest(1), NewRequest(2), NewRequest(3)
	f1 := claim(b, one.Root, 10, 11)
	f2 := claim(b, two.Root, 20, 21)
	f3 := claim(b, three.Root, 30)
	if c := b.Path(f1[0], f1[1]); !slices.Equal(nodesOf(c), []graph.ID{10, 11}) || c.Requests {
		t.Errorf("inline recursion: %v", nodesOf(c))
	}
	if c := b.Path(f2[0], f1[1]); c != nil {
		t.Errorf("a way where nobody waits: %v", nodesOf(c))
	}
	b.WaitFor(f1[1], f2[1]) // 11 waits for 21
	w := b.WaitFor(f2[1], f3[0])
	if c := b.Path(f1[0], f3[0]); !slices.Equal(nodesOf(c), []graph.ID{10, 11, 21, 30}) || c.Requests {
		t.Errorf("through two waits: %v", nodesOf(c))
	}
	b.Leave(w)
	if c := b.Path(f1[0], f3[0]); c != nil {
		t.Errorf("a wait that has ended still counts: %v", nodesOf(c))
	}
	b.WaitEnd(f2[1], three) // 21 waits until the third request ends
	c := b.Path(f1[0], f3[0])
	if c == nil || !c.Requests || c.Youngest != three {
		t.Errorf("through the end of a request: %v", nodesOf(c))
	}
}

// A run's token serves its calls, and comes back when all have ended.
func TestTokens(t *testing.T) {
	b := newBoard(1)
	r := NewRequest(1)
	f := run(b, 10, r.Root)
	f.Running, f.Token = true, b.TryToken()
	if !f.Token || b.TryToken() {
		t.Fatal("there must be one token")
	}
	if !b.Suspend(f) || b.Suspend(f) {
		t.Error("the first call must take the token, and only the first")
	}
	w := b.WaitToken(f)
	if b.Granted(w) {
		t.Error("a token out of nothing")
	}
	if b.Resume(f, true) {
		t.Error("a run with a call in progress needs no token")
	}
	if !b.Granted(w) {
		t.Error("the token must go to the one who waits")
	}
	if b.Resume(f, true) || !f.Token {
		t.Error("the last call must bring the token back")
	}
	f.Running = true
	b.End(f)
	if err := b.Idle(1); err != nil {
		t.Error(err)
	}
}

func TestOrphanAndHold(t *testing.T) {
	b := newBoard(1)
	r, other := NewRequest(1), NewRequest(2)
	f := run(b, 10, r.Root)
	w := b.WaitFor(other.Root, f)
	b.Orphan(f)
	select {
	case <-w.Done():
	default:
		t.Error("those who wait for an orphan must be told")
	}
	g := run(b, 10, other.Root)
	b.End(f)
	if b.Claimed(10) != g {
		t.Error("the end of an orphan must leave the new flight alone")
	}
	b.End(g)
	b.Hold(10, r)
	b.EndRequest(other)
	if b.Holder(10) != r {
		t.Error("a hold must last until its request ends")
	}
	b.EndRequest(r)
	if b.Holder(10) != nil {
		t.Error("a hold must end with its request")
	}
}

// A body may read two nodes in turns for ever.
func TestBufferCompacts(t *testing.T) {
	var b Buffer
	for i := range 100_000 {
		b.Add(graph.ID(1+i%2), 7)
	}
	for i := range 1000 {
		b.Add(graph.ID(10+i), 7)
	}
	if n := len(b.entries()); n > 10_000 {
		t.Errorf("room for %d reads is kept for 1002 nodes", n)
	}
	if reads := b.End(); len(reads) != 1002 || reads[1].Node != 2 || reads[2].Node != 10 {
		t.Errorf("%d reads, beginning with %v", len(reads), reads[:3])
	}
}

// A flight serves another node when it has ended, unless somebody may have it in hand.
func TestRetire(t *testing.T) {
	b, r := newBoard(1), NewRequest(1)
	f := run(b, 10, r.Root)
	first := f.Run
	b.End(f)
	if first.Of != nil {
		t.Error("the run of a flight that has ended still knows it")
	}
	if again := run(b, 11, r.Root); again != f || again.Run == first {
		t.Error("a flight is used again, its run is not")
	}
	for name, hold := range map[string]func(*Flight){
		"its node was taken away":  b.Orphan,
		"somebody waits for it":    func(f *Flight) { b.WaitFor(run(b, 20, r.Root), f) },
		"it waits":                 func(f *Flight) { b.WaitToken(f) },
		"a call is in progress":    func(f *Flight) { b.Suspend(f) },
		"it has a child":           func(f *Flight) { run(b, 21, f) },
		"it was found on a circle": func(f *Flight) { b.Path(f, f) },
	} {
		b, r = newBoard(1), NewRequest(1)
		f := run(b, 10, r.Root)
		hold(f)
		b.End(f)
		if f.Node != 10 || f.Of != f || slices.Contains(b.rest, f) {
			t.Errorf("a flight is used again though %s", name)
		}
	}
}
