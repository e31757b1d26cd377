package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
)

// Options are how a store is opened. The zero value is usable.
type Options struct {
	FS       FS           // nil: the machine's
	Logger   *slog.Logger // gets a warning when something is damaged; nil: nobody
	ReadOnly bool         // nothing is ever written, and no directory made
	WaitLock bool         // Begin waits for the lock instead of returning ErrLocked
	Budget   int64        // bytes: above it, values go, see the package documentation; 0: no bound
}

var (
	// ErrLocked says that another store, most often that of another process, is
	// the writer of the directory. The error that is it says which process.
	ErrLocked = errors.New("another process is writing to the cache")

	// ErrBusy says that this store has a writer that is neither committed nor
	// aborted.
	ErrBusy = errors.New("a save to the cache is in progress")

	// ErrReadOnly says that the store was opened to be read only.
	ErrReadOnly = errors.New("the cache was opened to be read only")

	// ErrRemote says that the directory is on a network file system, where locks
	// and the order of writes can't be relied on.
	ErrRemote = errors.New("the cache is on a network file system, where it can't be written safely")

	// ErrClosed says that the store was closed. It is [fs.ErrClosed].
	ErrClosed = fmt.Errorf("the cache is closed: %w", fs.ErrClosed)
)

// Store is an open directory. All methods may be called by several goroutines.
type Store struct {
	dir    string
	fs     FS
	log    *slog.Logger
	opts   Options
	img    atomic.Pointer[image] // never nil
	bad    atomic.Bool           // see Damaged
	warned atomic.Bool
	closed atomic.Bool
	usage  usage
	rows   pageCache
	slots  pageCache

	// turn is held by whoever changes what is on disk: Begin while it gets the
	// lock, Commit, a compaction, Close. It guards what follows.
	turn    chan struct{}
	release func() error // of the lock; nil: we haven't got it
	least   int64        // bytes that a compaction to the budget had to leave
	journal journal
	behind  bool // the manifest names another image than ours

	nextID  atomic.Uint32 // of a segment
	locked  atomic.Bool   // we have the lock
	writing atomic.Bool   // there is a Writer
	open    atomic.Uint32 // the segment that it writes
	drops   atomic.Uint32 // how often the image was given up

	mu      sync.Mutex
	retired []part // guarded by mu: of images that were given up, open until Close

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // the compaction in the background
}

// Stats is what a store takes on disk.
type Stats struct {
	Live     int64 // bytes of what can be read
	Garbage  int64 // bytes of what has been replaced since
	Segments int
	Entries  int
}

// Open opens the image in a directory, which is made if there is none. An image
// that is damaged is as good as none: there is a warning, and the store is empty.
// The error says why nothing can be done with the directory at all.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, fs: o.FS, log: o.Logger, opts: o, turn: make(chan struct{}, 1)}
	if s.fs == nil {
		s.fs = osFS{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.rows.init(rowCache)
	s.slots.init(slotCache)
	s.life, s.end = context.WithCancel(context.Background())
	if !o.ReadOnly {
		if err := s.fs.MkdirAll(dir, 0o777); err != nil {
			return nil, fmt.Errorf("opening the cache: %w", err)
		}
	}
	img, err := s.load()
	switch {
	case errors.Is(err, errDamaged):
		s.warn(err, "the cache is damaged, and begun anew")
	case err != nil:
		return nil, fmt.Errorf("opening the cache in %s: %w", dir, err)
	}
	s.img.Store(img)
	if o.Budget > 0 {
		s.usage.init(img.entries)
	}
	return s, nil
}

// loadTries bounds how often an image is looked for whose segments disappear
// while it is being opened.
const loadTries = 100

// load opens the image that the manifest names. It is empty, but not nil, if
// there is none, or if it is damaged.
func (s *Store) load() (*image, error) {
	var before record
	for try := 0; ; try++ {
		rec, _, err := readManifest(s.fs, s.dir)
		if errors.Is(err, fs.ErrNotExist) {
			return &image{}, nil
		}
		if err != nil {
			return &image{}, err
		}
		img, err := s.loadRecord(rec)
		if err == nil {
			return img, nil
		}
		// A compaction may have taken the segments away, and named others.
		if try == loadTries || try > 0 && rec.seq == before.seq {
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("%w: %w", errDamaged, err)
			}
			return &image{}, err
		}
		before = rec
	}
}

func (s *Store) loadRecord(rec record) (*image, error) {
	var segs []part
	var dirs []*directory
	fail := func(err error) (*image, error) {
		for _, p := range segs {
			p.f.Close()
		}
		return nil, err
	}
	for _, name := range rec.segs {
		seg, d, err := openSegment(s.fs, s.dir, name)
		if err != nil {
			return fail(err)
		}
		segs = append(segs, part{seg, name.blobs})
		dirs = append(dirs, d)
	}
	img, err := newImage(rec.seq, segs, dirs)
	if err != nil {
		return fail(err)
	}
	if len(segs) > 0 {
		last := segs[len(segs)-1]
		if img.meta, err = readSpan(last.f, img.metaAt, last.size); err != nil {
			return fail(err)
		}
	}
	return img, nil
}

// Damaged tells whether something that was read since Open was not what had been
// written, or could not be read. What the store still says is right, but it may
// say less than it should: the next save should write everything (Writer.Reset).
func (s *Store) Damaged() bool { return s.bad.Load() }

// warn tells the user once that the cache is damaged.
func (s *Store) warn(err error, text string) {
	s.bad.Store(true)
	if !s.warned.Swap(true) {
		s.log.Warn("querygen: "+text, "dir", s.dir, "err", err)
	}
}

// drop makes the store empty: its image is damaged where nothing can do without.
func (s *Store) drop(img *image, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops.Add(1) // before: a save that is under way must not build on it
	if s.img.CompareAndSwap(img, &image{}) {
		s.retired = append(s.retired, img.segs...)
	}
	s.warn(err, "the cache is damaged, and begun anew")
}

// read does f with the image. An image that is replaced meanwhile is closed, and
// f done again with the new one.
func (s *Store) read(f func(*image) error) error {
	for {
		img := s.img.Load()
		err := f(img)
		if err == nil || !errors.Is(err, fs.ErrClosed) {
			return err
		}
		if s.closed.Load() {
			return ErrClosed
		}
		if s.img.Load() == img {
			return err
		}
	}
}

// Meta is what the last save gave as meta. It is nil if there is no image.
func (s *Store) Meta() []byte { return s.img.Load().meta }

// Entries is above the number of every entry.
func (s *Store) Entries() uint32 { return s.img.Load().entries }

// Stats measures the image.
func (s *Store) Stats() Stats {
	img := s.img.Load()
	live, garbage := img.measure()
	return Stats{Live: live, Garbage: garbage, Segments: len(img.segs), Entries: int(img.live)}
}

// measure adds up what is of use in the segments, and what is not.
func (img *image) measure() (live, garbage int64) {
	live = img.metaAt.size
	for _, t := range img.tables {
		if t != nil {
			live += int64(t.size) * int64(len(t.pages))
		}
	}
	var total int64
	for _, s := range img.segs {
		live += s.blobs
		total += s.size - s.overhead
	}
	return live, max(0, total-live)
}

// take takes the turn.
func (s *Store) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.life.Done():
		return ErrClosed
	}
	if s.closed.Load() {
		s.give()
		return ErrClosed
	}
	return nil
}

func (s *Store) give() { <-s.turn }

// Close ends a compaction in the background, which loses nothing, and gives the
// lock back. A writer that is still open can't commit any more. What reads
// afterwards finds nothing. A second Close does nothing.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.end()
	s.turn <- struct{}{} // a commit in progress is waited for; nobody gets it again
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range slices.Concat(s.img.Load().segs, s.retired) {
		p.f.Close() // it was only read
	}
	if s.release != nil {
		return s.release()
	}
	return nil
}
