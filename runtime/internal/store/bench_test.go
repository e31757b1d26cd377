package store

import (
	"context"
	"encoding/binary"
	"os"
	"testing"
)

const (
	benchEntries  = 1_000_000
	benchPages    = 6100 // of 16 KB: 100 MB
	benchPageSize = 1 << 14
)

func benchKey(buf []byte, n uint32) []byte {
	return binary.BigEndian.AppendUint64(append(buf[:0], 0xcf), uint64(n)*0x9e3779b97f4a7c15)
}

// saveMillion is the first save of a graph of a million nodes.
func saveMillion(b testing.TB, dir string) *Store {
	s, err := Open(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	w, err := s.Begin(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	page := make([]byte, benchPageSize)
	for i := range benchPages {
		binary.LittleEndian.PutUint64(page, uint64(i))
		w.Page(uint8(i*4/benchPages), i%(benchPages/4), page)
	}
	key, value := make([]byte, 0, 16), make([]byte, 0, 16)
	for n := range uint32(benchEntries) {
		key = benchKey(key, n)
		value = binary.BigEndian.AppendUint64(append(value[:0], 0x92, 0xcf), uint64(n))
		w.Put(n, key, append(value, 0xc0))
	}
	if err := w.Commit(context.Background(), make([]byte, 4000)); err != nil {
		b.Fatal(err)
	}
	return s
}

func benchStore(b *testing.B) (*Store, string) {
	dir := b.TempDir()
	s := saveMillion(b, dir)
	b.Cleanup(func() { s.Close() })
	return s, dir
}

func BenchmarkFirstSave(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir, err := os.MkdirTemp(b.TempDir(), "")
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		s := saveMillion(b, dir)
		b.StopTimer()
		st := s.Stats()
		b.ReportMetric(float64(st.Live)/1e6, "MB")
		s.Close()
		os.RemoveAll(dir)
		b.StartTimer()
	}
}

func BenchmarkOpen(b *testing.B) {
	s, dir := benchStore(b)
	s.Close()
	b.ResetTimer()
	for b.Loop() {
		s, err := Open(dir, Options{})
		if err != nil || s.Meta() == nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkColumns reads 100 MB of columns.
func BenchmarkColumns(b *testing.B) {
	s, _ := benchStore(b)
	for b.Loop() {
		for c := range uint8(4) {
			if err := s.ReadColumn(c, func(int, []byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkSmallSave changes one value and one page of each column.
func BenchmarkSmallSave(b *testing.B) {
	s, _ := benchStore(b)
	page := make([]byte, benchPageSize)
	var n uint64
	for b.Loop() {
		n++
		w := mustBegin(b, s)
		for c := range uint8(4) {
			binary.LittleEndian.PutUint64(page, n)
			w.Page(c, 7, page)
		}
		w.Put(77, benchKey(nil, 77), binary.BigEndian.AppendUint64(nil, n))
		mustCommit(b, w, make([]byte, 4000))
	}
}

func BenchmarkFind(b *testing.B) {
	s, _ := benchStore(b)
	var key []byte
	b.Run("in order", func(b *testing.B) {
		var n uint32
		for b.Loop() {
			key = benchKey(key, n%benchEntries)
			if got, ok := s.Find(key); !ok || got != n%benchEntries {
				b.Fatal(got, ok)
			}
			n++
		}
	})
	b.Run("missing", func(b *testing.B) {
		var n uint32
		for b.Loop() {
			key = benchKey(key, benchEntries+n)
			if got, ok := s.Find(key); ok {
				b.Fatal(got)
			}
			n++
		}
	})
}

func BenchmarkValue(b *testing.B) {
	s, _ := benchStore(b)
	var n uint32
	for b.Loop() {
		if _, ok := s.Value(n * 7919 % benchEntries); !ok {
			b.Fatal(n)
		}
		n++
	}
}
