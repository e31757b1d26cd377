// Calc is a small language whose interpreter is made of queries: a tutorial.
//
// A program is a number of files with definitions, in one shared scope:
//
//	let qty = 4           # boxes per day
//	let week = 7 * qty    # in any order, from any file
//
// Values are 64-bit integers. The operators are + - * / and the sign, with
// parentheses; a comment begins with # and ends with the line.
//
// # The queries
//
// Each arrow reads "is read by":
//
//	source ── parse ─┬─ declarations ─┬─ names ── scope ─┐
//	                 │                └─ definition ◄────┤
//	                 │                       │           │
//	                 │                     value ⟲       │
//	                 │                       │           │
//	                 └─ lines ──────────► problems ◄─────┘
//
// Only source is set from outside; everything else is a function of what it
// reads. Each query forgets something, and what it forgets cannot disturb those
// behind it: parse forgets comments, declarations forgets where in the file a
// declaration stands, names forgets what it says, definition forgets all other
// declarations, value forgets how it was computed.
//
// The README goes through the code line by line.
package main
