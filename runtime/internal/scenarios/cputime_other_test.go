//go:build !unix

package scenarios

import "time"

var start = time.Now()

// cpuTime is the time since the start where nothing better is at hand.
func cpuTime() time.Duration { return time.Since(start) }
