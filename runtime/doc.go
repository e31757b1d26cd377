// Package runtime is the engine below generated queries: it remembers what they
// returned, records who read what, and after a change runs again only what
// really has to. Import it as query, as generated code does:
//
//	import query "querygen.dev/runtime"
//
// # The model
//
// A query is an annotated function. The generator (querygen.dev/cmd/querygen)
// writes a wrapper for it; calling the wrapper demands the query's result:
//
//	//query:input
//	func source(cx *query.Context, file string) string { return "" }
//
//	// words counts the words of a file.
//	//
//	//query:pure
//	func words(cx *query.Context, file string) int {
//		return len(strings.Fields(Source(cx, file)))
//	}
//
// A query together with one key, the arguments of a call, is a node. One
// execution of its body is a run. While it runs, each wrapper that it calls is
// recorded as a read, in order. What it ends in, values or values with an
// error, is the node's outcome. Errors are remembered like values.
//
// Inputs are set from outside in an update, and each update that changes
// anything begins a new revision:
//
//	db := query.New(query.Options{})
//	db.Update(func(tx *query.Tx) error {
//		SetSource(tx, "a.txt", "to be or not to be")
//		return nil
//	})
//	n := Words(db.Context(ctx), "a.txt") // runs words
//	n = Words(db.Context(ctx), "a.txt")  // does not
//
// A change is followed along the recorded reads, upwards, to the nodes that may
// be affected. When one of them is demanded, its reads are brought up to date in
// the order in which they were made, and compared; the first that has really
// changed makes the body run. If none has, the node is up to date without a run.
// If it runs and its outcome is equal to the one before, its readers do not
// notice: that is early cutoff, and it is what keeps an edit from spreading.
// Where it is certain that a node will be demanded, or where it is cheap, it is run
// before those above it are looked at, so that an edit costs what it affects, however
// large the graph; see [Options.NoRunAhead].
//
// The outside world is read in queries annotated //rerun:generation, which run
// again at their first demand after [DB.NextGeneration], and //rerun:always,
// which run once in each request.
//
// A request is one call of a wrapper from outside any query, or one [DB.Run] or
// [Do]. All that it reads is of one revision. If an update overtakes it and
// changes something it has read, it begins again, except for Run, which ends in
// [ErrSuperseded].
//
// # Promises
//
// What a request returns is what a new database with the same inputs and the
// same outside world would return. Any number of goroutines may demand; those
// that demand the same node share one run. Cycles are errors that name their
// members, see [CycleError]; panics come out at the root of the request as
// [PanicError]; a request whose context is done ends at its next call.
//
// In return, a query must be a function of its key and of what it reads through
// its Context, and nobody may write to a value that a query has returned: it is
// shared.
//
// # Equality
//
// Outcomes are compared by their content: floats by bits, nil and empty slices
// and maps differ, pointers by what they point at, a time.Time by instant and
// zone. If the result type itself has a method Equal(T) bool, that decides. With
// the option eq=never each run is a change; with the option identity pointers
// are equal only to themselves. When an outcome is equal to the one before, the
// old one stays, pointers included.
//
// # Cycles
//
// Queries that demand each other in a circle end in a [CycleError], each of them
// in the same one, whoever was asked first. Two options say otherwise:
//
//   - With cycle=fallback:fn the nodes so marked take what fn says, and the others
//     on the cycle go on with that.
//   - With cycle=fixpoint:fn the nodes on the cycle run again and again, beginning
//     with what fn says, until nothing changes: data flow, type inference, grammar
//     analysis. Whoever is not part of it sees the final values alone. The bodies
//     should be monotone: from more, they make more; else the values can depend on
//     who was asked first, or never settle, which after 200 rounds is an error.
//
// # Emissions
//
// What callers far above want, and those between should not have to pass on, is
// emitted with [Emit] and gathered with [Collect]: diagnostics, symbols, files to
// be written. It is stored with the result and comes again without a run.
//
// # Handles
//
// A key is compared, so it has no slices and maps in it. Such a value, or one
// that is too big to be passed around, gets a [Handle] from [Intern], once.
//
// # Memory
//
// A database remembers all results. With [Options.MemoryBudget] it forgets the values
// of those that were not demanded for a while, not how they came about: they still
// cut off, and are made again when they are demanded.
//
// # Looking inside
//
// [Options.OnEvent] is told of each run, its cause and its end; [DB.Stats]
// counts; [Inspect] shows a node's reads. Package querytest makes assertions of
// what ran. [Options.Verify] finds queries that are not pure, and code that writes
// to values that are shared.
package runtime
