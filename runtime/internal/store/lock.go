package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The lock is that of the file lockName; nothing is ever in it. The process that
// has it writes its number into another file, because a locked file can't be read
// everywhere. That number is believed only while the lock is held.
const (
	lockName  = "LOCK"
	ownerName = "LOCK.pid"
)

// lockRetry is how often a lock is asked for again with WaitLock.
const lockRetry = 25 * time.Millisecond

// lock makes this store the writer of the directory, until Close. It is called in
// turn.
func (s *Store) lock(ctx context.Context) error {
	if s.release != nil {
		return nil
	}
	if kind := s.fs.Remote(s.dir); kind != "" {
		return fmt.Errorf("%w: %s is on %s", ErrRemote, s.dir, kind)
	}
	release, err := s.await(ctx)
	if err != nil {
		return err
	}
	if err := s.takeOver(); err != nil {
		return errors.Join(err, release())
	}
	s.release = release
	s.locked.Store(true)
	s.sign()
	return nil
}

// await gets the lock.
func (s *Store) await(ctx context.Context) (release func() error, err error) {
	for {
		release, err := s.fs.Lock(filepath.Join(s.dir, lockName))
		switch {
		case err == nil:
			return release, nil
		case !errors.Is(err, errHeld):
			return nil, fmt.Errorf("locking the cache in %s: %w", s.dir, err)
		case !s.opts.WaitLock:
			return nil, s.lockedError()
		}
		select {
		case <-time.After(lockRetry):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", context.Cause(ctx), s.lockedError())
		case <-s.life.Done():
			return nil, ErrClosed
		}
	}
}

// lockedError says that somebody else has the lock.
func (s *Store) lockedError() error {
	if pid := s.owner(); pid != 0 {
		return fmt.Errorf("%w: process %d, in %s", ErrLocked, pid, s.dir)
	}
	return fmt.Errorf("%w: %s", ErrLocked, s.dir)
}

// takeOver finds out what the directory has become since the image was opened,
// and takes away what a writer left that did not come to its end.
func (s *Store) takeOver() error {
	rec, end, err := readManifest(s.fs, s.dir)
	s.journal = journal{fs: s.fs, dir: s.dir, seq: rec.seq, end: end, anew: true}
	switch {
	case err == nil:
		s.journal.anew = false
	case errors.Is(err, errDamaged), errors.Is(err, fs.ErrNotExist):
	default:
		return fmt.Errorf("reading the cache's manifest: %w", err)
	}
	names, err := s.fs.List(s.dir)
	if err != nil {
		return fmt.Errorf("reading the cache: %w", err)
	}
	next := max(rec.nextID, 1)
	for _, name := range names {
		if id, ok := segmentID(name); ok {
			next = max(next, id+1)
		}
	}
	for id := range s.img.Load().byID {
		next = max(next, id+1)
	}
	s.nextID.Store(next)
	s.behind = !s.img.Load().is(rec)
	if !s.journal.anew {
		s.sweep(names, rec.segs)
	}
	return nil
}

// is tells whether the image is what the record says.
func (img *image) is(rec record) bool {
	if len(img.segs) != len(rec.segs) {
		return false
	}
	for i, p := range img.segs {
		if p.name() != rec.segs[i] {
			return false
		}
	}
	return true
}

// sweep removes the files that no image needs. One that can't be removed (on
// Windows, where a reader may have it open) is left for later.
func (s *Store) sweep(names []string, keep []segName) {
	kept := make(map[string]bool, len(keep))
	for _, k := range keep {
		kept[segmentName(k.id)] = true
	}
	if id := s.open.Load(); id != 0 {
		kept[segmentName(id)] = true
	}
	for _, name := range names {
		if _, ok := segmentID(name); ok && !kept[name] || name == manifestTemp {
			s.fs.Remove(filepath.Join(s.dir, name))
		}
	}
}

// sign tells the others who has the lock. It is for their messages alone, so that
// a failure does not matter.
func (s *Store) sign() {
	f, err := s.fs.OpenFile(filepath.Join(s.dir, ownerName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return
	}
	f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	f.Close()
}

// owner is the process that has the lock, 0 if it is not known.
func (s *Store) owner() int {
	f, err := s.fs.OpenFile(filepath.Join(s.dir, ownerName), os.O_RDONLY, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	b := make([]byte, 32)
	n, _ := f.ReadAt(b, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}
