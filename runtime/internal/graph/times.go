package graph

// Times are the revisions in which things last happened to a node.
type Times struct{ Ran, Verified, Changed Moment }

// A Moment is a revision in half the room, as it looks from revisions that are
// less than 2^32 later; 0 is none.
type Moment uint32

// MomentOf returns the moment of a revision. One in 2^32 of them would have none,
// and gets that of the one before.
func MomentOf(rev uint64) Moment {
	if m := Moment(rev); m != 0 {
		return m
	}
	return ^Moment(0)
}

// Revision returns the revision of a moment, which is not after now.
func (m Moment) Revision(now uint64) uint64 {
	if m == 0 {
		return 0
	}
	return now - uint64(uint32(now)-uint32(m))
}

// A lag says how much longer ago a node was run, and has changed, than it was found
// up to date. While all that has been the same, it is zero, as it is for all nodes
// after their first run.
type lag struct{ ran, changed Moment }

// Times returns the revisions of n.
func (g *Graph) Times(n ID) Times {
	last := g.at(n).verified
	if l := g.lags.get(n); l != nil {
		return Times{last - l.ran, last, last - l.changed}
	}
	return Times{last, last, last}
}

// NoteRun notes that n has run, and whether it has changed.
func (g *Graph) NoteRun(n ID, now Moment, changed bool) {
	t := g.Times(n)
	t.Ran, t.Verified = now, now
	if changed {
		t.Changed = now
	}
	g.setTimes(n, t)
}

// NoteVerified notes that n was found up to date.
func (g *Graph) NoteVerified(n ID, now Moment) {
	t := g.Times(n)
	t.Verified = now
	g.setTimes(n, t)
}

// NoteSet notes that n was assigned an outcome.
func (g *Graph) NoteSet(n ID, now Moment) {
	t := g.Times(n)
	t.Verified, t.Changed = now, now
	g.setTimes(n, t)
}

// NoteChanged notes when n has changed, if that has become something else.
func (g *Graph) NoteChanged(n ID, then Moment) {
	t := g.Times(n)
	t.Changed = then
	g.setTimes(n, t)
}

func (g *Graph) setTimes(n ID, t Times) {
	g.touch(n)
	g.at(n).verified = t.Verified
	l, at := (lag{t.Verified - t.Ran, t.Verified - t.Changed}), g.lags.get(n)
	switch {
	case at != nil:
		*at = l
	case l != lag{}:
		*g.lags.make(n) = l
	}
}
