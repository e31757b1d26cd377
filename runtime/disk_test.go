package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"querygen.dev/runtime/codec"
)

// The shop is a set of queries for the tests of databases on a disk: page(i) reads src(i),
// part(i) cuts it off by its length, book reads all parts, list reads the keys of src.

var (
	shopSrc   = defineShop[int, string]("src", KindInput)
	shopPage  = defineShop[int, string]("page", KindPure)
	shopPart  = defineShop[int, int]("part", KindPure)
	shopBook  = defineShop[int, string]("book", KindPure)
	shopWorld = defineShop[int, int]("world", KindGeneration)
	shopKeys  = defineShop[int, int]("keys", KindPure)
	shopTool  = NewService[int]("querygen.dev/runtime.shop.tool")
	shopMade  = defineShop[int, string]("made", KindPure) // with the tool
	shopHeap  = define("heap", KindPure, func(d *Definition) { d.NoPersist = true })
	shopUses  = defineShop[int, string]("uses", KindPure) // of heap

	shopLog struct {
		sync.Mutex
		ran []string
	}
)

func define(name string, kind Kind, change func(d *Definition)) *Query[int, *string] {
	d := Definition{Name: "querygen.dev/runtime.shop." + name, Kind: kind, Params: 1, Fails: true, Code: "1"}
	change(&d)
	q := Define[int, *string](d)
	q.PersistKey(intCodec)
	return q
}

var (
	intCodec    = codec.Type[int]{Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int], Equal: codec.EqualPlain[int], Schema: "int"}
	stringCodec = codec.Type[string]{Encode: codec.EncodeString[string], Decode: codec.DecodeString[string], Equal: codec.EqualPlain[string], Schema: "string"}
)

func defineShop[K comparable, V any](name string, kind Kind) *Query[K, V] {
	q := Define[K, V](Definition{Name: "querygen.dev/runtime.shop." + name, Kind: kind, Params: 1, Fails: true, Code: "1"})
	any(q).(interface{ PersistKey(codec.Type[int]) }).PersistKey(intCodec)
	switch q := any(q).(type) {
	case *Query[int, string]:
		q.PersistValue(stringCodec)
	case *Query[int, int]:
		q.PersistValue(intCodec)
	}
	return q
}

// shopped logs a run.
func shopped(name string, k int) {
	shopLog.Lock()
	defer shopLog.Unlock()
	shopLog.ran = append(shopLog.ran, fmt.Sprint(name, k))
}

func init() {
	shopSrc.Bind(nil, func(*Context, int) (string, error) { return "", nil })
	shopPage.Bind(nil, func(cx *Context, k int) (string, error) {
		shopped("page", k)
		return shopSrc.Get(cx, k)
	})
	shopPart.Bind(nil, func(cx *Context, k int) (int, error) {
		shopped("part", k)
		s, err := shopPage.Get(cx, k)
		return len(s), err
	})
	shopBook.Bind(nil, func(cx *Context, k int) (string, error) {
		shopped("book", k)
		text := ""
		for i := range k {
			n, err := shopPart.Get(cx, i)
			if err != nil {
				return "", err
			}
			text += fmt.Sprint(n, " ")
		}
		return text, nil
	})
	shopWorld.Bind(nil, func(_ *Context, k int) (int, error) {
		shopped("world", k)
		return 1, nil
	})
	shopKeys.Bind(nil, func(cx *Context, k int) (int, error) {
		shopped("keys", k)
		return len(shopSrc.Keys(cx)), nil
	})
	shopMade.Bind(nil, func(cx *Context, k int) (string, error) {
		shopped("made", k)
		return fmt.Sprint(shopTool.Of(cx) * k), nil
	})
	shopHeap.Bind(nil, func(cx *Context, k int) (*string, error) {
		shopped("heap", k)
		s, err := shopSrc.Get(cx, k)
		return &s, err
	})
	shopUses.Bind(nil, func(cx *Context, k int) (string, error) {
		shopped("uses", k)
		s, err := shopHeap.Get(cx, k)
		return *s, err
	})
}

// A process is one that opens a directory.
type process struct {
	t  *testing.T
	db *DB
	cx *Context
}

// open opens a directory, and sets the pages of the shop.
func openShop(t *testing.T, dir string, opts Options, pages ...string) *process {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := &process{t: t, db: db, cx: db.Context(context.Background())}
	p.set(pages...)
	shopLog.ran = nil
	return p
}

func (p *process) set(pages ...string) {
	p.t.Helper()
	err := p.db.Update(func(tx *Tx) error {
		for i, s := range pages {
			shopSrc.Set(tx, i, s)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// wants demands a node, and says what it has to be, and what has to run for it.
func wants[V comparable](p *process, q *Query[int, V], k int, want V, ran ...string) {
	p.t.Helper()
	if got, err := q.Get(p.cx, k); err != nil || got != want {
		p.t.Errorf("%s(%d) is %v, %v; want %v", q.def.Name, k, got, err, want)
	}
	if !slices.Equal(shopLog.ran, ran) {
		p.t.Errorf("%s(%d) has run %v, want %v", q.def.Name, k, shopLog.ran, ran)
	}
	shopLog.ran = nil
}

func (p *process) close() {
	p.t.Helper()
	if err := p.db.Close(); err != nil {
		p.t.Fatal(err)
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopBook, 2, "1 2 ", "book2", "part0", "page0", "part1", "page1")
	p.close()

	p = openShop(t, dir, Options{}, "a", "bb") // nothing has changed
	wants(p, shopBook, 2, "1 2 ")
	wants(p, shopPage, 1, "bb")
	p.set("x", "bb") // cut off
	wants(p, shopBook, 2, "1 2 ", "page0", "part0")
	p.close()

	p = openShop(t, dir, Options{}, "x", "ccc") // changed meanwhile
	wants(p, shopBook, 2, "1 3 ", "page1", "part1", "book2")
	p.close()

	p = openShop(t, dir, Options{}, "x") // and one is not set any more
	wants(p, shopBook, 2, "1 0 ", "page1", "part1", "book2")
	wants(p, shopPage, 0, "x")
	p.close()

	p = openShop(t, dir, Options{}, "x", "y") // nobody has asked before this update
	p.set("x", "zz")
	wants(p, shopBook, 2, "1 2 ", "page1", "part1", "book2")
}

func TestRestartKeys(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopKeys, 0, 2, "keys0")
	p.close()
	p = openShop(t, dir, Options{}, "a", "ccc")
	wants(p, shopKeys, 0, 2)
	p.set("a", "b", "c")
	wants(p, shopKeys, 0, 3, "keys0")
	p.close()
	p = openShop(t, dir, Options{}, "a")
	wants(p, shopKeys, 0, 1, "keys0")
	p.close()
	p = openShop(t, dir, Options{})
	wants(p, shopKeys, 0, 0, "keys0")
}

func TestRestartService(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{Services: []Provision{shopTool.Provide(2, "1")}})
	wants(p, shopMade, 3, "6", "made3")
	p.close()
	p = openShop(t, dir, Options{Services: []Provision{shopTool.Provide(2, "1")}})
	wants(p, shopMade, 3, "6")
	p.close()
	p = openShop(t, dir, Options{Services: []Provision{shopTool.Provide(3, "2")}})
	wants(p, shopMade, 3, "9", "made3")
	p.close()
	p = openShop(t, dir, Options{})
	defer func() {
		if recover() == nil {
			t.Error("the service was not provided, and nobody has noticed")
		}
	}()
	shopMade.Get(p.cx, 3)
}

// What is not written is green without its value; made again, it is no change.
func TestRestartNoPersist(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "a")
	wants(p, shopUses, 0, "a", "uses0", "heap0")
	p.close()
	var events []EventKind
	p = openShop(t, dir, Options{OnEvent: func(e Event) {
		if e.Kind == Run || e.Kind == Again || e.Kind == Load {
			events = append(events, e.Kind)
		}
	}}, "a")
	wants(p, shopUses, 0, "a")
	if s, err := shopHeap.Get(p.cx, 0); err != nil || *s != "a" {
		t.Error(s, err)
	}
	wants(p, shopUses, 0, "a", "heap0")
	if want := []EventKind{Load, Again}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
}

// Changed code throws away its own results, and no others.
func TestRestartCode(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopBook, 2, "1 2 ", "book2", "part0", "page0", "part1", "page1")
	p.close()
	defer func(d Definition) { shopPart.def = d }(shopPart.def)
	shopPart.def.Code = "2"
	p = openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopPage, 0, "a")
	wants(p, shopBook, 2, "1 2 ", "part0", "part1") // it comes to the same
	p.close()
	shopPart.def.Version = "3"
	p = openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopBook, 2, "1 2 ", "part0", "part1")
	p.close()
	defer func(c codec.Type[int]) { shopPart.codecs.key = &c }(*shopPart.codecs.key)
	shopPart.PersistKey(codec.Type[int]{Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int], Equal: codec.EqualPlain[int], Schema: "other"})
	p = openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopPage, 1, "bb")
	wants(p, shopBook, 2, "1 2 ", "book2", "part0", "part1")
}

// A process for which nothing has changed writes nothing.
func TestRestartWritesNothing(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "a", "bb")
	wants(p, shopBook, 2, "1 2 ", "book2", "part0", "page0", "part1", "page1")
	wants(p, shopWorld, 0, 1, "world0")
	p.close()
	saves := 0
	for range 2 {
		p = openShop(t, dir, Options{OnEvent: func(e Event) {
			if e.Kind == Save {
				saves++
			}
		}}, "a", "bb")
		wants(p, shopBook, 2, "1 2 ")
		wants(p, shopWorld, 0, 1, "world0")
		p.close()
	}
	if saves > 0 {
		t.Errorf("%d saves", saves)
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{}, "a")
	wants(p, shopPage, 0, "a", "page0")
	p.close()
	p = openShop(t, dir, Options{ReadOnly: true}, "bb")
	wants(p, shopPage, 0, "bb", "page0")
	if err := p.db.Save(context.Background()); err == nil {
		t.Error("a database that is only read was saved")
	}
	p.close()
	p = openShop(t, dir, Options{ReadOnly: true}, "a")
	wants(p, shopPage, 0, "a")
}

// The first that saves is the one that writes, until it closes.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	first, second := openShop(t, dir, Options{}, "a"), openShop(t, dir, Options{}, "bb")
	waiting := openShop(t, dir, Options{WaitLock: true}, "ccc")
	wants(first, shopPage, 0, "a", "page0")
	wants(second, shopPage, 0, "bb", "page0")
	wants(waiting, shopPage, 0, "ccc", "page0")
	if err := first.db.Save(context.Background()); err != nil {
		t.Fatal(err)
	}
	err := second.db.Save(context.Background())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("the second one that saves gets %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := waiting.db.Save(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who waits for the lock gets %v", err)
	}
	first.close()
	if err := waiting.db.Save(context.Background()); err != nil {
		t.Error(err)
	}
	waiting.close()
	second.close() // it takes the place of what was saved meanwhile
	p := openShop(t, dir, Options{}, "bb")
	wants(p, shopPage, 0, "bb")
}

func TestSaveEvery(t *testing.T) {
	dir := t.TempDir()
	p := openShop(t, dir, Options{SaveEvery: time.Millisecond}, "a")
	wants(p, shopPage, 0, "a", "page0")
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		other := openShop(t, dir, Options{ReadOnly: true}, "a")
		before := len(shopLog.ran)
		if _, err := shopPage.Get(other.cx, 0); err != nil {
			t.Fatal(err)
		}
		if len(shopLog.ran) == before {
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatal("nothing was saved")
		}
	}
}
