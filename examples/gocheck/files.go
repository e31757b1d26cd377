package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// fileStamp is what the file system says of a file now: as long as that stays the
// same, the file is not read. So a generation costs one stat for each file, also
// the first one of a process that has a cache.
//
//rerun:generation
func fileStamp(cx *query.Context, path string) (Stamp, error) {
	s, err := stat(path)
	if err != nil || s.settled(time.Now()) {
		return s, err
	}
	data, err := os.ReadFile(path)
	s.Hash = sha256.Sum256(data)
	return s, err
}

// fileHash is the hash of the file's content: a file that was only touched, or comes
// back with another branch, ends here.
//
//query:pure
func fileHash(cx *query.Context, path string) (Hash, error) {
	stamp, err := FileStamp(cx, path)
	if err != nil || stamp.Hash != (Hash{}) {
		return stamp.Hash, err
	}
	data, err := os.ReadFile(path)
	if err == nil && !stamp.holds(path) {
		err = errMoving(path)
	}
	if err != nil {
		return Hash{}, query.Transient(err)
	}
	return sha256.Sum256(data), nil
}

// content is what the file says. It depends on the disk through the hash alone, and what
// it returns has that hash: a file that is being written while it is read gives an error
// which is not remembered, never a mixture. The cache does without it: the file is there.
//
//query:pure persist=no
func content(cx *query.Context, path string) ([]byte, error) {
	hash, err := FileHash(cx, path)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err == nil && sha256.Sum256(data) != hash {
		err = errMoving(path)
	}
	if err != nil {
		return nil, query.Transient(err)
	}
	return data, nil
}

func errMoving(path string) error { return fmt.Errorf("%s changed while it was read", path) }

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
