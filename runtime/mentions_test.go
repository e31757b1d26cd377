package runtime

import (
	"testing"

	"querygen.dev/runtime/internal/graph"
)

func TestMentions(t *testing.T) {
	m := newMentions()
	m.set(1, []graph.ID{2, 3})
	m.set(4, []graph.ID{3, 4})
	for _, c := range []struct {
		nodes []graph.ID
		want  bool
	}{
		{[]graph.ID{1}, true},
		{[]graph.ID{2}, false},
		{[]graph.ID{1, 2}, true},
		{[]graph.ID{1, 2, 3}, false},
		{[]graph.ID{4}, true},
		{[]graph.ID{1, 2, 3, 4}, true},
		{[]graph.ID{5}, true},
	} {
		if got := m.within(c.nodes); got != c.want {
			t.Errorf("%v: got %v", c.nodes, got)
		}
	}
	m.set(4, nil)
	if !m.within([]graph.ID{1, 2, 3}) {
		t.Error("a list that was replaced counts")
	}
	m.delete(1)
	m.delete(4)
	if len(m.lists) != 0 || len(m.times) != 0 {
		t.Errorf("left: %v", m)
	}
}
