// Package graph keeps who read what, as columns of plain numbers.
//
// # Model
//
// A node is a dense number. It has a state, a stamp and the ordered list of
// reads of its last run. Two outcomes of one node are equal if and only if
// their stamps are equal; stamps are never reset. A read is an edge: it hangs
// in the list of its owner (the node that read) and in the list of readers of
// its child (the node that was read).
//
// A node is Never (not run yet), Clean, Dirty (something below it may have
// changed) or Must (it has to run, whatever its reads say). A Dirty node has
// records: edges together with the stamp that the owner saw when it read.
// Verification demands the children of the records in order of the reads and
// compares stamps; it looks at no other edge.
//
// A node is tainted if it reads something that is green for one request only:
// a volatile node (one that runs in every request, or that ended in an outcome
// not to be remembered) or another tainted node. The records of those edges
// are standing: they stay when the node is verified, so that every request
// walks them again. A volatile node is tainted itself.
//
// # Invariants
//
// The code refers to these numbers.
//
//   - I1: when a flush has ended, every recorded reader of a node that is not
//     Clean is itself not Clean, and has a record for that edge. A reader of a
//     tainted node is tainted, and has a record for that edge.
//   - I2: an edge without a record was read at the child's current stamp; an
//     edge with a record was read at the stamp in the record, or the record is
//     spoilt: then the owner has to run.
//   - I3: a node that is Clean and not tainted has the outcome that running it
//     now would have.
//   - I4: an edge e is live if and only if it lies in its owner's current list.
//     Lists that a run replaced stay linked as dead edges until a sweep.
//   - I5: a node is higher than all that it reads, or unordered; what reads an
//     unordered node is unordered. See height.go.
//
// While a change goes up (see front.go), I1 does not hold above the front, and all
// that is Clean and lower than the lowest node of the front is up to date (I3). Nor does
// I1 hold above nodes that are parked (see aside.go).
//
// # Concurrency
//
// State may be read by anybody at any time. Everything else is guarded by the
// lock of the database that owns the graph.
package graph
