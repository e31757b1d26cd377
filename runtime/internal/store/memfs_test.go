package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// memFS is a file system in memory that can lose power: it knows what was synced.
// It stops at a chosen operation, with half of a write done, and is dead then.
type memFS struct {
	mu      sync.Mutex
	names   map[string]*memNode
	durable map[string]*memNode // names, after a loss of power
	locks   map[string]bool
	ops     int           // operations that change something
	stopAt  int           // 0: never
	fail    map[int]error // operations that fail, and go on
	room    int           // bytes that fit; 0: no bound
	remote  string        // see Remote
}

type memNode struct {
	data   []byte
	synced []byte
}

var errStopped = errors.New("the power is gone")

func newMemFS() *memFS {
	return &memFS{names: map[string]*memNode{}, durable: map[string]*memNode{}, locks: map[string]bool{}}
}

func (m *memFS) dead() bool { return m.stopAt > 0 && m.ops >= m.stopAt }

// change counts an operation. The second result tells to do half of it.
func (m *memFS) change(op string) (error, bool) {
	if m.dead() {
		return errStopped, false
	}
	m.ops++
	if err := m.fail[m.ops]; err != nil {
		return &fs.PathError{Op: op, Err: err}, true
	}
	if m.dead() {
		return errStopped, true
	}
	return nil, false
}

// What a loss of power leaves.
const (
	keepAll   = iota // as after kill -9
	loseData         // names are there, what was not synced is not
	loseNames        // nothing is there that was not synced
	zeroData         // names and lengths are there, what was not synced is zero
	mixed            // each file as it happens
	losses
)

// restart is the file system after the loss.
func (m *memFS) restart(loss int, rng *rand.Rand) *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := newMemFS()
	names := m.names
	if loss == loseNames {
		names = m.durable
	}
	for name, n := range names {
		how := loss
		if loss == mixed {
			how = rng.IntN(mixed)
		}
		data := bytes.Clone(n.data)
		switch how {
		case loseData, loseNames:
			data = bytes.Clone(n.synced)
		case zeroData:
			for i := range data {
				if i >= len(n.synced) || data[i] != n.synced[i] {
					data[i] = 0
				}
			}
		}
		node := &memNode{data: data, synced: bytes.Clone(data)}
		after.names[name], after.durable[name] = node, node
	}
	return after
}

func (m *memFS) OpenFile(name string, flag int, _ fs.FileMode) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead() {
		return nil, errStopped
	}
	n := m.names[name]
	switch {
	case n == nil && flag&syscall.O_CREAT == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n != nil && flag&syscall.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n == nil:
		if err, _ := m.change("create"); err != nil {
			return nil, err
		}
		n = &memNode{}
		m.names[name] = n
	case flag&syscall.O_TRUNC != 0:
		if err, _ := m.change("truncate"); err != nil {
			return nil, err
		}
		n.data = nil
	}
	return &memFile{m: m, n: n, name: name}, nil
}

func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err, _ := m.change("rename"); err != nil {
		return err
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	return nil
}

func (m *memFS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err, _ := m.change("remove"); err != nil {
		return err
	}
	if m.names[name] == nil {
		return fs.ErrNotExist
	}
	delete(m.names, name)
	return nil
}

func (m *memFS) MkdirAll(string, fs.FileMode) error { return nil }
func (m *memFS) Remote(string) string               { return m.remote }

func (m *memFS) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead() {
		return nil, errStopped
	}
	var names []string
	for name := range m.names {
		if filepath.Dir(name) == dir {
			names = append(names, filepath.Base(name))
		}
	}
	return names, nil
}

func (m *memFS) SyncDir(string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err, _ := m.change("syncdir"); err != nil {
		return err
	}
	clear(m.durable)
	for name, n := range m.names {
		m.durable[name] = n
	}
	return nil
}

func (m *memFS) Lock(name string) (func() error, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] {
		return nil, errHeld
	}
	m.locks[name] = true
	return func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.locks[name] = false
		return nil
	}, nil
}

type memFile struct {
	m      *memFS
	n      *memNode
	name   string
	closed bool
}

func (f *memFile) check() error {
	switch {
	case f.closed:
		return &fs.PathError{Op: "use", Path: f.name, Err: fs.ErrClosed}
	case f.m.dead():
		return errStopped
	}
	return nil
}

func (f *memFile) ReadAt(b []byte, at int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check(); err != nil {
		return 0, err
	}
	if at >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check(); err != nil {
		return 0, err
	}
	err, half := f.m.change("write")
	if err != nil && !half {
		return 0, err
	}
	if half {
		b = b[:len(b)/2]
	}
	if grow := int(at) + len(b) - len(f.n.data); grow > 0 {
		if f.m.room > 0 && f.m.size()+grow > f.m.room {
			return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
		}
		f.n.data = append(f.n.data, make([]byte, grow)...)
	}
	copy(f.n.data[at:], b)
	return len(b), err
}

func (m *memFS) size() (n int) {
	for _, node := range m.names {
		n += len(node.data)
	}
	return n
}

func (f *memFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check(); err != nil {
		return err
	}
	if int64(len(f.n.data)) == size {
		return nil
	}
	if err, _ := f.m.change("truncate"); err != nil {
		return err
	}
	if size < int64(len(f.n.data)) {
		f.n.data = f.n.data[:size]
	} else {
		f.n.data = append(f.n.data, make([]byte, size-int64(len(f.n.data)))...)
	}
	return nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check(); err != nil {
		return err
	}
	if err, _ := f.m.change("sync"); err != nil {
		return err
	}
	f.n.synced = bytes.Clone(f.n.data)
	return nil
}

func (f *memFile) Stat() (fs.FileInfo, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.check(); err != nil {
		return nil, err
	}
	return memInfo{f.name, int64(len(f.n.data))}, nil
}

func (f *memFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.closed = true
	return nil
}

type memInfo struct {
	name string
	size int64
}

func (i memInfo) Name() string       { return filepath.Base(i.name) }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() fs.FileMode  { return 0o666 }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any           { return nil }
