package runtime

import (
	"cmp"
	"fmt"
	"slices"

	"querygen.dev/runtime/internal/graph"
)

// fail ends an iteration that goes on for ever. All marked members that are still
// on the cycle end in one error, whatever their bodies make of it, which names the
// smallest of those that go on changing: so as far as can be it does not matter
// which of them was asked first. Like heads they read the driver alone.
func (w *walk) fail(it *iteration, k keeper, slot uint32, e *ending) {
	f := it.driver
	err := w.unsettled(it, e)
	switch {
	case it.gone:
		return
	case !w.db.advance(w.req, f):
		w.db.drop(f)
		return
	}
	e.err, e.out = err, k.fail(err)
	members := w.marked(it, e.reads)
	for _, m := range members {
		w.db.addHead(it, m, w.db.g.Seen(m, nil), ending{err: err})
	}
	it.take(f.Node, w.db.current(f.Node))
	w.change(f.Node, k, slot, e.out)
	it.used, e.same = true, true
	for _, m := range members {
		mk, slot := w.db.keeper(m)
		it.take(m, w.db.current(m))
		w.change(m, mk, slot, mk.fail(err))
	}
	for _, m := range members {
		w.db.g.Provide(m, it.id, f.Node)
	}
	w.converge(it, k, slot, e)
}

// marked returns the marked members that the reads of the driver's last round lead
// to, without the driver.
func (w *walk) marked(it *iteration, reads []graph.Read) []graph.ID {
	var list []graph.ID
	seen := map[graph.ID]bool{it.driver.Node: true}
	for stack := slices.Clone(reads); len(stack) > 0; {
		n := stack[len(stack)-1].Node
		stack = stack[:len(stack)-1]
		if seen[n] || !w.belongs(it, n) {
			continue
		}
		seen[n] = true
		if h := it.heads[n]; h != nil {
			stack = append(stack, h.last.reads...)
		} else {
			stack = w.db.g.Seen(n, stack)
		}
		if w.db.rescueOf(n) == fixpoint {
			list = append(list, n)
		}
	}
	return list
}

// belongs reports whether n has become what it is, or has to run again, for this
// iteration alone.
func (w *walk) belongs(it *iteration, n graph.ID) bool {
	if !it.nodes[n] && it.heads[n] == nil || w.db.board.Claimed(n) != nil || w.db.g.State(n).Green() {
		return false
	}
	id := w.db.g.For(n)
	return id == 0 || id == it.id
}

// A lastChange is the last one of an outcome; before is nil if none was seen.
type lastChange struct{ before, now any }

// note takes down how the outcomes of marked members have changed in a round. It
// begins when the iteration might have settled: what changes now may go on.
func (w *walk) note(it *iteration) {
	if it.last == nil {
		it.last = map[graph.ID]lastChange{}
	}
	for n := range it.nodes {
		it.note(w.db, n)
	}
	for n := range it.heads {
		it.note(w.db, n)
	}
	it.note(w.db, it.driver.Node)
}

func (it *iteration) note(db *DB, n graph.ID) {
	k, slot := db.keeper(n)
	if k.query().rescue != fixpoint {
		return
	}
	if c, out := it.last[n], k.outcome(slot); c.now != out {
		it.last[n] = lastChange{c.now, out}
	}
}

// unsettled is the error of an iteration that goes on for ever. It lets go of the
// lock: the texts of errors are users' code.
func (w *walk) unsettled(it *iteration, e *ending) error {
	least := it.driver.Node
	w.note(it)
	if !e.same {
		it.last[least] = lastChange{it.last[least].now, e.out}
	}
	name := func(n graph.ID) (node Node, key string) {
		node = w.db.node(n)
		return node, formatKey(node.Query, node.Key)
	}
	node, key := name(least)
	for _, n := range w.marked(it, e.reads) {
		if it.last[n].before == nil {
			continue
		}
		other, text := name(n)
		if it.last[least].before == nil || cmp.Or(cmp.Compare(other.Query, node.Query), cmp.Compare(text, key)) < 0 {
			least, node, key = n, other, text
		}
	}
	k, _ := w.db.keeper(least)
	last := it.last[least]
	if last.before == nil {
		last.before = last.now
	}
	w.unlock()
	texts := []string{k.text(last.before), k.text(last.now)}
	w.lock()
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return fmt.Errorf("querygen: %v (%v) has not settled after %d rounds of cycle=fixpoint: the last two values are %s and %s",
		node, node.Pos, maxRounds, texts[0], texts[1])
}
