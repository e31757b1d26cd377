package runtime

import "fmt"

// CheckInvariants returns the first violation of the graph's invariants. It
// must be called while nothing runs.
func CheckInvariants(db *DB) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.flush()
	if err := db.g.Check(); err != nil {
		return err
	}
	if err := db.board.Idle(db.opts.Parallelism); err != nil {
		return err
	}
	if n := len(db.requests); n != 0 {
		return fmt.Errorf("%d requests have not ended", n)
	}
	return nil
}

// HandleCount is how many values of a type have handles, or had until just now.
func HandleCount[T any]() int {
	h := handlesOf[T]()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.bySum)
}
