//go:build shake

package shake

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// On says whether there is any shaking.
const On = true

// A Mutex is a sync.Mutex with a Point around each step.
type Mutex struct{ mu sync.Mutex }

// Lock locks m.
func (m *Mutex) Lock() {
	Point()
	m.mu.Lock()
	Point()
}

// Unlock unlocks m.
func (m *Mutex) Unlock() {
	Point()
	m.mu.Unlock()
	Point()
}

// Point yields, sleeps a little, or does nothing.
func Point() {
	switch r := rand.Uint32() % 64; {
	case r < 8:
		runtime.Gosched()
	case r == 8:
		time.Sleep(time.Duration(rand.Uint32()%20) * time.Microsecond)
	}
}
