package cache

import (
	"errors"
	"fmt"
	"math"
)

var (
	errCut      = errors.New("it ends too early")
	errReserved = errors.New("byte 0xc1 is not used by msgpack")
)

// A kind is what a msgpack value is, as far as this package tells them apart.
type kind uint8

const (
	kindNil kind = iota
	kindBool
	kindInt
	kindUint
	kindFloat
	kindString
	kindBytes
	kindExtension
	kindArray
	kindMap
)

// A token is a value, or the beginning of an array or a map.
type token struct {
	kind kind
	n    uint64 // bits of a number; how many elements or pairs
	data []byte // of strings, bytes and extensions
	ext  int8   // type of an extension
}

func (t token) float() float64 { return math.Float64frombits(t.n) }

// next takes the first token of b.
func next(b []byte) (t token, rest []byte, err error) {
	if len(b) == 0 {
		return t, nil, errCut
	}
	c, rest := b[0], b[1:]
	switch {
	case c < 0x80:
		return token{kind: kindUint, n: uint64(c)}, rest, nil
	case c < 0x90:
		return token{kind: kindMap, n: uint64(c & 15)}, rest, nil
	case c < 0xa0:
		return token{kind: kindArray, n: uint64(c & 15)}, rest, nil
	case c < 0xc0:
		return take(token{kind: kindString}, rest, uint64(c&31))
	case c >= 0xe0:
		return token{kind: kindInt, n: uint64(int64(int8(c)))}, rest, nil
	}
	return longer(c, rest)
}

// longer takes a token whose first byte c says only what it is.
func longer(c byte, b []byte) (token, []byte, error) {
	if c >= 0xd4 && c <= 0xd8 {
		return extension(b, 1<<(c-0xd4))
	}
	f, ok := forms[c]
	if !ok {
		return token{}, nil, errReserved
	}
	if len(b) < f.size {
		return token{}, nil, errCut
	}
	var n uint64
	for _, x := range b[:f.size] {
		n = n<<8 | uint64(x)
	}
	b = b[f.size:]
	switch f.kind {
	case kindInt:
		shift := 64 - 8*f.size
		n = uint64(int64(n<<shift) >> shift)
	case kindFloat:
		if f.size == 4 {
			n = math.Float64bits(float64(math.Float32frombits(uint32(n))))
		}
	case kindString, kindBytes:
		return take(token{kind: f.kind}, b, n)
	case kindExtension:
		return extension(b, n)
	case kindBool:
		n = uint64(c & 1)
	}
	return token{kind: f.kind, n: n}, b, nil
}

// forms are what bytes from 0xc0 on stand for: the kind, and how many bytes of a number
// or a length follow.
var forms = map[byte]struct {
	kind kind
	size int
}{
	0xc0: {kindNil, 0}, 0xc2: {kindBool, 0}, 0xc3: {kindBool, 0},
	0xc4: {kindBytes, 1}, 0xc5: {kindBytes, 2}, 0xc6: {kindBytes, 4},
	0xc7: {kindExtension, 1}, 0xc8: {kindExtension, 2}, 0xc9: {kindExtension, 4},
	0xca: {kindFloat, 4}, 0xcb: {kindFloat, 8},
	0xcc: {kindUint, 1}, 0xcd: {kindUint, 2}, 0xce: {kindUint, 4}, 0xcf: {kindUint, 8},
	0xd0: {kindInt, 1}, 0xd1: {kindInt, 2}, 0xd2: {kindInt, 4}, 0xd3: {kindInt, 8},
	0xd9: {kindString, 1}, 0xda: {kindString, 2}, 0xdb: {kindString, 4},
	0xdc: {kindArray, 2}, 0xdd: {kindArray, 4}, 0xde: {kindMap, 2}, 0xdf: {kindMap, 4},
}

func take(t token, b []byte, n uint64) (token, []byte, error) {
	if n > uint64(len(b)) {
		return token{}, nil, errCut
	}
	t.data = b[:n]
	return t, b[n:], nil
}

func extension(b []byte, n uint64) (token, []byte, error) {
	if len(b) == 0 {
		return token{}, nil, errCut
	}
	return take(token{kind: kindExtension, ext: int8(b[0])}, b[1:], n)
}

// wellFormed says why b is not one msgpack value. It needs no stack for values within
// values: only how many are still to come is counted.
func wellFormed(b []byte) error {
	size := len(b)
	for open := uint64(1); open > 0; open-- {
		t, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("no msgpack at byte %d: %w", size-len(b), err)
		}
		b = rest
		switch t.kind {
		case kindArray:
			open += t.n
		case kindMap:
			open += 2 * t.n
		}
		if open-1 > uint64(len(b)) {
			return fmt.Errorf("no msgpack at byte %d: %w", size-len(b), errCut) // each takes a byte
		}
	}
	if len(b) > 0 {
		return fmt.Errorf("no msgpack: %d bytes follow it", len(b))
	}
	return nil
}
