package flight

import (
	"cmp"
	"slices"
)

// A Limit bounds the bodies of one query that run at once: each has a place. A
// body keeps its place while its calls are in progress, unless that would be
// for ever: a recursive query with one place waits in itself.
//
// So whoever waits for a place may be stuck: all who have one wait, by way of
// calls and other waits, for somebody who waits for a place. Then one of them,
// which does nothing meanwhile, gives up its place, and gets another before its
// body goes on. Since that is looked into whenever a wait begins or a place
// moves on, nobody stays stuck: at any time, somebody whom each waiting flight
// waits for is moving.
//
// A place comes before a token: nobody waits for a place with a token in hand,
// and those who wait for a token with a place in hand wait for somebody who
// computes. See token.go.
type Limit struct {
	query uint32
	free  int
	held  []*Flight // those who have a place; who got it first comes first
	queue []*Wait
}

// Limit returns the limit of a query, which has n places.
func (b *Board) Limit(query uint32, n int) *Limit {
	l := b.limits[query]
	if l == nil {
		l = &Limit{query: query, free: n}
		b.limits[query] = l
	}
	return l
}

// TryPlace gives f a place if there is one, or if it needs none.
func (b *Board) TryPlace(f *Flight) bool {
	l := f.Limit
	if l == nil || f.placed {
		return true
	}
	if l.free == 0 {
		return false
	}
	l.free--
	l.hold(f)
	return true
}

// WaitPlace registers that f waits for a place. Granted or Forgo ends it.
func (b *Board) WaitPlace(f *Flight) *Wait {
	w := b.newWait(f)
	w.place = f.Limit
	if len(f.Limit.queue) == 0 {
		b.crowded = append(b.crowded, f.Limit)
	}
	f.Limit.queue = append(f.Limit.queue, w)
	b.unstick()
	return w
}

func (l *Limit) hold(f *Flight) {
	f.placed = true
	l.held = append(l.held, f)
}

// leavePlace ends the use that f makes of its place, if it has one.
func (b *Board) leavePlace(f *Flight) {
	if f.placed {
		b.passPlace(f)
		b.unstick() // it may have gone to a body with other calls, which wait
	}
}

// passPlace gives the place of f to the one who has waited longest.
func (b *Board) passPlace(f *Flight) {
	f.placed = false
	l := f.Limit
	i := slices.Index(l.held, f)
	l.held = slices.Delete(l.held, i, i+1)
	for len(l.queue) > 0 {
		w := l.queue[0]
		b.unqueue(w)
		w.granted = true
		w.wake()
		if !w.From.placed { // two calls of one body may come back at once
			l.hold(w.From)
			return
		}
	}
	l.free++
}

// unqueue takes w out of the queue for a place.
func (b *Board) unqueue(w *Wait) {
	w.place.queue = without(w.place.queue, w)
	if len(w.place.queue) == 0 {
		b.crowded = slices.DeleteFunc(b.crowded, func(l *Limit) bool { return l == w.place })
	}
}

// unstick gives places to those who would wait for ever. Each time a queue gets
// shorter.
func (b *Board) unstick() {
	for l := b.stuck(); l != nil; l = b.stuck() {
		b.passPlace(l.held[0])
	}
}

// stuck returns a limit whose places will not be left, though somebody waits for
// one; nil if there is none. At first all are taken to be stuck; one of whose
// places some flight moves is not, and that may be what another one waits for.
func (b *Board) stuck() *Limit {
	if len(b.crowded) == 0 {
		return nil
	}
	moving := map[*Limit]bool{}
	for changed := true; changed; {
		changed = false
		for _, l := range b.crowded {
			if !moving[l] && slices.ContainsFunc(l.held, func(f *Flight) bool { return moves(f, moving) }) {
				moving[l], changed = true, true
			}
		}
	}
	var found *Limit
	for _, l := range b.crowded {
		if !moving[l] && (found == nil || cmp.Less(l.query, found.query)) {
			found = l
		}
	}
	return found
}

// moves reports whether f will come to its end, if those who wait for a place of
// one of the limits will get it, and those who wait for another place will not.
// The calls and waits followed are not circular, see [Board.Path].
func moves(f *Flight, moving map[*Limit]bool) bool {
	todo := []*Flight{f}
	seen := map[*Flight]bool{} // flights reached by a wait; children have one parent
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for c := range f.Children {
			todo = append(todo, c)
		}
		for _, w := range f.waits() {
			if w.place != nil && !w.granted && !moving[w.place] {
				return false
			}
			if to := w.target(); to != nil && !seen[to] {
				seen[to] = true
				todo = append(todo, to)
			}
		}
	}
	return true
}

// target is the flight whose end the wait is for, or nil.
func (w *Wait) target() *Flight {
	if w.end != nil {
		return w.end.Root
	}
	return w.on
}
