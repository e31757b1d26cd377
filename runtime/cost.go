package runtime

import (
	"time"

	"querygen.dev/runtime/internal/graph"
)

const (
	cheapBody  = 30 * time.Microsecond // what may run ahead takes no longer
	costSample = 64                    // one in so many runs is timed, and the first ones
	costFirst  = 4
)

// A cost is what is known of the time that the bodies of a query take.
type cost struct {
	runs  uint32
	timed uint32
	most  time.Duration // of the bodies that were timed; older ones count less
}

func (c *cost) cheap() bool { return c.timed >= costFirst && c.most <= cheapBody }

// clock is the time from which on bodies are timed.
var clock = time.Now()

func since(begun int64) time.Duration {
	if begun == 0 {
		return 0
	}
	return max(1, time.Since(clock)-time.Duration(begun))
}

// sample returns the time if a run of q is to be timed, else 0.
func (db *DB) sample(q *query) int64 {
	if int(q.index) >= len(db.costs) {
		db.costs = append(db.costs, make([]cost, int(q.index)+1-len(db.costs))...)
	}
	c := &db.costs[q.index]
	c.runs++
	if c.timed >= costFirst && c.runs%costSample != 0 {
		return 0
	}
	return int64(max(1, time.Since(clock)))
}

// learn notes what a body of node n took that has called nothing which was not up
// to date.
func (db *DB) learn(n graph.ID, took time.Duration) {
	k, _ := db.keeper(n)
	c := &db.costs[k.query().index]
	c.timed++
	c.most = max(took, c.most-c.most/8)
}
