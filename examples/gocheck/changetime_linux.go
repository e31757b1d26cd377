package main

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is the later one of the file's modification and status change:
// the second cannot be set back by the tools that keep modification times.
func changeTime(info fs.FileInfo) time.Time {
	changed := info.ModTime()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		if status := time.Unix(st.Ctim.Unix()); status.After(changed) {
			changed = status
		}
	}
	return changed
}
