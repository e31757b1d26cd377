// Package flight knows who is at work on what, and who waits for whom.
//
// A flight is the claim of one request on one node, from the moment it starts
// to verify or run it until it is done. Flights form a tree by who demanded
// whom: the children of a flight are the calls in progress through its Context,
// whether in its own goroutine or in others. A call that finds its node in
// somebody else's flight waits.
//
// Before anybody waits, the calls in progress below the flight to be waited for
// are followed; if they lead back to the one who asks, waiting would never end:
// see [Board.Path]. So nothing ever sleeps on a cycle.
//
// When it has ended, a flight serves another node, unless somebody may have it in
// hand. What a body, and the goroutines that it leaves behind, know of it is its Run,
// which is never used again.
//
// Bodies need a token to run, of which there are Parallelism; see token.go.
//
// Everything here is guarded by the lock of the database, except Buffer, which
// has its own, and the channel of a Wait. The lock of the database is taken
// before that of a Buffer.
package flight
