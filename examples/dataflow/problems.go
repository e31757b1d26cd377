package main

import (
	"cmp"
	"slices"

	query "querygen.dev/runtime"
)

// unread are the instructions of a block that assign a variable nobody reads
// afterwards.
//
//query:pure
func unread(cx *query.Context, label string) []int {
	var list []int
	live := LiveOut(cx, label)
	for n, i := range slices.Backward(BlockOf(cx, label).Code) {
		if i.Sets != "" && !slices.Contains(live, i.Sets) {
			list = append(list, n)
			continue // what it reads is not needed for it
		}
		live = live.minus(Vars{i.Sets}).union(newVars(i.Uses...))
	}
	return list
}

// problems are what is wrong with the program, from top to bottom.
//
//query:pure
func problems(cx *query.Context) []Problem {
	list := slices.Clone(ParseFlaws(cx))
	lines, all := ParseLines(cx), Labels(cx)
	for at, label := range all {
		if slices.Index(all, label) < at {
			list = append(list, Problem{lines[at], "a second block " + label})
			continue
		}
		code := BlockOf(cx, label).Code
		for _, i := range code {
			if i.Jump != "" && !slices.Contains(all, i.Jump) {
				list = append(list, Problem{lines[at] + i.Line, "there is no block " + i.Jump})
			}
		}
		for _, n := range Unread(cx, label) {
			list = append(list, Problem{lines[at] + code[n].Line, "nobody reads this " + code[n].Sets})
		}
	}
	if len(all) > 0 {
		for _, name := range LiveIn(cx, all[0]) {
			list = append(list, Problem{lines[0], name + " may be read before it is assigned"})
		}
	}
	slices.SortStableFunc(list, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return list
}
