package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets a test run this program again as a process that has the lock.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_HOLD"); dir != "" {
		hold(dir)
		return
	}
	os.Exit(m.Run())
}

// hold becomes the writer of a directory, says so, and stays it until killed.
func hold(dir string) {
	s, err := Open(dir, Options{})
	if err == nil {
		_, err = s.Begin(context.Background())
	}
	fmt.Println("begun", err)
	time.Sleep(time.Hour)
}

func TestLockOfAProcess(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "STORE_TEST_HOLD="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "begun <nil>\n" {
		t.Fatal(line, err)
	}

	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Begin(context.Background())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint("process ", child.Process.Pid)) {
		t.Fatalf("%v, of process %d", err, child.Process.Pid)
	}

	patient, err := Open(dir, Options{WaitLock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer patient.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
	defer cancel()
	if _, err := patient.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrLocked) {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		child.Process.Kill()
	}()
	w, err := patient.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.Put(0, []byte("key"), []byte("value"))
	mustCommit(t, w, nil)
}

// TestCloseEndsWaiting closes a store that waits for the lock.
func TestCloseEndsWaiting(t *testing.T) {
	fsys := newMemFS()
	a, _ := mustOpen(t, fsys, Options{})
	defer a.Close()
	mustBegin(t, a).Abort()
	b, _ := mustOpen(t, fsys, Options{WaitLock: true})
	time.AfterFunc(20*time.Millisecond, func() { b.Close() })
	if _, err := b.Begin(context.Background()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestTwoStores lets two stores on a directory take turns as its writer: whoever
// saves last, has saved its whole image.
func TestTwoStores(t *testing.T) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		fsys, m := prepared(t, rng, 1+rng.IntN(3))
		stores, models := [2]*Store{}, [2]*model{m, m}
		for i := range stores {
			stores[i], _ = mustOpen(t, fsys, Options{})
		}
		saved := m
		for range 20 {
			i := rng.IntN(2)
			for range 1 + rng.IntN(4) {
				w := mustBegin(t, stores[i])
				if _, err := stores[1-i].Begin(context.Background()); !errors.Is(err, ErrLocked) {
					t.Fatal(err)
				}
				models[i] = models[i].clone()
				models[i].change(rng, w, 30)
				mustCommit(t, w, models[i].meta)
				saved = models[i]
			}
			for j, s := range stores {
				if err := models[j].differs(s, false); err != nil {
					t.Fatalf("store %d: %v", j, err)
				}
				checkBooks(t, s)
			}
			// Only who closes gives the lock back.
			stores[i].Close()
			stores[i], _ = mustOpen(t, fsys, Options{})
			if models[i] = saved; saved.differs(stores[i], false) != nil {
				t.Fatal(saved.differs(stores[i], false))
			}
		}
		for _, s := range stores {
			s.Close()
		}
	})
}

// TestLateWriterFails lets the save of a late writer fail at each operation: the
// image is that of the other one, or its own, whole.
func TestLateWriterFails(t *testing.T) {
	for stop := 1; ; stop++ {
		rng := rand.New(rand.NewPCG(*seedFlag, 9))
		fsys, m := prepared(t, rng, 2)
		late, _ := mustOpen(t, fsys, Options{})
		other, _ := mustOpen(t, fsys, Options{})
		w := mustBegin(t, other)
		w.Reset()
		theirs := newModel()
		theirs.change(rng, w, 30)
		mustCommit(t, w, theirs.meta)
		other.Close()
		fsys.stopAt = fsys.ops + stop
		ours := m.clone()
		w, err := late.Begin(context.Background())
		if err == nil {
			ours.change(rng, w, 30)
			err = w.Commit(context.Background(), ours.meta)
		}
		over := !fsys.dead()
		s, rec := mustOpen(t, fsys.restart(mixed, rng), Options{})
		found := whichOf(s, []*model{theirs, ours})
		if found == nil || len(rec.all()) > 0 || err == nil && found != ours {
			t.Fatalf("stopped after %d operations (%v): %v", stop, err, ours.differs(s, false))
		}
		s.Close()
		if over {
			return
		}
	}
}

// TestReadersAndSaves reads from several goroutines while a writer saves and
// compacts. An entry's value always says which one it is, and that of a key too.
func TestReadersAndSaves(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const entries = 2000
	value := func(n uint32, i int) []byte {
		return fmt.Appendf(nil, "value %d %s %d", n, strings.Repeat("-", int(n)%300), i)
	}
	save := func(i, step int) {
		w := mustBegin(t, s)
		for n := uint32(i % step); n < entries; n += uint32(step) {
			w.Put(n, fmt.Append(nil, "the key of entry ", n), value(n, i))
		}
		w.Page(3, i%5, make([]byte, 8192))
		mustCommit(t, w, fmt.Append(nil, i))
	}
	for i := range 5 {
		save(i, 1)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for g := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(*seedFlag, uint64(g)))
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := uint32(rng.IntN(entries))
				if at, ok := s.Find(fmt.Append(nil, "the key of entry ", n)); !ok || at != n {
					t.Errorf("entry %d found at %d, %t", n, at, ok)
					return
				}
				if v, ok := s.Value(n); !ok || !strings.HasPrefix(string(v), fmt.Sprintf("value %d -", n)) && n%300 > 0 {
					t.Errorf("entry %d has the value %q, %t", n, v, ok)
					return
				}
				if _, ok := s.Print(n); !ok {
					t.Errorf("entry %d has no fingerprint", n)
					return
				}
				if pages, err := column(s, 3); err != nil || len(pages) != 5 {
					t.Error(len(pages), err)
					return
				}
			}
		})
	}
	for i := range 60 {
		save(i, 1+i%7)
	}
	close(stop)
	wg.Wait()
	if s.Damaged() {
		t.Error("damaged")
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "seg-*")); len(files) > mostSegments+1 {
		t.Errorf("%d segments", len(files))
	}
}

// TestReadersOfAnotherStore opens the directory again and again while a writer
// saves and compacts in it: each finds a whole image.
func TestReadersOfAnotherStore(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	save := func(i int) {
		w := mustBegin(t, s)
		for n := range uint32(100) {
			w.Put(n, fmt.Append(nil, n), fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 3000)))
		}
		mustCommit(t, w, fmt.Append(nil, i))
	}
	save(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			save(i)
		}
	}()
	for opened := 0; ; opened++ {
		rec := &recorder{}
		r, err := Open(dir, Options{ReadOnly: true, Logger: newLogger(rec)})
		if err != nil {
			t.Fatal(err)
		}
		meta := string(r.Meta())
		for n := range uint32(100) {
			if v, ok := r.Value(n); !ok || !strings.HasPrefix(string(v), meta+" x") {
				t.Fatalf("entry %d of image %s: %.10q, %t, %q", n, meta, v, ok, rec.all())
			}
		}
		r.Close()
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("everything may be written")
	}
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := mustBegin(t, s)
	w.Put(0, []byte("key"), []byte("value"))
	mustCommit(t, w, nil)
	s.Close()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if s, err = Open(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if v, ok := s.Value(0); !ok || string(v) != "value" {
		t.Error(v, ok)
	}
	w, err = s.Begin(context.Background())
	if err == nil { // the lock file is there
		w.Put(0, []byte("key"), []byte("a value that is another one"))
		err = w.Commit(context.Background(), nil)
	}
	if !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
}

func TestNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "dir"), Options{}); err == nil {
		t.Error("no error")
	}
	missing := filepath.Join(t.TempDir(), "a", "b")
	s, err := Open(missing, Options{ReadOnly: true})
	if err != nil || s.Meta() != nil {
		t.Error(err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a directory was made")
	}
}
