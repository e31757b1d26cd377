//go:build !shake

package shake

import "sync"

// On says whether there is any shaking.
const On = false

// A Mutex is a sync.Mutex.
type Mutex = sync.Mutex

// Point does nothing.
func Point() {}
