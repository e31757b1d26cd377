package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func findings(t *testing.T, fsys FS) []error {
	t.Helper()
	var list []error
	if _, err := Verify(context.Background(), fsys, testDir, func(err error) { list = append(list, err) }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestVerifyWhole(t *testing.T) {
	fsys, models := smallCache(t)
	var list []error
	v, err := Verify(context.Background(), fsys, testDir, func(err error) { list = append(list, err) })
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	if want := len(models[2].entries); v.Entries != want || v.Segments == 0 || v.Pages == 0 || v.Bytes == 0 {
		t.Errorf("verified %+v, want %d entries", v, want)
	}
	if _, err := Verify(context.Background(), newMemFS(), testDir, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without an image: %v", err)
	}
}

// TestVerifyFinds flips each byte and cuts each file. Where Verify finds nothing, the
// last save is there, all of it.
func TestVerifyFinds(t *testing.T) {
	missed, all := 0, 0
	eachFile(t, func(fsys func() *memFS, models []*model, name string, size int) {
		look := func(what string, change func(data []byte) []byte) {
			m := fsys()
			m.names[name].data = change(m.names[name].data)
			all++
			if len(findings(t, m)) > 0 {
				return
			}
			missed++
			s, rec := mustOpen(t, m, Options{})
			defer s.Close()
			last := models[len(models)-1]
			err := wrongWith(s, last)
			for n, e := range last.entries {
				v, ok := s.Value(n)
				if p, known := s.Print(n); ok != e.has || !bytes.Equal(v, e.value) || known != e.known || p != e.print {
					err = errors.Join(err, fmt.Errorf("entry %d", n))
				}
			}
			if err != nil || s.Damaged() || !bytes.Equal(s.Meta(), last.meta) {
				t.Errorf("%s: nothing was found, but: %v, %q, meta %q", what, err, rec.all(), s.Meta())
			}
		}
		for at := range size {
			if testing.Short() && at%7 != 0 {
				continue
			}
			look(fmt.Sprintf("%s, byte %d", name, at), func(data []byte) []byte { data[at] ^= 1 << (at % 8); return data })
			if at%5 == 0 {
				look(fmt.Sprintf("%s, cut to %d", name, at), func(data []byte) []byte { return data[:at] })
			}
		}
	})
	t.Logf("%d of %d changes mean nothing", missed, all)
}

func TestCompactAll(t *testing.T) {
	fsys, models := smallCache(t)
	s, _ := mustOpen(t, fsys, Options{})
	defer s.Close()
	other, _ := mustOpen(t, fsys, Options{})
	defer other.Close()
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Segments != 1 || st.Entries != len(models[2].entries) {
		t.Errorf("after it: %+v", st)
	}
	if err := wrongWith(s, models[2]); err != nil {
		t.Error(err)
	}
	if list := findings(t, fsys); len(list) > 0 {
		t.Error(list)
	}
	before := fsys.ops
	if err := s.Compact(context.Background()); err != nil || fsys.ops != before {
		t.Errorf("again: %v, %d writes", err, fsys.ops-before)
	}
	if err := other.Compact(context.Background()); !errors.Is(err, ErrLocked) {
		t.Errorf("beside a writer: %v", err)
	}
	s.Close()
	if err := other.Compact(context.Background()); err != nil { // its image is an older one
		t.Error(err)
	}
	if err := wrongWith(other, models[2]); err != nil {
		t.Error(err)
	}
	if s, err := Open(testDir, Options{FS: fsys, ReadOnly: true}); err != nil || !errors.Is(s.Compact(context.Background()), ErrReadOnly) {
		t.Errorf("read only: %v", err)
	}
}
