// Package codec measures generated codecs beside the reflection of msgpack.
package codec

import query "querygen.dev/runtime"

//go:generate go tool querygen

// A Record has twelve fields. The maps are of the types whose keys msgpack can
// sort.
type Record struct {
	ID       int64
	Name     string
	Size     uint32
	Ratio    float64
	Ready    bool
	Hash     []byte
	Tags     []string
	Counts   []int
	Labels   map[string]string
	Seen     map[string]bool
	Parts    []Part
	Position Position
}

// A Part is nested in a slice.
type Part struct {
	Name   string
	Offset int
	Lines  []int
	Notes  map[string]string
}

// A Position is nested by value.
type Position struct {
	File         string
	Line, Column int
}

// sample is what gives Record its codec.
//
//query:pure name=GetSample
func sample(cx *query.Context) (Record, error) { return Sample(), nil }

// Sample returns a record of a middling size.
func Sample() Record {
	part := func(name string) Part {
		return Part{name, 4096, []int{1, 20, 300, 4000, 50000}, map[string]string{"kind": "func", "doc": "what it does", "pkg": "bench"}}
	}
	return Record{
		ID: 1 << 40, Name: "querygen.dev/bench/codec", Size: 70_000, Ratio: 0.75, Ready: true,
		Hash: []byte("0123456789abcdef0123456789abcdef"), Tags: []string{"go", "codec", "bench"}, Counts: []int{1, 2, 3, 500, 60_000},
		Labels: map[string]string{"os": "linux", "arch": "amd64", "go": "1.26", "cgo": "no"},
		Seen:   map[string]bool{"a.go": true, "b.go": false, "c.go": true},
		Parts:  []Part{part("one"), part("two"), part("three")}, Position: Position{"record.go", 40, 2},
	}
}
