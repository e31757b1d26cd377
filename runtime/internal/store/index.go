package store

import "slices"

// slot is a place in the index: the tag of a key above the number of its entry
// and one. The index is a table of slots, in pages. A key is in the first slot
// that was free, from the one on that its tag says (firstSlot), and goes on from
// the last to the first. The tag alone says where a slot belongs, so that the
// index can grow without the keys being read.
type slot uint64

const (
	slotEmpty slot = 0
	slotGone  slot = 1<<32 - 1 // was removed: a search goes on behind it

	// maxEntry is the highest number of an entry: the one above it is slotGone.
	maxEntry = 1<<32 - 3
)

func newSlot(tag, n uint32) slot { return slot(tag)<<32 | slot(n+1) }

// entry is the number in the slot, if it is there and has this tag.
func (s slot) entry(tag uint32) (uint32, bool) {
	n := uint32(s)
	return n - 1, uint32(s>>32) == tag && n != 0 && s != slotGone
}

// firstSlot is where the search for a tag begins.
func firstSlot(tag uint32, slots uint64) uint64 { return uint64(tag) * slots >> 32 }

func slotAt(page []byte, at uint64) slot { return slot(le.Uint64(page[at%slotsPerPage*8:])) }

func setSlot(page []byte, at uint64, s slot) { le.PutUint64(page[at%slotsPerPage*8:], uint64(s)) }

// The index grows when more than maxLoad of its slots are in use, to minLoad.
const (
	maxLoad = 0.80
	minLoad = 0.55
)

// indexEdit is what a save changes in the index.
type indexEdit struct {
	add, remove []slot
}

func (e *indexEdit) empty() bool { return len(e.add) == 0 && len(e.remove) == 0 }

// apply writes the pages of the index that change, and returns the shape that
// the index has then and how many of its slots are in use.
func (e *indexEdit) apply(s *Store, img *image, out *builder) (pages int, used uint32, err error) {
	slots := img.slots()
	if float64(img.used)+float64(len(e.add)) > maxLoad*float64(slots) {
		return e.rebuild(img, out)
	}
	p := patch{s: s, img: img, slots: slots, used: img.used, pages: make(map[uint64][]byte)}
	for _, old := range e.remove {
		if err := p.remove(old); err != nil {
			return 0, 0, err
		}
	}
	for _, s := range e.add {
		if err := p.insert(s); err != nil {
			return 0, 0, err
		}
	}
	changed := make([]uint64, 0, len(p.pages))
	for n := range p.pages {
		changed = append(changed, n)
	}
	slices.Sort(changed)
	for _, n := range changed {
		out.page(indexTable, uint32(n), p.pages[n], sumOf(p.pages[n]))
	}
	return img.count(indexTable), p.used, nil
}

// patch is an index of which some pages change.
type patch struct {
	s     *Store
	img   *image
	slots uint64
	used  uint32
	pages map[uint64][]byte
}

// at returns a slot.
func (p *patch) at(at uint64) (slot, error) {
	page, ok := p.pages[at/slotsPerPage]
	if !ok {
		var err error
		if page, err = p.s.slots.page(p.img, indexTable, uint32(at/slotsPerPage)); err != nil {
			return 0, err
		}
	}
	return slotAt(page, at), nil
}

// set changes a slot, in a copy of its page.
func (p *patch) set(at uint64, s slot) error {
	n := at / slotsPerPage
	if p.pages[n] == nil {
		page, err := p.s.slots.page(p.img, indexTable, uint32(n))
		if err != nil {
			return err
		}
		p.pages[n] = slices.Clone(page)
	}
	setSlot(p.pages[n], at, s)
	return nil
}

// remove marks a slot as gone. One that is not there is none of ours.
func (p *patch) remove(old slot) error {
	at := firstSlot(uint32(old>>32), p.slots)
	for range p.slots {
		switch s, err := p.at(at); {
		case err != nil:
			return err
		case s == old:
			return p.set(at, slotGone)
		case s == slotEmpty:
			return nil
		}
		at = (at + 1) % p.slots
	}
	return nil
}

func (p *patch) insert(s slot) error {
	at := firstSlot(uint32(s>>32), p.slots)
	for range p.slots {
		old, err := p.at(at)
		if err != nil {
			return err
		}
		if old == slotEmpty || old == slotGone {
			if old == slotEmpty {
				p.used++
			}
			return p.set(at, s)
		}
		at = (at + 1) % p.slots
	}
	return damaged("the index is full, and should not be")
}

// rebuild writes an index with room for more.
func (e *indexEdit) rebuild(img *image, out *builder) (pages int, used uint32, err error) {
	removed := make(map[slot]bool, len(e.remove))
	for _, s := range e.remove {
		removed[s] = true
	}
	want := max(0, int(img.live)-len(e.remove)) + len(e.add)
	pages = int(float64(want)/minLoad)/slotsPerPage + 1
	slots := uint64(pages) * slotsPerPage
	table := make([]byte, slots*8)
	put := func(s slot) {
		at := firstSlot(uint32(s>>32), slots)
		for le.Uint64(table[at*8:]) != 0 {
			if at++; at == slots {
				at = 0
			}
		}
		le.PutUint64(table[at*8:], uint64(s))
		used++
	}
	all := func(pageRef) bool { return true }
	err = img.eachPage(indexTable, all, func(_ int, page []byte) error {
		for at := range uint64(slotsPerPage) {
			s := slotAt(page, at)
			if s == slotEmpty || s == slotGone || removed[s] {
				continue
			}
			if uint64(used) == slots-1 {
				return damaged("the index has more slots than there are entries")
			}
			put(s)
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	if uint64(used)+uint64(len(e.add)) >= slots {
		return 0, 0, damaged("the index has more slots than there are entries")
	}
	for _, s := range e.add {
		put(s)
	}
	for n := range pages {
		page := table[n*indexPage : (n+1)*indexPage]
		out.page(indexTable, uint32(n), page, sumOf(page))
	}
	return pages, used, nil
}
