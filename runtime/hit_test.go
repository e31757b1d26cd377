package runtime_test

import (
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/internal/words"
)

func BenchmarkHit(b *testing.B) {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(b.Context())
	for b.Loop() {
		words.Words(cx, "a.txt")
	}
}
