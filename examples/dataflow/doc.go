// Dataflow finds live variables: which variables may still be read at which
// place of a program. It is an example of queries that need each other in a
// circle, and of the option cycle=fixpoint.
//
// A program is a number of blocks, each a label and some instructions:
//
//	loop:
//		if i >= n goto done     # what follows a jump begins with a label
//	body:
//		sum = sum + i
//		i = i + 1
//		goto loop
//	done:
//		print sum
//
// Values are integers; the operators are + - * / % and, in conditions,
// < <= > >= == !=. A comment begins with #. Blocks without a jump go on with the
// next one.
//
// # The queries
//
// Each arrow reads "is read by":
//
//	source ── parse ─┬─ Blocks ─┬─ labels ── next ──► liveOut ◄─┐
//	                 │          │              ▲         │      │
//	                 │          └─ block ──────┤         ▼      │
//	                 │                         └─ effect ─► liveIn
//	                 │                                   │
//	                 └─ Lines ──────────────► problems ◄─┘
//
// liveOut of a block needs liveIn of the blocks behind it, and in a loop those
// need liveOut of the block itself.
package main
