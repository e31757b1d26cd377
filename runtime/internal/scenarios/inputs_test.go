package scenarios

import (
	"errors"
	"fmt"
	"testing"

	query "querygen.dev/runtime"
)

// TestSetEqual: an update that changes nothing is no revision.
func TestSetEqual(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 5)
	rev := s.db.Revision()
	s.set(0, 5)
	s.update(func(tx *query.Tx) {})
	s.update(func(tx *query.Tx) {
		SetIn(tx, 0, 6)
		SetIn(tx, 0, 5)
		UnsetIn(tx, 1)
	})
	equal(t, s.db.Revision(), rev)
	s.update(func(tx *query.Tx) {
		SetIn(tx, 0, 6)
		SetIn(tx, 1, 6)
	})
	equal(t, s.db.Revision(), rev+1)
}

// TestUpdateFails: all or nothing.
func TestUpdateFails(t *testing.T) {
	s := newScene(t, query.Options{})
	s.set(0, 1)
	rev := s.db.Revision()
	broken := errors.New("broken")
	err := s.db.Update(func(tx *query.Tx) error {
		SetIn(tx, 0, 2)
		tx.NextGeneration()
		return broken
	})
	equal(t, err, broken)
	equal(t, thrown(func() {
		s.db.Update(func(tx *query.Tx) error {
			SetIn(tx, 0, 3)
			panic("no")
		})
	}), any("no"))
	equal(t, s.db.Revision(), rev)
	equal(t, In(s.cx, 0), 1)
	s.set(0, 4)
	equal(t, In(s.cx, 0), 4)
}

func TestLookup(t *testing.T) {
	s := newScene(t, query.Options{})
	look := func(tx *query.Tx, want int, wantOK bool) {
		t.Helper()
		v, ok := LookupIn(tx, 0)
		if v != want || ok != wantOK {
			t.Errorf("got %d, %t, want %d, %t", v, ok, want, wantOK)
		}
	}
	var kept *query.Tx
	s.update(func(tx *query.Tx) {
		look(tx, 0, false)
		SetIn(tx, 0, 1)
		look(tx, 1, true)
	})
	s.update(func(tx *query.Tx) {
		look(tx, 1, true)
		UnsetIn(tx, 0)
		look(tx, 0, false)
		SetIn(tx, 0, 2)
		look(tx, 2, true)
		UnsetIn(tx, 0)
		kept = tx
	})
	s.update(func(tx *query.Tx) { look(tx, 0, false) })
	if thrown(func() { SetIn(kept, 0, 1) }) == nil || thrown(func() { LookupIn(kept, 0) }) == nil {
		t.Error("a Tx can be used after its update")
	}
}

// TestReadModifyWrite: updates are serial.
func TestReadModifyWrite(t *testing.T) {
	s := newScene(t, query.Options{})
	done := make(chan bool)
	for range 4 {
		go func() {
			for range 100 {
				s.db.Update(func(tx *query.Tx) error {
					v, _ := LookupIn(tx, 0)
					SetIn(tx, 0, v+1)
					return nil
				})
			}
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
	equal(t, In(s.cx, 0), 400)
	equal(t, s.db.Revision(), 401)
}

// TestKeys: a list that changes only when a key comes or goes.
func TestKeys(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("keys", func(cx *query.Context) (int, error) { return len(InKeys(cx)), nil })
	keys := func(want ...int) {
		t.Helper()
		equal(t, fmt.Sprint(InKeys(s.cx)), fmt.Sprint(want))
		fine(t, len(want))(Body(s.cx, s.w, "keys"))
	}
	keys()
	s.update(func(tx *query.Tx) {
		SetIn(tx, 3, 1)
		SetIn(tx, 1, 1)
	})
	s.set(2, 1)
	keys(3, 1, 2)
	s.ranTimes(`body("keys")`, 2)
	s.took()
	s.set(1, 100)
	keys(3, 1, 2)
	s.ran()
	In(s.cx, 4) // to demand is not to set
	s.ran("in(4)")
	keys(3, 1, 2)
	s.ran()
	s.update(func(tx *query.Tx) { UnsetIn(tx, 3) })
	keys(1, 2)
	s.ran(`body("keys")`)
	s.update(func(tx *query.Tx) { SetIn(tx, 5, 1) })
	s.update(func(tx *query.Tx) { SetIn(tx, 3, 1) })
	keys(3, 1, 2, 5)
	// Away and back between two demands is no change.
	s.took()
	s.update(func(tx *query.Tx) { UnsetIn(tx, 5) })
	s.update(func(tx *query.Tx) { SetIn(tx, 5, 1) })
	keys(3, 1, 2, 5)
	s.ran()
}

// TestUnset: an input that is not set is its body.
func TestUnset(t *testing.T) {
	s := newScene(t, query.Options{})
	equal(t, Fin(s.cx, 0), 0)
	s.ran("fin(0)", "mid(0)", "in(0)")
	s.set(0, 0) // what the body has said
	equal(t, Fin(s.cx, 0), 0)
	s.ran()
	s.set(0, 4)
	equal(t, Fin(s.cx, 0), 4)
	s.ran("mid(0)", "fin(0)")
	s.update(func(tx *query.Tx) { UnsetIn(tx, 0) })
	equal(t, Fin(s.cx, 0), 0)
	s.ran("in(0)", "mid(0)", "fin(0)")
}
