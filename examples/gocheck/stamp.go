package main

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A Stamp stands for the content of a file.
type Stamp struct {
	File     FileID
	Size     int64
	Modified int64 // in nanoseconds since 1970, as Changed
	Changed  int64 // of the status; it can't be set back. Modified, where the system has no such thing

	// Hash is that of the content if the file has changed so shortly before that it
	// could change again without the rest of the stamp; else it is zero.
	Hash Hash
}

// A FileID tells a file from others that had, or will have, its name. It is zero
// where the system has none.
type FileID struct{ Device, Inode uint64 }

// settling is how old the last change of a file must be before its stat is believed.
// A file that is changed twice within one tick of the file system's clock, the second
// time after it was read, has the same stat and another content (git knows this as
// the racy index). Two seconds is the coarsest tick in use.
const settling = 2 * time.Second

// settled reports whether a change from now on would show in the stat.
func (s Stamp) settled(now time.Time) bool {
	return time.Unix(0, max(s.Modified, s.Changed)).Before(now.Add(-settling))
}

// stat returns the stamp of a file without a hash.
func stat(path string) (Stamp, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("not a regular file")}
	}
	if err != nil {
		return Stamp{}, err
	}
	s := Stamp{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	s.File, s.Changed = status(info)
	return s, nil
}

// holds reports whether the file still has the stamp: then what was read since the stamp
// was made is what it stands for.
func (s Stamp) holds(path string) bool {
	now, err := stat(path)
	return err == nil && now == s
}
