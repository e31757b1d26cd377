//go:build unix

package scenarios

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that this process has used. Unlike the time of
// day it does not depend on what else the machine has to do.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
