package main

import (
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/querytest"
)

// TestCommentEdit is the test that the README shows.
func TestCommentEdit(t *testing.T) {
	db, log := querytest.New(t, query.Options{})
	cx := db.Context(t.Context())
	set := func(text string) {
		db.Update(func(tx *query.Tx) error {
			SetSource(tx, "a.calc", text)
			return nil
		})
	}

	set("let a = 6 * 7 # what was the question?")
	if v, err := Value(cx, "a"); v != 42 || err != nil {
		t.Errorf("a = %d, %v", v, err)
	}
	log.Ran(`calc.parse("a.calc")`, `calc.declarations("a.calc")`, `calc.names("a.calc")`,
		`calc.scope()`, `calc.definition("a")`, `calc.value("a")`)

	set("let a = 6 * 7 # who knows")
	Value(cx, "a")
	log.Ran(`calc.parse("a.calc")`)
}
