//go:build darwin || freebsd || netbsd

package main

import (
	"io/fs"
	"syscall"
)

// status is what a stamp has from the system alone.
func status(info fs.FileInfo) (id FileID, changed int64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return FileID{}, info.ModTime().UnixNano()
	}
	return FileID{uint64(st.Dev), uint64(st.Ino)}, st.Ctimespec.Nano()
}
