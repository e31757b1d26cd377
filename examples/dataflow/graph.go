package main

import (
	"slices"

	query "querygen.dev/runtime"
)

// labels are those of the blocks, in order.
//
//query:pure
func labels(cx *query.Context) []string {
	var list []string
	for _, b := range ParseBlocks(cx) {
		list = append(list, b.Label)
	}
	return list
}

// blockOf is the first block with that label; empty if there is none. It forgets
// all others: whoever reads it is not concerned by edits elsewhere.
//
//query:pure
func blockOf(cx *query.Context, label string) Block {
	blocks := ParseBlocks(cx)
	if i := slices.IndexFunc(blocks, func(b Block) bool { return b.Label == label }); i >= 0 {
		return blocks[i]
	}
	return Block{}
}

// next are the blocks that may come behind a block. It forgets what is computed:
// most edits end here.
//
//query:pure
func next(cx *query.Context, label string) []string {
	var list []string
	all, falls := Labels(cx), true
	for _, i := range BlockOf(cx, label).Code {
		if i.Jump != "" && slices.Contains(all, i.Jump) {
			list = append(list, i.Jump)
		}
		falls = !i.Ends
	}
	if at := slices.Index(all, label); falls && at >= 0 && at+1 < len(all) && !slices.Contains(list, all[at+1]) {
		list = append(list, all[at+1])
	}
	return list
}

// An Effect is what a block does with variables, whatever it computes.
type Effect struct {
	Uses Vars // read before the block assigns them, if it does
	Sets Vars // assigned
}

// effectOf is the sum of the instructions of a block.
//
//query:pure
func effectOf(cx *query.Context, label string) Effect {
	var e Effect
	for _, i := range BlockOf(cx, label).Code {
		e.Uses = e.Uses.union(newVars(i.Uses...).minus(e.Sets))
		if i.Sets != "" {
			e.Sets = e.Sets.union(Vars{i.Sets})
		}
	}
	return e
}
