package cache

import (
	"cmp"
	"fmt"
	"slices"

	"querygen.dev/runtime/internal/store"
)

// A Size is what a cache takes on the disk, in bytes.
type Size struct {
	Live     int64 // of what can be read
	Garbage  int64 // of what was replaced since, and goes with the next compaction
	Segments int   // files
	Entries  int
}

func sizeOf(s *store.Store) Size {
	st := s.Stats()
	return Size{st.Live, st.Garbage, st.Segments, st.Entries}
}

// Stats say what is in a cache.
type Stats struct {
	Size
	Graph   int64 // bytes of Live that are the graph and the index: no keys, no values
	Queries []QueryStats
}

// QueryStats are about the nodes of one query.
type QueryStats struct {
	Query      string
	Nodes      int
	Values     int   // nodes whose values are there
	Prints     int   // nodes of whose values there is a fingerprint only
	KeyBytes   int64 // msgpack
	ValueBytes int64 // the same
}

// Stats adds up what is in the cache, by query; those with most bytes come first. It
// reads all keys and no value.
func (c *Cache) Stats() (Stats, error) {
	st := Stats{Size: sizeOf(c.store)}
	byName := map[string]*QueryStats{}
	err := c.store.Scan(func(it store.Item) error {
		query, key, err := c.split(it.Key)
		if err != nil {
			return fmt.Errorf("entry %d: %w", it.Number, err)
		}
		q := byName[query]
		if q == nil {
			q = &QueryStats{Query: query}
			byName[query] = q
		}
		q.add(it, len(key))
		return nil
	})
	if err != nil {
		return Stats{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	st.Graph = st.Live
	for _, q := range byName {
		st.Queries = append(st.Queries, *q)
		st.Graph -= q.KeyBytes + q.ValueBytes
	}
	slices.SortFunc(st.Queries, func(a, b QueryStats) int {
		return cmp.Or(cmp.Compare(b.KeyBytes+b.ValueBytes, a.KeyBytes+a.ValueBytes), cmp.Compare(a.Query, b.Query))
	})
	return st, nil
}

func (q *QueryStats) add(it store.Item, key int) {
	q.Nodes++
	q.KeyBytes += int64(key)
	switch {
	case it.Size >= 0:
		q.Values++
		q.ValueBytes += int64(it.Size)
	case it.Print:
		q.Prints++
	}
}
