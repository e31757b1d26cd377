package querytest_test

import (
	"fmt"
	"strings"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/internal/words"
	"querygen.dev/runtime/querytest"
)

// A recorder is a testing.TB that keeps its errors.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestRan(t *testing.T) {
	r := &recorder{TB: t}
	events := 0
	db, log := querytest.New(r, query.Options{OnEvent: func(query.Event) { events++ }})
	cx := db.Context(t.Context())
	demand := func() {
		db.Update(func(tx *query.Tx) error { words.SetText(tx, "a", fmt.Sprint(db.Revision(), " words")); return nil })
		words.Words(cx, "a")
		words.Words(cx, "b")
	}
	demand()
	log.Ran(`words.words("a")`, `querygen.dev/runtime/internal/words.words("b")`, `words.text("b")`)
	log.Ran()
	if len(r.errors) != 0 {
		t.Errorf("what ran is said not to have: %v", r.errors)
	}
	demand()
	log.Ran(`words.words("c")`)
	want := []string{`did not run: words.words("c")`, `ran, unexpectedly: words.words("a")`}
	if strings.Join(r.errors, "\n") != strings.Join(want, "\n") {
		t.Errorf("errors are %q, want %q", r.errors, want)
	}
	if events == 0 {
		t.Error("the caller's OnEvent was not called")
	}
}
