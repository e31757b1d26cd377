package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
)

// prepared is a file system with an image of some saves, and what it says.
func prepared(t testing.TB, rng *rand.Rand, saves int) (*memFS, *model) {
	t.Helper()
	fsys, m := newMemFS(), newModel()
	s, _ := mustOpen(t, fsys, Options{})
	for range saves {
		w := mustBegin(t, s)
		m.change(rng, w, 60)
		mustCommit(t, w, m.meta)
	}
	s.Close()
	return fsys, m
}

// TestCrash stops a session of saves after each operation, in each way that a loss
// of power can end: what is found is what one of the saves left, whole, and not an
// older one than the last that had returned.
func TestCrash(t *testing.T) {
	for _, saves := range []int{0, 1, 3, mostSegments} {
		t.Run(fmt.Sprint("saves=", saves), func(t *testing.T) {
			for stop := 1; ; stop++ {
				if testing.Short() && stop%5 != 0 {
					continue
				}
				over := true
				for loss := range losses {
					if !crash(t, saves, stop, loss) {
						over = false
					}
				}
				if over {
					if stop < 8 {
						t.Errorf("a session has only %d operations", stop)
					}
					return
				}
			}
		})
	}
}

// crash tells whether the session came to its end before it was to be stopped.
func crash(t *testing.T, saves, stop, loss int) bool {
	rng := rand.New(rand.NewPCG(*seedFlag, uint64(saves)))
	fsys, m := prepared(t, rng, saves)
	fsys.stopAt = fsys.ops + stop
	models := []*model{m} // what may be found
	s, _ := mustOpen(t, fsys, Options{})
	for i := range 2 {
		w, err := s.Begin(context.Background())
		if err != nil {
			break
		}
		next := models[len(models)-1].clone()
		if i == 1 && saves == 1 {
			w.Reset()
			next = newModel()
		}
		next.change(rng, w, 30)
		models = append(models, next)
		if w.Commit(context.Background(), next.meta) != nil {
			break
		}
		models = models[len(models)-1:]
	}
	over := !fsys.dead()
	s.Close()

	after := fsys.restart(loss, rng)
	s, rec := mustOpen(t, after, Options{})
	defer s.Close()
	found := whichOf(s, models)
	if found == nil || len(rec.all()) > 0 {
		t.Fatalf("stopped after %d operations, loss %d: %v; %d models, warnings %q", stop, loss, models[0].differs(s, false), len(models), rec.all())
	}
	w := mustBegin(t, s)
	next := found.clone()
	next.change(rng, w, 30)
	mustCommit(t, w, next.meta)
	if err := next.differs(s, false); err != nil {
		t.Fatalf("stopped after %d operations, loss %d, saved again: %v", stop, loss, err)
	}
	if names := leftovers(after, s); len(names) > 0 {
		t.Fatalf("stopped after %d operations, loss %d: %q are left", stop, loss, names)
	}
	return over
}

func whichOf(s *Store, models []*model) *model {
	for _, m := range models {
		if m.differs(s, false) == nil {
			return m
		}
	}
	return nil
}

// leftovers are the files that no image needs.
func leftovers(fsys *memFS, s *Store) (names []string) {
	all, _ := fsys.List(testDir)
	img := s.img.Load()
	for _, name := range all {
		if id, ok := segmentID(name); ok && img.byID[id] == nil || strings.HasSuffix(name, ".tmp") {
			names = append(names, name)
		}
	}
	return names
}

// TestFailing lets each operation of a save fail, one at a time. The save says
// so, the image is the old one or (if the failure came after it) the new one, the
// store goes on, and so does one that opens the directory then.
func TestFailing(t *testing.T) {
	for _, saves := range []int{0, 2} {
		for k := 1; ; k++ {
			rng := rand.New(rand.NewPCG(*seedFlag, 1))
			fsys, m := prepared(t, rng, saves)
			s, _ := mustOpen(t, fsys, Options{})
			at := fsys.ops + k
			fsys.fail = map[int]error{at: syscall.EIO}
			next := m.clone()
			w, err := s.Begin(context.Background())
			if err == nil {
				next.change(rng, w, 30)
				err = w.Commit(context.Background(), next.meta)
			}
			over := fsys.ops < at
			fsys.fail = nil
			if err == nil {
				m = next
			} else if !errors.Is(err, syscall.EIO) {
				t.Fatalf("operation %d: %v", k, err)
			}
			if saves > 0 || err == nil {
				if err := m.differs(s, false); err != nil {
					t.Fatalf("operation %d failed, the store: %v", k, err)
				}
			}
			other, rec := mustOpen(t, fsys, Options{ReadOnly: true})
			if whichOf(other, []*model{m, next}) == nil || len(rec.all()) > 0 {
				t.Fatalf("operation %d failed, another store: %v, %q", k, m.differs(other, false), rec.all())
			}
			other.Close()
			w = mustBegin(t, s)
			next = m.clone()
			next.change(rng, w, 30)
			mustCommit(t, w, next.meta)
			if err := next.differs(s, false); err != nil {
				t.Fatalf("operation %d failed, saved again: %v", k, err)
			}
			s.Close()
			s, _ = mustOpen(t, fsys, Options{})
			if err := next.differs(s, false); err != nil {
				t.Fatalf("operation %d failed, saved again and opened: %v", k, err)
			}
			if names := leftovers(fsys, s); len(names) > 0 {
				t.Fatalf("operation %d failed: %q are left", k, names)
			}
			s.Close()
			if over {
				break
			}
		}
	}
}

// TestFullDisk lets the disk be full at each size.
func TestFullDisk(t *testing.T) {
	for extra := 1; extra < 400_000; extra += 4001 {
		rng := rand.New(rand.NewPCG(*seedFlag, 2))
		fsys, m := prepared(t, rng, 2)
		s, _ := mustOpen(t, fsys, Options{})
		w := mustBegin(t, s)
		fsys.room = fsys.size() + extra
		next := m.clone()
		next.change(rng, w, 100)
		err := w.Commit(context.Background(), next.meta)
		if err == nil {
			if extra < 5000 {
				t.Fatalf("%d bytes were enough", extra)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), testDir) {
			t.Fatal(err)
		}
		if names := leftovers(fsys, s); len(names) > 0 {
			t.Fatalf("%q are left", names)
		}
		if err := m.differs(s, false); err != nil {
			t.Fatalf("room for %d: %v", extra, err)
		}
		fsys.room = 0
		w = mustBegin(t, s)
		next = m.clone()
		next.change(rng, w, 100)
		mustCommit(t, w, next.meta)
		if err := next.differs(s, false); err != nil {
			t.Fatalf("room for %d, and then enough: %v", extra, err)
		}
		s.Close()
	}
	t.Error("the disk was never large enough")
}

// TestErrorsSayWhere looks at what a user would see.
func TestErrorsSayWhere(t *testing.T) {
	fsys := newMemFS()
	fsys.remote = "NFS"
	s, _ := mustOpen(t, fsys, Options{})
	if _, err := s.Begin(context.Background()); !errors.Is(err, ErrRemote) || !strings.Contains(err.Error(), "NFS") {
		t.Error(err)
	}
	s.Close()
	if _, err := s.Begin(context.Background()); !errors.Is(err, ErrClosed) || !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	s, _ = mustOpen(t, fsys, Options{ReadOnly: true})
	defer s.Close()
	if _, err := s.Begin(context.Background()); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
}
