package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	query "querygen.dev/runtime"
)

// A scene is a database and a world of its own, for one test.
type scene struct {
	*Outside
	t  *testing.T
	db *query.DB
	cx *query.Context // outside of any request
	w  World

	mu   sync.Mutex
	runs []string // since they were last asked for; guarded by mu
}

var scenes atomic.Int64

func newScene(t *testing.T, opts query.Options) *scene {
	t.Helper()
	s := &scene{t: t, w: World(fmt.Sprint("w", scenes.Add(1)))}
	s.Outside = Open(s.w, func(msg string) { t.Error(msg) })
	opts.OnEvent = s.onEvent
	s.db = query.New(opts)
	s.cx = s.db.Context(t.Context())
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
		s.w.Close()
	})
	return s
}

// onEvent notes a run as a call without package and world: always("v").
func (s *scene) onEvent(e query.Event) {
	if e.Kind != query.Run {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, s.call(query.Node{Query: e.Query, Key: e.Key}))
}

func (s *scene) call(n query.Node) string {
	call := strings.TrimPrefix(n.String(), "scenarios.")
	call = strings.ReplaceAll(call, strconv.Quote(string(s.w))+", ", "")
	return strings.ReplaceAll(call, strconv.Quote(string(s.w)), "")
}

// took returns what ran since the last time, in the order in which it began.
func (s *scene) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := s.runs
	s.runs = nil
	return runs
}

// ran fails the test unless exactly these ran since the last time, in this order.
func (s *scene) ran(want ...string) {
	s.t.Helper()
	if got := s.took(); !slices.Equal(got, want) {
		s.t.Errorf("ran %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// ranSet is ran in any order.
func (s *scene) ranSet(want ...string) {
	s.t.Helper()
	got := s.took()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("ran %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// ranTimes fails the test unless a call ran that often since the last time,
// whatever else ran. It forgets nothing.
func (s *scene) ranTimes(call string, want int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	got := 0
	for _, r := range s.runs {
		if r == call {
			got++
		}
	}
	if got != want {
		s.t.Errorf("%s ran %d times, want %d", call, got, want)
	}
}

// set sets one input in an update of its own.
func (s *scene) set(i, v int) {
	s.t.Helper()
	s.update(func(tx *query.Tx) { SetIn(tx, i, v) })
}

func (s *scene) update(f func(tx *query.Tx)) {
	s.t.Helper()
	err := s.db.Update(func(tx *query.Tx) error {
		f(tx)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// equal fails the test unless got is want.
func equal[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// fine is equal for a result without an error.
func fine[T comparable](t *testing.T, want T) func(got T, err error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

// thrown returns what f panics with, nil if it does not.
func thrown(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
