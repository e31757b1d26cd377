// Package words is what the examples in the documentation of runtime are about.
package words

import (
	"fmt"
	"slices"
	"strings"

	query "querygen.dev/runtime"
)

//go:generate go tool querygen

// text is the content of a file.
//
//query:input
func text(cx *query.Context, file string) string { return "" }

// words counts the words of a file.
//
//query:pure task
func words(cx *query.Context, file string) int { return len(strings.Fields(Text(cx, file))) }

// longest names the file with the most words.
//
//query:pure
func longest(cx *query.Context) (string, error) {
	best, most := "", -1
	for _, file := range TextKeys(cx) {
		if n := Words(cx, file); n > most {
			best, most = file, n
		}
	}
	if most < 0 {
		return "", fmt.Errorf("there are no files")
	}
	return best, nil
}

// Now is the time of the outside world.
var Now = "morning"

// clock looks at the outside world.
//
//rerun:generation
func clock(cx *query.Context) string { return Now }

// lint emits a warning for each word that is written twice in a row.
//
//query:pure task
func lint(cx *query.Context, file string) int {
	last, found := "", 0
	for _, word := range strings.Fields(Text(cx, file)) {
		if word == last {
			query.Emit(cx, Warning(file+": "+word+" "+word))
			found++
		}
		last = word
	}
	return found
}

// A Warning is what lint emits.
type Warning string

// lintAll lints all files.
//
//query:pure task
func lintAll(cx *query.Context) int {
	found := 0
	for _, file := range TextKeys(cx) {
		found += Lint(cx, file)
	}
	return found
}

// A Style says what count leaves out. It has a slice, so it is no key.
type Style struct {
	Skip  []string
	Lower bool
}

// count counts the words of a file in a style.
//
//query:pure
func count(cx *query.Context, file string, style query.Handle[Style]) int {
	s, n := style.Value(cx), 0
	for _, word := range strings.Fields(Text(cx, file)) {
		if s.Lower {
			word = strings.ToLower(word)
		}
		if !slices.Contains(s.Skip, word) {
			n++
		}
	}
	return n
}
