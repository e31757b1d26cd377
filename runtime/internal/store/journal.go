package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// readManifest returns the record that counts, and where it ends.
func readManifest(fsys FS, dir string) (record, int, error) {
	f, err := fsys.OpenFile(filepath.Join(dir, manifestName), os.O_RDONLY, 0)
	if err != nil {
		return record{}, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return record{}, 0, err
	}
	if info.Size() > manifestMax {
		return record{}, 0, fmt.Errorf("%s: %w", manifestName, damaged("it has %d bytes", info.Size()))
	}
	b := make([]byte, info.Size())
	if err := readFull(f, b, 0); err != nil {
		return record{}, 0, fmt.Errorf("%s: %w", manifestName, err)
	}
	rec, end, err := decodeManifest(b)
	if err != nil {
		return record{}, 0, fmt.Errorf("%s: %w", manifestName, err)
	}
	return rec, end, nil
}

// journal is the manifest, for the one who has the lock.
type journal struct {
	fs   FS
	dir  string
	seq  uint64 // of the last record that was, or may have been, written
	end  int    // of the last record that counts
	anew bool   // there is no manifest to append to
}

// errUnclear says that a record may have been written or not. What it names must
// not be removed.
var errUnclear = errors.New("it is not known whether the save will be found")

// append makes rec the record that counts, and durable.
func (j *journal) append(rec *record) error {
	j.seq++
	rec.seq = j.seq
	b := appendRecord(nil, rec)
	if j.anew || j.end+len(b) > manifestLimit {
		return j.replace(append(opening(nil, manifestMagic), b...))
	}
	f, err := j.fs.OpenFile(filepath.Join(j.dir, manifestName), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return j.replace(append(opening(nil, manifestMagic), b...))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	// What a crash left behind the last record goes first: of the new record
	// and it, only one may be there.
	if err = f.Truncate(int64(j.end)); err == nil {
		if _, err = f.WriteAt(b, int64(j.end)); err == nil {
			err = f.Sync()
		}
	}
	if err == nil {
		j.end += len(b)
		return nil
	}
	if f.Truncate(int64(j.end)) != nil || f.Sync() != nil {
		j.anew = true
		return fmt.Errorf("%w (%w)", err, errUnclear)
	}
	return err
}

// replace puts another manifest in the place of the one that is there.
func (j *journal) replace(b []byte) error {
	j.anew = true // until it is known to be in place
	temp := filepath.Join(j.dir, manifestTemp)
	f, err := j.fs.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = j.fs.Rename(temp, filepath.Join(j.dir, manifestName))
	}
	if err != nil {
		j.fs.Remove(temp)
		return err
	}
	if err := j.fs.SyncDir(j.dir); err != nil {
		return fmt.Errorf("%w (%w)", err, errUnclear)
	}
	j.anew, j.end = false, len(b)
	return nil
}
