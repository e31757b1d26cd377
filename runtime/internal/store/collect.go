package store

import (
	"context"
	"fmt"
)

// Compact moves all that can be read into one segment, and removes the others. The
// store becomes the writer of its directory, as with Begin. If there is nothing to gain, nothing
// is written.
func (s *Store) Compact(ctx context.Context) error {
	if s.opts.ReadOnly {
		return fmt.Errorf("%w: %s", ErrReadOnly, s.dir)
	}
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	if s.writing.Load() {
		return ErrBusy
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	if err := s.follow(); err != nil {
		return err
	}
	img := s.img.Load()
	if _, garbage := img.measure(); len(img.segs) == 0 || len(img.segs) == 1 && garbage < rowPage {
		return nil
	}
	next, err := s.rewrite(ctx, img, 0, 0)
	if err != nil {
		return fmt.Errorf("compacting the cache: %w", err)
	}
	if err := s.publish(next); err != nil {
		s.discard(next.segs[0].segment, err)
		return fmt.Errorf("compacting the cache: %w", err)
	}
	s.install(img, next, false)
	return nil
}

// follow opens what somebody else has saved before this store became the writer.
func (s *Store) follow() error {
	if !s.behind {
		return nil
	}
	img, err := s.load()
	if err != nil {
		return fmt.Errorf("opening the cache in %s: %w", s.dir, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = append(s.retired, s.img.Swap(img).segs...)
	s.behind = false
	return nil
}
