package runtime

import (
	"slices"

	"querygen.dev/runtime/internal/flight"
	"querygen.dev/runtime/internal/graph"
)

// iterated deals with a circle of calls that passes through a node with
// cycle=fixpoint. One of these becomes the driver; what stands in its way is
// taken over by its calls. It reports whether there is such a node, and whether
// the caller has to look at everything again instead of waiting.
//
// Among iterations the eldest outermost one wins, then the eldest within that:
// the order of their views. So there is always one that nobody takes anything
// from, and two of them can't take a node from each other for ever. The flight
// that belongs to the eldest need not be a driver itself. One that is only part of
// an iteration around the driver's is no rival to it.
func (w *walk) iterated(from *flight.Flight, c *flight.Circle) (handled, settled bool) {
	if c.Requests {
		return false, false
	}
	driver := -1
	elder := func(i, than int) bool {
		return than < 0 || c.Flights[i].View.Before(c.Flights[than].View)
	}
	for i, f := range c.Flights {
		switch {
		case f.Orphaned:
			continue
		case w.db.rescueOf(f.Node) == fallback:
			return false, false
		case f.Iteration != 0 && elder(i, driver):
			driver = i
		}
	}
	if driver < 0 {
		return w.rerun(from, c)
	}
	top, eldest := c.Flights[driver], driver
	for i, f := range c.Flights {
		if !f.Orphaned && f.View.Iterated() && f.View.Beside(top.View) && elder(i, eldest) {
			eldest = i
		}
	}
	if eldest != driver {
		return w.takeOver(from, c, eldest, c.Flights[eldest].View)
	}
	if driver == 0 && within(from, top.View) {
		w.provide(top)
		return true, true
	}
	return w.takeOver(from, c, driver, top.View)
}

// within reports whether f is part of the innermost iteration of a view.
func within(f *flight.Flight, v graph.View) bool { return f.View.Contains(v.Innermost()) }

// takeOver drops the first flight on a circle, from one that is within a view on,
// that is not, with its calls on the way: who waits for it, within the view, will
// run it.
func (w *walk) takeOver(from *flight.Flight, c *flight.Circle, start int, v graph.View) (handled, settled bool) {
	way := append(slices.Clone(c.Flights[start:]), c.Flights[:start]...)
	for i, f := range way {
		if within(f, v) {
			continue
		}
		w.db.drop(f)
		if it := w.db.iterations[v.Innermost()]; it != nil {
			w.db.reserve(f.Node, it.driver)
		}
		w.dropCalls(way, i)
		return true, c.Flights[0].Orphaned || from.Orphaned
	}
	return false, false
}

// rerun finds a node with cycle=fixpoint on the circle that is being verified,
// and makes it run instead.
func (w *walk) rerun(from *flight.Flight, c *flight.Circle) (handled, settled bool) {
	i := slices.IndexFunc(c.Flights, func(f *flight.Flight) bool {
		return !f.Orphaned && w.db.rescueOf(f.Node) == fixpoint
	})
	if i < 0 {
		return false, false
	}
	f := c.Flights[i]
	f.Rerun = true
	w.dropCalls(c.Flights, i)
	w.db.board.Nudge(f)
	return true, f == from || from.Orphaned
}

// reserve keeps n, which was taken from a flight that stood in the way of a driver,
// for the calls below that. Whoever had demanded it, and would claim it again at
// once, waits for the end of the iteration.
func (db *DB) reserve(n graph.ID, driver *flight.Flight) {
	it := db.iterations[driver.Iteration]
	db.reserved[n], it.reserved = driver, append(it.reserved, n)
}
