package main

import (
	"slices"
	"testing"
)

// loops is a program of two loops, one behind the other.
const loops = `start:
	i = 0
first:
	if i >= n goto between
count:
	i = i + 1
	goto first
between:
	i = 0
	s = 0
second:
	if i >= n goto done
sum:
	s = s + i
	i = i + 2
	goto second
done:
	print s
`

// reading is what runs whenever a block says something else: the parser, and for each
// block the query that finds it.
var reading = []string{
	`dataflow.parse()`, `dataflow.parse.Blocks()`, `dataflow.labels()`,
	`dataflow.blockOf("start")`, `dataflow.blockOf("first")`, `dataflow.blockOf("count")`, `dataflow.blockOf("between")`,
	`dataflow.blockOf("second")`, `dataflow.blockOf("sum")`, `dataflow.blockOf("done")`,
}

// TestEdits says what runs after an edit of one block. Beyond that it is what the
// edit can have a say in, and only as far as something has changed.
func TestEdits(t *testing.T) {
	tests := []struct {
		name, old, new string
		ran            []string
	}{
		{"another number", "i + 2", "i + 3", []string{`dataflow.parse()`}},
		{"lines that move", "start:", "# Two loops.\nstart:", []string{`dataflow.parse()`, `dataflow.parse.Blocks()`}},
		{"nothing new about a block", "print s", "print s # the sum\n\tprint s", with(
			`dataflow.next("done")`, `dataflow.effectOf("done")`,
		)},
		{"a block before all loops", "i = 0\nfirst", "i = k\nfirst", with(
			`dataflow.next("start")`, `dataflow.effectOf("start")`, `dataflow.liveIn("start")`,
		)},
		{"a block in the first loop", "i + 1", "i + k", with(
			`dataflow.next("count")`, `dataflow.effectOf("count")`,
			`dataflow.liveOut("start")`, `dataflow.liveOut("first")`, `dataflow.liveOut("count")`,
			`dataflow.liveIn("start")`, `dataflow.liveIn("first")`, `dataflow.liveIn("first")`, `dataflow.liveIn("count")`, `dataflow.liveIn("count")`,
		)},
		{"a block in the second loop", "s + i", "s * k", with(
			`dataflow.next("sum")`, `dataflow.effectOf("sum")`,
			`dataflow.liveOut("second")`, `dataflow.liveOut("sum")`, `dataflow.liveOut("sum")`,
			`dataflow.liveIn("second")`, `dataflow.liveIn("second")`, `dataflow.liveIn("sum")`, `dataflow.liveIn("sum")`,
			`dataflow.liveOut("between")`, `dataflow.liveIn("between")`,
			`dataflow.liveOut("first")`, `dataflow.liveOut("count")`,
			`dataflow.liveIn("first")`, `dataflow.liveIn("first")`, `dataflow.liveIn("count")`,
			`dataflow.liveOut("start")`, `dataflow.liveIn("start")`,
		)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newProgramOf(t, loops)
			p.live()
			p.log.Ran(slices.Concat(reading, everything)...)
			p.edit(test.old, test.new)
			p.live()
			p.log.Ran(test.ran...)
			checkSolved(p)
			p.log.Ran()
		})
	}
}

// everything is what runs at first beside that: in each loop some of it twice.
var everything = []string{
	`dataflow.next("start")`, `dataflow.next("first")`, `dataflow.next("count")`, `dataflow.next("between")`, `dataflow.next("second")`, `dataflow.next("sum")`, `dataflow.next("done")`,
	`dataflow.effectOf("start")`, `dataflow.effectOf("first")`, `dataflow.effectOf("count")`, `dataflow.effectOf("between")`, `dataflow.effectOf("second")`, `dataflow.effectOf("sum")`, `dataflow.effectOf("done")`,
	`dataflow.liveIn("start")`, `dataflow.liveIn("first")`, `dataflow.liveIn("count")`, `dataflow.liveIn("between")`, `dataflow.liveIn("second")`, `dataflow.liveIn("sum")`, `dataflow.liveIn("done")`,
	`dataflow.liveIn("first")`, `dataflow.liveIn("first")`, `dataflow.liveIn("second")`, `dataflow.liveIn("second")`, `dataflow.liveIn("sum")`,
	`dataflow.liveOut("start")`, `dataflow.liveOut("first")`, `dataflow.liveOut("count")`, `dataflow.liveOut("between")`, `dataflow.liveOut("second")`, `dataflow.liveOut("sum")`, `dataflow.liveOut("done")`,
	`dataflow.liveOut("sum")`, `dataflow.liveOut("between")`,
}

// with adds what is said of one edit to what runs after each.
func with(more ...string) []string { return slices.Concat(reading, more) }
