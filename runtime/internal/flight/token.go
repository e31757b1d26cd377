package flight

type tokenState uint8

const (
	tokenNone tokenState = iota // has none
	tokenOwn                    // has one
	tokenLent                   // has one, which a body below uses
)

// Take gets a token for the body of f. It returns nil if f has it, or a Wait,
// which Granted or Forgo ends.
func (b *Board) Take(f *Flight) *Wait {
	lender := f.Parent.atWork()
	if lender != nil && lender.token == tokenOwn {
		lender.token = tokenLent
		f.token, f.lender = tokenOwn, lender
		return nil
	}
	return b.acquire(f, lender)
}

// Retake gets a token again for the run that f is part of, if it gave its own
// away when it waited. It returns nil if there is nothing to do, else see Take.
func (b *Board) Retake(f *Flight) *Wait {
	f = f.atWork()
	if f == nil || f.token != tokenNone {
		return nil
	}
	return b.acquire(f, nil)
}

func (b *Board) acquire(f *Flight, lender *Flight) *Wait {
	if b.free > 0 {
		b.free--
		f.token, f.lender = tokenOwn, nil
		return nil
	}
	w := b.newWait(f)
	b.queue = append(b.queue, w)
	if lender != nil && lender.token == tokenLent {
		w.lender = lender
		lender.starved = append(lender.starved, w)
	}
	return w
}

// Granted reports whether a token has come, which ends the wait.
func (b *Board) Granted(w *Wait) bool {
	if w.token {
		b.Leave(w)
	}
	return w.token
}

// Forgo ends a wait for a token that has not come.
func (b *Board) Forgo(w *Wait) {
	b.Leave(w)
	b.queue = without(b.queue, w)
	if w.lender != nil {
		w.lender.starved = without(w.lender.starved, w)
	}
}

// GiveAway gives the token of a run that is going to wait to others. Those who
// lent it are waiting for this run, and have none either.
func (b *Board) GiveAway(f *Flight) {
	f = f.atWork()
	if f == nil || f.token != tokenOwn {
		return
	}
	for {
		f.token = tokenNone
		l := f.lender
		f.lender = nil
		if l == nil {
			break
		}
		f = l
	}
	b.release()
}

// giveBack ends the use of a token.
func (b *Board) giveBack(f *Flight) {
	if f.token != tokenOwn {
		return
	}
	f.token = tokenNone
	l := f.lender
	if l == nil {
		b.release()
		return
	}
	f.lender = nil
	l.token = tokenOwn
	for len(l.starved) > 0 {
		w := l.starved[0]
		l.starved = l.starved[1:]
		if w.token {
			continue
		}
		b.queue = without(b.queue, w)
		l.token = tokenLent
		b.grant(w, l)
		return
	}
}

func (b *Board) release() {
	if len(b.queue) == 0 {
		b.free++
		return
	}
	w := b.queue[0]
	b.queue = b.queue[1:]
	if w.lender != nil {
		w.lender.starved = without(w.lender.starved, w)
	}
	b.grant(w, nil)
}

func (b *Board) grant(w *Wait, lender *Flight) {
	w.token = true
	w.From.token, w.From.lender = tokenOwn, lender
	w.wake()
}

// atWork is f or the nearest flight above it whose body is running, or nil.
func (f *Flight) atWork() *Flight {
	for f != nil && !f.Running {
		f = f.Parent
	}
	if f == nil || f.Node == 0 {
		return nil
	}
	return f
}
