package scenarios

import (
	"testing"

	query "querygen.dev/runtime"
)

// A program that needs ten times its budget keeps to it, and a change that leaves a
// page as it was runs no reader, whether the page is there or not.
func TestMemoryBudget(t *testing.T) {
	const pages, budget = 1000, 100 << 10
	s := newScene(t, query.Options{MemoryBudget: budget})
	equal(t, Book(s.cx, pages), pages<<10)
	stats := s.db.Stats()
	if stats.Bytes > budget+budget/8 || stats.Dropped < pages*8/10 {
		t.Errorf("values cost %d bytes, %d were dropped", stats.Bytes, stats.Dropped)
	}
	s.took()
	for n := range pages {
		s.set(n, 1)
	}
	equal(t, Book(s.cx, pages), pages<<10)
	s.ranTimes("book(1000)", 0)
	equal(t, len(s.took()), pages)
	s.set(0, 52)
	equal(t, Book(s.cx, pages), pages<<10) // the first page is the same
	s.ran("page(0)")
	s.set(0, 2)
	equal(t, Book(s.cx, pages), pages<<10)
	s.ran("page(0)", "book(1000)") // the others were made again, which is no run
	equal(t, query.Inspect(s.db, PageTask(pages-1)).ChangedAt, 1)
}

// No two makings of one value meet.
func TestMemoryIdentity(t *testing.T) {
	s := newScene(t, query.Options{MemoryBudget: 20 << 10})
	dropped := 0
	var last *Volume
	for n := range 2000 {
		Page(s.cx, n%100)
		if n%50 == 0 {
			v := NewVolume(s.cx, 1)
			if Shelf(s.cx, 1)[0] != v || NewVolume(s.cx, 1) != v {
				t.Fatal("a shelf holds another volume")
			}
			if v != last {
				dropped++
			}
			last = v
		}
	}
	if dropped < 2 {
		t.Error("the volume stays for ever")
	}
	Shelf(s.cx, 1) // it may have gone as a whole
	equal(t, query.Inspect(s.db, ShelfTask(1)).ChangedAt, 1)
}
