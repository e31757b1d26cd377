package flight

// A run needs a token while its body is at work, that is, while none of its
// calls is in progress: then it is suspended, and its token serves the first of
// those calls. So whoever holds a token is computing or waits for something
// that the engine knows nothing of; no run that holds one has another below it
// that wants one. That is why waiting for a token cannot deadlock.

// TryToken takes a token if there is one.
func (b *Board) TryToken() bool {
	if b.free == 0 {
		return false
	}
	b.free--
	return true
}

// ReleaseToken gives a token back: to the one who has waited longest.
func (b *Board) ReleaseToken() {
	if len(b.queue) == 0 {
		b.free++
		return
	}
	w := b.queue[0]
	b.queue = b.queue[1:]
	w.granted = true
	w.wake()
}

// WaitToken registers a wait for a token, on behalf of a call of from. Granted or
// Forgo ends it.
func (b *Board) WaitToken(from *Flight) *Wait {
	w := b.newWait(from)
	b.queue = append(b.queue, w)
	return w
}

// Granted reports whether the token or the place has come, which ends the wait.
func (b *Board) Granted(w *Wait) bool {
	if w.granted {
		b.Leave(w)
	}
	return w.granted
}

// Forgo ends a wait for a token or a place that has not come.
func (b *Board) Forgo(w *Wait) {
	b.Leave(w)
	if w.place != nil {
		b.unqueue(w)
		return
	}
	b.queue = without(b.queue, w)
}

// Suspend begins a call of f: the first one takes the token of f along, which
// Suspend reports.
func (b *Board) Suspend(f *Flight) (token bool) {
	f.calls++
	token, f.Token = f.Token, false
	return token
}

// Resume ends a call of f, which has come back with a token or without one. It
// reports whether f has to get a place and a token before its body may go on: a
// place first, and then f does without the token meanwhile.
func (b *Board) Resume(f *Flight, token bool) (needs bool) {
	f.calls--
	if f.Node == 0 || f.calls > 0 {
		if token {
			b.ReleaseToken()
		}
		return false
	}
	if token && !b.TryPlace(f) {
		b.ReleaseToken()
		return true
	}
	f.Token = token
	return !token
}

// Grant gives f a token that Resume had asked for, unless another call of f has
// begun since.
func (b *Board) Grant(f *Flight) {
	if f.calls > 0 || f.Token {
		b.ReleaseToken()
		return
	}
	f.Token = true
}
