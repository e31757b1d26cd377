package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	query "querygen.dev/runtime"
)

const (
	cacheBudget = 512 << 20   // bytes on the disk
	saveEvery   = time.Minute // so that a crash does not lose more
)

// defaultCache is the directory in which results are kept for the module, or workspace,
// of env: below the user's cache directory, named after the module's directory.
func defaultCache(env Env) (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	root, name := env.GoWork, "std"
	if root == "" {
		root = env.GoMod
	}
	if root != "" {
		name = filepath.Base(filepath.Dir(root))
	}
	// Two modules with one name are told apart, and so are platforms: they would
	// take turns in throwing each other's results away.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s/%s", root, env.GOROOT, env.GOOS, env.GOARCH))
	return filepath.Join(user, "querygen", "gocheck", fmt.Sprintf("%s-%x", name, sum[:6])), nil
}

// openDB opens the database that conf asks for. The results of earlier checks are a
// help and not a need: where they can't be had, w is told why, unless the user has
// named the directory.
func openDB(env Env, conf Config, opts query.Options) (*query.DB, error) {
	dir := conf.Cache
	var err error
	if conf.DefaultCache {
		dir, err = defaultCache(env)
	}
	notes := slog.New(&notes{w: conf.Notes})
	if dir != "" {
		opts.Logger, opts.SaveEvery, opts.DiskBudget = notes, saveEvery, cacheBudget
		var db *query.DB
		if db, err = query.Open(dir, opts); err == nil || !conf.DefaultCache {
			return db, err
		}
	}
	if err != nil {
		notes.Warn("nothing is kept for the next time", "error", err)
	}
	return query.New(opts), nil
}

// notes is a log of lines as a user of a command expects them.
type notes struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu; nil: nobody reads it
}

func (n *notes) Enabled(context.Context, slog.Level) bool { return n.w != nil }
func (n *notes) WithAttrs([]slog.Attr) slog.Handler       { return n }
func (n *notes) WithGroup(string) slog.Handler            { return n }

func (n *notes) Handle(_ context.Context, r slog.Record) error {
	line := "gocheck: note: " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" (%s: %v)", a.Key, a.Value)
		return true
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	_, err := fmt.Fprintln(n.w, line)
	return err
}
