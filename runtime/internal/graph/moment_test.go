package graph_test

import (
	"testing"

	"querygen.dev/runtime/internal/graph"
)

func TestMoment(t *testing.T) {
	for _, c := range []struct{ rev, now, want uint64 }{
		{1, 1, 1},
		{1, 1 << 31, 1},
		{1<<32 - 1, 1<<32 + 5, 1<<32 - 1},
		{1 << 32, 1 << 32, 1<<32 - 1}, // the one that has none
		{1<<32 + 1, 1<<32 + 1, 1<<32 + 1},
		{7<<32 + 9, 8<<32 + 8, 7<<32 + 9},
	} {
		if got := graph.MomentOf(c.rev).Revision(c.now); got != c.want {
			t.Errorf("the moment of revision %d is that of %d in revision %d, want %d", c.rev, got, c.now, c.want)
		}
	}
	if got := graph.Moment(0).Revision(5); got != 0 {
		t.Errorf("no moment is that of revision %d", got)
	}
}
