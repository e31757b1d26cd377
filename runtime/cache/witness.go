package cache

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// witness returns a log, and a function that says what was logged first: the store warns
// of damage and goes on, as a program wants it that has queries.
func witness() (*slog.Logger, func() error) {
	h := new(witnessed)
	return slog.New(h), func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.err
	}
}

type witnessed struct {
	mu  sync.Mutex
	err error // guarded by mu
}

func (h *witnessed) Enabled(context.Context, slog.Level) bool { return true }
func (h *witnessed) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *witnessed) WithGroup(string) slog.Handler            { return h }

func (h *witnessed) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return nil
	}
	h.err = ErrDamaged
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			h.err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return true
	})
	return nil
}
