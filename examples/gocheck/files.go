package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	query "querygen.dev/runtime"
)

// A Hash stands for the content of a file.
type Hash [sha256.Size]byte

// An Entry is one name in a directory.
type Entry struct {
	Name string
	Dir  bool // a directory; a link to one is neither this nor a file, and is left out
}

// fileHash is the hash of the file's content now.
//
//rerun:generation
func fileHash(cx *query.Context, path string) (Hash, error) {
	return disk.hash(path)
}

// content is what the file says. It depends on the disk through the hash
// alone, and what it returns has that hash: a file that is being written while
// it is read gives an error which is not remembered, never a mixture.
//
//query:pure
func content(cx *query.Context, path string) ([]byte, error) {
	hash, err := FileHash(cx, path)
	if err != nil {
		return nil, err
	}
	if data, ok := disk.take(path, hash); ok {
		return data, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, query.Transient(err)
	}
	if sha256.Sum256(data) != hash {
		return nil, query.Transient(fmt.Errorf("%s changed while it was read", path))
	}
	return data, nil
}

// dirList lists a directory, sorted by name.
//
//rerun:generation
func dirList(cx *query.Context, dir string) ([]Entry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	list := make([]Entry, 0, len(entries))
	for _, e := range entries {
		if e.Type()&fs.ModeSymlink != 0 {
			// As the go command has it: links to files are files, links to
			// directories are not followed.
			if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
				continue
			}
		}
		list = append(list, Entry{Name: e.Name(), Dir: e.IsDir()})
	}
	return list, nil
}

// hasFile reports whether the directory exists and has a file of that name.
func hasFile(cx *query.Context, dir, name string) bool {
	list, err := DirList(cx, dir)
	if err != nil {
		return false
	}
	for _, e := range list {
		if e.Name == name && !e.Dir {
			return true
		}
	}
	return false
}

// hasGoFiles reports whether the directory exists and has a Go file, whatever
// its constraints: that makes it the place of a package.
func hasGoFiles(cx *query.Context, dir string) bool {
	list, err := DirList(cx, dir)
	if err != nil {
		return false
	}
	for _, e := range list {
		if strings.HasSuffix(e.Name, ".go") && !e.Dir {
			return true
		}
	}
	return false
}

// disk remembers the hash of each file next to the stat it was made under, so
// that a generation costs one stat for each file that has not moved.
var disk = diskTable{files: map[string]*fileRecord{}}

type diskTable struct {
	mu    sync.Mutex
	files map[string]*fileRecord // by path; guarded by mu, the records are never changed but for data
}

// A fileRecord says what a file's content was when its stat was info.
type fileRecord struct {
	info    fs.FileInfo // from before the content was read
	changed time.Time   // the later one of its modification and, where the system has it, status change
	read    time.Time   // when reading began
	hash    Hash
	data    []byte // the content, until the first take; guarded by diskTable.mu
}

// settled is how much older than its reading a file's last change must be
// before the record is believed. A file that is changed twice within one tick
// of the file system's clock, the second time after it was read, has the same
// stat and another content (git knows this as the racy index). Two seconds is
// the coarsest tick in use.
const settled = 2 * time.Second

// holds reports whether a file that now has this stat still has the content
// that was hashed.
func (r *fileRecord) holds(info fs.FileInfo) bool {
	return os.SameFile(r.info, info) &&
		r.info.Size() == info.Size() &&
		r.info.ModTime().Equal(info.ModTime()) &&
		r.changed.Equal(changeTime(info)) &&
		r.changed.Before(r.read.Add(-settled))
}

// hash returns the hash of the file's content, reading it only if its stat is
// not the one that was seen last.
func (d *diskTable) hash(path string) (Hash, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("not a regular file")}
	}
	if err != nil {
		d.forget(path)
		return Hash{}, err
	}
	d.mu.Lock()
	old := d.files[path]
	d.mu.Unlock()
	if old != nil && old.holds(info) {
		return old.hash, nil
	}
	r := &fileRecord{info: info, changed: changeTime(info), read: time.Now()}
	r.data, err = os.ReadFile(path)
	if err != nil {
		d.forget(path)
		return Hash{}, err
	}
	r.hash = sha256.Sum256(r.data)
	if old != nil && old.hash == r.hash {
		r.data = nil // nobody will ask: the content was taken when the hash was new
	}
	d.mu.Lock()
	d.files[path] = r
	d.mu.Unlock()
	return r.hash, nil
}

// take hands out the content that was read for hash, once.
func (d *diskTable) take(path string, hash Hash) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.files[path]
	if r == nil || r.hash != hash || r.data == nil {
		return nil, false
	}
	data := r.data
	r.data = nil
	return data, true
}

func (d *diskTable) forget(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, path)
}
