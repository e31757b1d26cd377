package querytest_test

import (
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/internal/words"
	"querygen.dev/runtime/querytest"
)

func ExampleNew() {
	test := func(t *testing.T) {
		db, log := querytest.New(t, query.Options{})
		cx := db.Context(t.Context())
		words.Longest(cx)
		log.Ran("words.longest()")
		words.Longest(cx)
		log.Ran() // nothing
	}
	_ = test // go test calls it
}
