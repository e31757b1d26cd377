package runtime

import "querygen.dev/runtime/internal/graph"

// mentions are lists of nodes that are kept by node, beside the graph; guarded by
// db.mu. How often a node is in any of them is counted, so that to find out whether
// somebody knows a node does not take a look at all lists.
type mentions struct {
	lists map[graph.ID][]graph.ID
	times map[graph.ID]int
}

func newMentions() mentions {
	return mentions{map[graph.ID][]graph.ID{}, map[graph.ID]int{}}
}

// set makes list that of n. It must not be written to.
func (m *mentions) set(n graph.ID, list []graph.ID) {
	m.delete(n)
	m.lists[n] = list
	for _, c := range list {
		m.times[c]++
	}
}

func (m *mentions) delete(n graph.ID) {
	if len(m.lists) == 0 {
		return
	}
	for _, c := range m.lists[n] {
		if m.times[c]--; m.times[c] == 0 {
			delete(m.times, c)
		}
	}
	delete(m.lists, n)
}

// within reports whether nodes are in no lists but those of each other.
func (m *mentions) within(nodes []graph.ID) bool {
	if len(m.lists) == 0 {
		return true
	}
	own := map[graph.ID]int{}
	for _, n := range nodes {
		for _, c := range m.lists[n] {
			own[c]++
		}
	}
	for _, n := range nodes {
		if m.times[n] != own[n] {
			return false
		}
	}
	return true
}
