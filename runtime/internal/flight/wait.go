package flight

import "slices"

// The queues of a flight: few ever have any.
type queues struct {
	waits   []*Wait // calls of this flight that wait
	waiters []*Wait // calls that wait for this flight
}

// waits returns the calls of f that wait, waiters those that wait for f.
func (f *Flight) waits() []*Wait {
	if f.queues == nil {
		return nil
	}
	return f.queues.waits
}

func (f *Flight) waiters() []*Wait {
	if f.queues == nil {
		return nil
	}
	return f.queues.waiters
}

// queue returns the queues of f, to be written.
func (f *Flight) queue() *queues {
	if f.queues == nil {
		f.queues = new(queues)
	}
	return f.queues
}

// WaitFor registers that a call of from waits for the end of on. The caller has
// looked at Path before.
func (b *Board) WaitFor(from, on *Flight) *Wait {
	w := b.newWait(from)
	w.on = on
	q := on.queue()
	q.waiters = append(q.waiters, w)
	b.unstick()
	return w
}

// WaitEnd registers that a call of from waits for the end of request r.
func (b *Board) WaitEnd(from *Flight, r *Request) *Wait {
	w := b.newWait(from)
	w.end = r
	r.waiters = append(r.waiters, w)
	b.unstick()
	return w
}

func (b *Board) newWait(from *Flight) *Wait {
	w := &Wait{From: from, ch: make(chan struct{}, 1)}
	q := from.queue()
	q.waits = append(q.waits, w)
	from.Req.waits = append(from.Req.waits, w)
	return w
}

// Leave ends a wait, whether or not what it waited for has happened.
func (b *Board) Leave(w *Wait) {
	q := w.From.queue()
	q.waits = without(q.waits, w)
	w.From.Req.waits = without(w.From.Req.waits, w)
	if w.on != nil {
		q := w.on.queue()
		q.waiters = without(q.waiters, w)
	}
	if w.end != nil {
		w.end.waiters = without(w.end.waiters, w)
	}
}

func without(list []*Wait, w *Wait) []*Wait {
	if i := slices.Index(list, w); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// Circle is a way along calls in progress that leads from a flight back to the
// one who is about to wait for it.
type Circle struct {
	Flights  []*Flight // from the one to be waited for to the one who would wait
	Requests bool      // it passes through a wait for the end of a request: no cycle of queries
	Youngest *Request  // the youngest request on it
}

// Path looks for a way from flight on to flight from, along calls in progress
// and waits that nobody has been woken from. If there is one, from must not wait for on. The cost is that of the
// calls in progress below on.
func (b *Board) Path(on, from *Flight) *Circle {
	if b.Unfold != nil {
		b.Unfold()
	}
	return search(on, from)
}

// PathEnd is Path for a wait for the end of r.
func (b *Board) PathEnd(r *Request, from *Flight) *Circle {
	c := b.Path(r.Root, from)
	if c != nil {
		c.Requests = true
	}
	return c
}

// A step of the search: a flight, the step that led there, and whether it was a
// wait for a request.
type step struct {
	at      *Flight
	from    int
	request bool
}

func search(on, from *Flight) *Circle {
	steps := []step{{at: on, from: -1}}
	seen := map[*Flight]bool{} // flights reached by a wait; children have one parent
	for i := 0; i < len(steps); i++ {
		f := steps[i].at
		if f == from {
			return circle(steps, i)
		}
		for c := range f.Children {
			steps = append(steps, step{c, i, false})
		}
		for _, w := range f.waits() {
			to, request := w.on, false
			if w.end != nil {
				to, request = w.end.Root, true
			}
			if to != nil && !w.woken && !seen[to] {
				seen[to] = true
				steps = append(steps, step{to, i, request})
			}
		}
	}
	return nil
}

func circle(steps []step, i int) *Circle {
	c := &Circle{Youngest: steps[i].at.Req}
	for ; i >= 0; i = steps[i].from {
		s := steps[i]
		s.at.Kept = true
		c.Flights = append(c.Flights, s.at)
		c.Requests = c.Requests || s.request
		if s.at.Req.ID > c.Youngest.ID {
			c.Youngest = s.at.Req
		}
	}
	slices.Reverse(c.Flights)
	return c
}
