//go:build !linux

package main

import (
	"io/fs"
	"time"
)

// changeTime is the file's modification time: where the system has no other,
// or has it under another name.
func changeTime(info fs.FileInfo) time.Time { return info.ModTime() }
