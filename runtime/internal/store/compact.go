package store

import (
	"context"
	"errors"
	"fmt"
)

const (
	mostSegments = 32
	fewSegments  = 16      // as many are left, at most, when there were too many
	leastGarbage = 1 << 18 // less is not worth a compaction
	smallImage   = 1 << 22 // is compacted at once, a larger one in the background
)

// publish makes the image the one that is found in the directory.
func (s *Store) publish(img *image) error {
	rec := &record{nextID: s.nextID.Load()}
	for _, p := range img.segs {
		rec.segs = append(rec.segs, p.name())
	}
	if err := s.journal.append(rec); err != nil {
		return fmt.Errorf("writing %s: %w", manifestName, err)
	}
	img.seq = rec.seq
	s.behind = false
	return nil
}

// install gives readers the image that was published, in the place of another
// one, and removes what only that one needed.
func (s *Store) install(old, next *image, reset bool) {
	s.mu.Lock()
	if reset {
		old = s.img.Swap(next)
	} else if !s.img.CompareAndSwap(old, next) {
		// The old one was given up: so is this one, which has the same pages.
		s.retired = append(s.retired, next.segs...)
		s.behind = true
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	if reset {
		s.bad.Store(false)
		s.warned.Store(false)
	}
	for _, p := range old.segs {
		if next.byID[p.id] == nil {
			p.f.Close() // who reads it does so again from the new image
		}
	}
	if names, err := s.fs.List(s.dir); err == nil {
		var keep []segName
		for _, p := range next.segs {
			keep = append(keep, p.name())
		}
		s.sweep(names, keep)
	}
}

// discard takes back a segment that could not be published.
func (s *Store) discard(seg *segment, err error) {
	b := builder{fs: s.fs, dir: s.dir, id: seg.id, f: seg.f}
	if errors.Is(err, errUnclear) {
		b.keep()
	} else {
		b.abort()
	}
}

// tidy compacts the image if it has become wasteful: at once if that is quickly
// done. The save is safe by then, so nothing that fails here makes it fail.
func (s *Store) tidy(ctx context.Context) {
	img := s.img.Load()
	from, budget, ok := s.plan(img)
	if !ok {
		return
	}
	live, _ := img.measure()
	if live <= smallImage {
		s.compact(ctx, img, from, budget)
		return
	}
	s.work.Go(func() {
		if s.take(s.life) != nil {
			return
		}
		defer s.give()
		img := s.img.Load()
		if from, budget, ok := s.plan(img); ok { // what was true then
			s.compact(s.life, img, from, budget)
		}
	})
}

// plan tells whether the image should be compacted, from which segment on, and
// whether to a budget.
func (s *Store) plan(img *image) (from int, budget int64, ok bool) {
	live, garbage := img.measure()
	if s.opts.Budget > 0 && live > max(s.opts.Budget, s.least+s.least/8) {
		return 0, s.opts.Budget, true
	}
	if garbage >= leastGarbage && garbage > live/4 {
		return 0, 0, true
	}
	if len(img.segs) <= mostSegments {
		return 0, 0, false
	}
	// The old segments are large and the young ones small: those are put
	// together that are small beside what is younger.
	from = fewSegments - 1
	var younger int64
	for i := len(img.segs) - 1; i >= 0; i-- {
		if i < from && img.segs[i].size <= 2*younger {
			from = i
		}
		younger += img.segs[i].size
	}
	return from, 0, true
}

// errNoValues says that no value is left that could go.
var errNoValues = errors.New("the cache is above its budget without values")

// compact puts another image in the place of img.
func (s *Store) compact(ctx context.Context, img *image, from int, budget int64) {
	next, err := s.rewrite(ctx, img, from, budget)
	if errors.Is(err, errNoValues) {
		s.least, _ = img.measure()
		return
	}
	if err == nil {
		if err = s.publish(next); err == nil {
			s.install(img, next, false)
			if live, _ := next.measure(); budget > 0 && live > budget {
				s.least = live
			}
			return
		}
		s.discard(next.segs[from].segment, err)
	}
	switch {
	case errors.Is(err, errDamaged):
		s.warn(err, "the cache is damaged, and used as far as it goes")
	case ctx.Err() == nil:
		s.log.Warn("querygen: the cache could not be compacted", "dir", s.dir, "err", err)
	}
}
