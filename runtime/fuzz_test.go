package runtime_test

import (
	"math/rand/v2"
	"testing"
)

// A byteSource makes each byte one draw, so that a small change of the data is a
// small change of the program. Behind the data it goes on in a fixed way.
type byteSource struct {
	data []byte
	rest *rand.PCG
}

func newByteSource(data []byte) *byteSource { return &byteSource{data, rand.NewPCG(1, 2)} }

// Uint64 returns a number whose low and high bits both tell the byte: package rand
// uses the ones or the others.
func (s *byteSource) Uint64() uint64 {
	if len(s.data) == 0 {
		return s.rest.Uint64()
	}
	b := s.data[0]
	s.data = s.data[1:]
	return uint64(b) * 0x0101010101010101
}

// seedOf takes two bytes of the data for what is not drawn from the rest.
func seedOf(data []byte) (uint64, []byte) {
	if len(data) < 2 {
		return 0, data
	}
	return uint64(data[0])<<8 | uint64(data[1]), data[2:]
}

// FuzzPrograms is TestDifferential with programs, edits and demands made of bytes.
func FuzzPrograms(f *testing.F) {
	addPrograms(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		seed, data := seedOf(data)
		sequential(t, seed, rand.New(newByteSource(data)))
	})
}

// FuzzFixpoint is TestDifferentialFixpoint with systems made of bytes.
func FuzzFixpoint(f *testing.F) {
	addPrograms(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		seed, data := seedOf(data)
		runFixpoint(t, seed, rand.New(newByteSource(data)))
	})
}

// addPrograms adds some random data to begin with.
func addPrograms(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{0, 40, 200, 200, 600, 600, 600} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
}
