package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/gofrs/flock"
)

// FS is what the store wants of a file system. Tests put one of their own in
// place, to stop a save at any moment.
type FS interface {
	// OpenFile, Rename, Remove and MkdirAll are those of package os.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	MkdirAll(name string, perm fs.FileMode) error

	// List returns the names in a directory.
	List(dir string) ([]string, error)

	// SyncDir makes durable which names a directory has.
	SyncDir(dir string) error

	// Lock takes the lock that a file stands for, without waiting. The error is
	// errHeld if somebody else has it. The lock of a process that died is free.
	Lock(name string) (release func() error, err error)

	// Remote names the kind of network file system that a directory lies on. It
	// is empty if the directory is local, or if that can't be told.
	Remote(dir string) string
}

// File is an open file. A read, or any other call, after Close is an error that
// is [fs.ErrClosed].
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
	Sync() error
	Close() error
}

// errHeld says that a lock is held by somebody else.
var errHeld = errors.New("the lock is held")

// osFS is the file system of the machine.
type osFS struct{}

func (osFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // a nil *os.File is no nil File
	}
	return f, nil
}

func (osFS) Rename(from, to string) error                 { return os.Rename(from, to) }
func (osFS) Remove(name string) error                     { return os.Remove(name) }
func (osFS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }
func (osFS) Remote(dir string) string                     { return remote(dir) }

func (osFS) List(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// SyncDir does nothing on Windows, where a directory can't be synced and NTFS
// keeps a journal of names.
func (osFS) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (osFS) Lock(name string) (func() error, error) {
	l := flock.New(name)
	switch ok, err := l.TryLock(); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errHeld
	}
	return l.Unlock, nil
}
