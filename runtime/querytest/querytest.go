// Package querytest helps to test programs made of queries: it tells which
// queries ran.
//
//	db, log := querytest.New(t, query.Options{})
//	cx := db.Context(t.Context())
//	Table(cx)
//	log.Ran("rates.table()", `rates.file("a.json")`)
package querytest

import (
	"slices"
	"strings"
	"sync"
	"testing"

	query "querygen.dev/runtime"
)

// A Log collects the runs of a database. It may be used by several goroutines.
type Log struct {
	t    testing.TB
	mu   sync.Mutex
	runs []query.Node // since the last call of Ran; guarded by mu
}

// New returns a database in memory that is closed at the end of the test, and
// the log of its runs. An OnEvent in opts is called as well.
//
// Unless opts says otherwise, all that is found green is verified, see
// [query.VerifyMode]: the test fails if a query is impure, or if somebody writes
// to a value that a query has returned. The runs that this takes are not among
// those that the log tells of, but a body that counts them, or that must not run
// twice, needs [query.VerifyNone].
func New(t testing.TB, opts query.Options) (*query.DB, *Log) {
	t.Helper()
	l := &Log{t: t}
	next := opts.OnEvent
	if opts.Verify == query.VerifyOff {
		opts.Verify = query.VerifyAll
	}
	opts.OnEvent = func(e query.Event) {
		switch e.Kind {
		case query.Run:
			l.add(query.Node{Query: e.Query, Key: e.Key})
		case query.Violation:
			t.Errorf("%v", e.Err)
		}
		if next != nil {
			next(e)
		}
	}
	db := query.New(opts)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return db, l
}

func (l *Log) add(n query.Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = append(l.runs, n)
}

// Ran fails the test unless exactly these nodes ran since the last call of Ran
// (or since New), in any order; a node that ran twice is to be named twice. A
// node is written as the call of its query, with the name of its package or the
// full import path: rates.file("a.json"). Strings are quoted, other keys are
// written as constants or as {Field: value}, several arguments with ", "
// between them.
func (l *Log) Ran(nodes ...string) {
	l.t.Helper()
	l.mu.Lock()
	runs := l.runs
	l.runs = nil
	l.mu.Unlock()

	var extra []string
	missing := slices.Clone(nodes)
	for _, n := range runs {
		if i := slices.IndexFunc(missing, func(want string) bool { return matches(n, want) }); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else {
			extra = append(extra, n.String())
		}
	}
	if len(missing) > 0 {
		l.t.Errorf("did not run: %s", strings.Join(missing, ", "))
	}
	if len(extra) > 0 {
		l.t.Errorf("ran, unexpectedly: %s", strings.Join(extra, ", "))
	}
}

func matches(n query.Node, want string) bool {
	if n.String() == want {
		return true
	}
	dir := n.Query[:strings.LastIndexByte(n.Query, '/')+1]
	return dir+n.String() == want
}
