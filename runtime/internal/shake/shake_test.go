package shake_test

import (
	"sync"
	"testing"

	"querygen.dev/runtime/internal/shake"
)

func TestMutex(t *testing.T) {
	var mu shake.Mutex
	var wg sync.WaitGroup
	n := 0
	for range 8 {
		wg.Go(func() {
			for range 100 {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n != 800 {
		t.Errorf("%d steps under the lock, want 800", n)
	}
}

// BenchmarkPoint costs nothing without the tag.
func BenchmarkPoint(b *testing.B) {
	for b.Loop() {
		shake.Point()
	}
}
