package runtime_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/codec"
)

// What programs need to be written to a disk.
func init() {
	key := codec.Type[progKey]{
		Encode: func(e *codec.Encoder, k *progKey) {
			e.Fields(2)
			codec.EncodeInt(e, &k.Program)
			codec.EncodeInt(e, &k.Node)
		},
		Decode: func(d *codec.Decoder, k *progKey) {
			d.Fields(2)
			codec.DecodeInt(d, &k.Program)
			codec.DecodeInt(d, &k.Node)
		},
		Equal:  codec.EqualPlain[progKey],
		Schema: "key",
	}
	value := codec.Type[int]{Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int], Equal: codec.EqualPlain[int], Schema: "int"}
	for _, q := range []*query.Query[progKey, int]{progFails, progValue, progNever, progGen, progAlways, progInput, progSpare, progOnce, progTwice} {
		q.PersistKey(key)
		q.PersistValue(value)
	}
	progParity.PersistKey(key)
	progParity.PersistValue(codec.Type[parity]{
		Encode: codec.EncodeInt[parity], Decode: codec.DecodeInt[parity], Equal: codec.EqualPlain[parity], Schema: "parity",
	})
	for i := range failures {
		failures[i] = fmt.Errorf("fail %d", i)
		query.RegisterError(fmt.Sprint("querygen.dev/runtime_test.failure", i), failures[i])
	}
}

// failures are errors that survive a restart.
var failures [3]error

// TestDifferentialRestart closes the database of a random program now and then, and opens
// it again: answers are those of from-scratch evaluation all the same.
func TestDifferentialRestart(t *testing.T) {
	forSeeds(t, nil, runRestarts)
}

func runRestarts(t *testing.T, seed uint64) int {
	r := rand.New(rand.NewPCG(seed, 7))
	p := newProgram(r, featuresOf(r, seed))
	p.limited = false
	extra := p.extend(seed)
	defer programs.Delete(p.id)
	dir, err := os.MkdirTemp(shm(), "restart")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	x := &tester{t: t, seed: seed, r: r, p: p, state: map[int]*nodeModel{}, gen: 1, extra: extra}
	for i := range p.nodes {
		x.state[i] = &nodeModel{}
	}
	x.again.once = map[int]int{}
	x.reopen(dir)
	defer watch(t, seed)()
	demands := 0
	for range 3 + r.IntN(20) {
		switch r.IntN(6) {
		case 0:
			x.restart(dir)
		case 1:
			if err := x.db.Save(context.Background()); err != nil {
				t.Errorf("seed %d: Save: %v", seed, err)
			}
		default:
			x.edit()
		}
		for range 1 + r.IntN(3) {
			x.anyRequest()
			demands++
			if t.Failed() {
				t.Errorf("repeat with -run %s -diff.seed %d", t.Name(), seed)
				x.db.Close()
				return demands
			}
		}
	}
	if err := x.db.Close(); err != nil {
		t.Errorf("seed %d: Close: %v", seed, err)
	}
	return demands
}

// shm is where files are in memory, if there is such a place.
func shm() string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return "/dev/shm"
	}
	return ""
}

func (x *tester) reopen(dir string) {
	opts := watched(query.Options{
		Parallelism: 1 + x.r.IntN(3), NoRunAhead: !runsAhead(x.seed), Logger: slog.New(failing{x}),
	})
	opts.MemoryBudget = budgetOf(x.seed)
	db, err := query.Open(dir, opts)
	if err != nil {
		x.t.Fatalf("seed %d: Open: %v", x.seed, err)
	}
	query.SetPatience(db, patienceOf(x.seed))
	x.db = db
}

// failing is a handler for which each message is a failure, unless there is damage.
type failing struct{ x *tester }

func (f failing) Enabled(context.Context, slog.Level) bool { return true }
func (f failing) WithAttrs([]slog.Attr) slog.Handler       { return f }
func (f failing) WithGroup(string) slog.Handler            { return f }
func (f failing) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	if !f.x.damaged {
		f.x.t.Errorf("seed %d: %s", f.x.seed, text)
	}
	return nil
}

// change gives one of the queries other code, as it is described, or its key another
// schema.
func (x *tester) change() {
	q := []*query.Query[progKey, int]{progFails, progValue, progNever, progGen, progAlways, progInput, progSpare}[x.r.IntN(7)]
	if x.r.IntN(3) == 0 {
		query.NewKeySchema(q)
	} else {
		query.NewVersion(q)
	}
}

// damage flips a byte of the cache, or cuts a file, or removes it.
func (x *tester) damage(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		return
	}
	x.damaged = true
	name := files[x.r.IntN(len(files))]
	data, err := os.ReadFile(name)
	if err != nil || len(data) == 0 {
		return
	}
	at := x.r.IntN(len(data))
	switch x.r.IntN(4) {
	case 0:
		err = os.Truncate(name, int64(at))
	case 1:
		err = os.Remove(name)
	default:
		data[at] ^= 1 << x.r.IntN(8)
		err = os.WriteFile(name, data, 0o666)
	}
	if err != nil {
		x.t.Errorf("seed %d: %v", x.seed, err)
	}
}

// beside opens the directory once more: what is opened second answers like any other,
// and does not save while the first one may.
func (x *tester) beside(dir string) {
	if err := x.db.Save(context.Background()); err != nil {
		x.t.Errorf("seed %d: Save: %v", x.seed, err)
	}
	first := x.db
	x.reopen(dir)
	defer func() {
		if err := x.db.Close(); err != nil {
			x.t.Errorf("seed %d: Close: %v", x.seed, err)
		}
		x.db = first
	}()
	set := x.p.set
	x.p.set = map[int]int{}
	x.anyRequest()
	x.p.set = set
}

// restart opens the database again. What is set is set again, or something else, or in
// part.
func (x *tester) restart(dir string) {
	if err := x.db.Close(); err != nil {
		x.t.Fatalf("seed %d: Close: %v", x.seed, err)
	}
	if x.r.IntN(6) == 0 {
		x.change()
	}
	if x.r.IntN(6) == 0 {
		x.damage(dir)
	}
	x.reopen(dir)
	if x.r.IntN(6) == 0 {
		x.beside(dir)
	}
	for i := range x.p.world {
		if x.r.IntN(4) == 0 {
			x.p.world[i] = x.r.IntN(3) // it is another generation
		}
	}
	x.gen++
	how := x.r.IntN(4)
	err := x.db.Update(func(tx *query.Tx) error {
		for _, n := range slices.Sorted(maps.Keys(x.p.set)) {
			v := x.p.set[n]
			switch {
			case how == 0 && x.r.IntN(2) == 0:
				v = x.r.IntN(4)
			case how == 1 && x.r.IntN(2) == 0:
				delete(x.p.set, n)
				continue
			}
			progInput.Set(tx, progKey{x.p.id, n}, v)
			x.p.set[n] = v
		}
		return nil
	})
	if err != nil {
		x.t.Errorf("seed %d: update: %v", x.seed, err)
	}
}

// anyRequest is request without the model of what may run.
func (x *tester) anyRequest() {
	o := newOracle(x.p)
	x.p.log = nil
	if x.extra != nil && x.extra.IntN(3) == 0 {
		n := x.extra.IntN(len(x.p.nodes))
		got, _ := x.p.collectText(x.db.Context(context.Background()), n)
		if want := o.collectText(n); got != want {
			x.t.Errorf("seed %d: collected below node %d: %s\nfrom scratch: %s", x.seed, n, got, want)
		}
		return
	}
	n := x.r.IntN(len(x.p.nodes))
	if x.r.IntN(2) == 0 {
		x.compare(o, n, func() (int, error) { return x.p.demand(x.db.Context(context.Background()), n) })
	} else {
		x.several(o, []int{n, x.r.IntN(len(x.p.nodes)), x.r.IntN(len(x.p.nodes))})
	}
	if err := query.CheckInvariants(x.db); err != nil {
		x.t.Errorf("seed %d: %v", x.seed, err)
	}
}
