package runtime

import (
	"sync"
	"testing"
)

func TestTally(t *testing.T) {
	var n tally
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 1000 {
				n.Inc()
			}
		})
	}
	wg.Wait()
	if n.Value() != 50_000 {
		t.Errorf("%d were counted, want 50,000", n.Value())
	}
}
