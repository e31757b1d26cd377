package main

import query "querygen.dev/runtime"

// liveOut are the variables that may be read behind a block before they are
// assigned again: those that are live where it may go on.
//
// In a loop it needs itself, by way of liveIn. It begins with no variable, and
// goes round until there are no more to be found.
//
//query:pure cycle=fixpoint:nothing
func liveOut(cx *query.Context, label string) Vars {
	var live Vars
	for _, l := range Next(cx, label) {
		live = live.union(LiveIn(cx, l))
	}
	return live
}

// nothing is what is known of a block in a loop before anything is known.
func nothing(*query.Context, string) Vars { return nil }

// liveIn are the variables that are live where a block begins: those it reads,
// and those that are live behind it, unless it assigns them.
//
//query:pure
func liveIn(cx *query.Context, label string) Vars {
	e := EffectOf(cx, label)
	return LiveOut(cx, label).minus(e.Sets).union(e.Uses)
}
