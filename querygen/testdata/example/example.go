// Package example is what ExampleGenerate generates for.
package example

import query "querygen.dev/runtime"

// length counts the letters of a word.
//
//query:pure
func length(cx *query.Context, word string) int { return len(word) }

// now is the clock.
//
// rerun always
func now(cx *query.Context) int64 { return 0 }
