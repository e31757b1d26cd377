package runtime

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

var (
	shopWeather atomic.Int64
	shopSky     = defineShop[int, int]("sky", KindGeneration)
	shopCoat    = defineShop[int, string]("coat", KindPure)
)

func init() {
	shopSky.Bind(nil, func(_ *Context, k int) (int, error) {
		shopped("sky", k)
		return int(shopWeather.Load()) * k, nil
	})
	shopCoat.Bind(nil, func(cx *Context, k int) (string, error) {
		shopped("coat", k)
		sky, err := shopSky.Get(cx, k)
		if err != nil {
			return "", err
		}
		s, err := shopUses.Get(cx, k) // whose reads have no value in the next process
		return s + string(rune('0'+sky)), err
	})
}

// filesOf returns what the files of a directory say.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		info, err2 := os.Stat(name)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		all[name] = info.ModTime().String() + string(data)
	}
	return all
}

// TestIdle begins processes that find nothing new: they write nothing, also though they run
// what is to be run in each generation, and verify the rest. Whoever comes later
// finds what is new.
func TestIdle(t *testing.T) {
	dir := t.TempDir()
	shopWeather.Store(1)
	p := openShop(t, dir, Options{}, "a", "b", "c")
	wants(p, shopCoat, 1, "b1", "coat1", "sky1", "uses1", "heap1")
	wants(p, shopCoat, 2, "c2", "coat2", "sky2", "uses2", "heap2")
	p.close()
	was := filesOf(t, dir)
	if len(was) < 2 {
		t.Fatal("nothing was written")
	}
	for range 3 {
		p = openShop(t, dir, Options{}, "a", "b", "c")
		wants(p, shopCoat, 1, "b1", "sky1")
		wants(p, shopCoat, 2, "c2", "sky2")
		p.close()
		if !maps.Equal(was, filesOf(t, dir)) {
			t.Fatal("nothing has changed, and something was written")
		}
	}

	shopWeather.Store(2) // what one process finds, the next one does not find again
	p = openShop(t, dir, Options{}, "a", "b", "c")
	wants(p, shopCoat, 1, "b2", "sky1", "coat1")
	p.close()
	if maps.Equal(was, filesOf(t, dir)) {
		t.Fatal("something has changed, and nothing was written")
	}
	p = openShop(t, dir, Options{}, "a", "b", "c")
	wants(p, shopCoat, 2, "c4", "sky2", "coat2")
	wants(p, shopCoat, 1, "b2", "sky1")
	p.close()

	was = filesOf(t, dir)
	p = openShop(t, dir, Options{}, "a", "b", "c")
	wants(p, shopCoat, 2, "c4", "sky2")
	wants(p, shopCoat, 1, "b2", "sky1")
	if err := p.db.Save(context.Background()); err != nil || !maps.Equal(was, filesOf(t, dir)) {
		t.Error("a save without a change", err)
	}
	shopWeather.Store(3) // in the same process
	p.db.NextGeneration()
	wants(p, shopCoat, 1, "b3", "sky1", "coat1")
	p.close()
	p = openShop(t, dir, Options{}, "a", "b", "c")
	wants(p, shopCoat, 1, "b3", "sky1")
	wants(p, shopCoat, 2, "c6", "sky2", "coat2")
}

// TestIdleUnset unsets what was set, which is all that is new.
func TestIdleUnset(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "", "b")
	wants(p, shopPart, 0, 0, "part0", "page0")
	p.close()
	p = openShop(t, dir, Options{})
	p.set() // it is what the body says
	wants(p, shopPart, 0, 0)
	p.close()
	p = openShop(t, dir, Options{}, "x")
	wants(p, shopPart, 0, 1, "page0", "part0")
}
