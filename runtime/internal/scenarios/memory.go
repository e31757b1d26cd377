package scenarios

import (
	"strings"

	query "querygen.dev/runtime"
)

// page is a kilobyte, and the same for two values of its input.
//
//query:pure task
func page(cx *query.Context, n int) []string {
	return []string{strings.Repeat(string(rune('a'+In(cx, n)/2%26)), 1024)}
}

// book reads many pages.
//
//query:pure task
func book(cx *query.Context, pages int) int {
	letters := 0
	for n := range pages {
		letters += len(Page(cx, n)[0])
	}
	return letters
}

// A Volume is equal to itself alone.
type Volume struct{ Letters [1024]int }

// volume makes a new one in each run.
//
//query:pure identity name=NewVolume task
func volume(cx *query.Context, n int) *Volume { return &Volume{[1024]int{In(cx, n)}} }

// shelf holds what volume returns.
//
//query:pure identity task
func shelf(cx *query.Context, n int) *[2]*Volume { return &[2]*Volume{NewVolume(cx, n)} }
