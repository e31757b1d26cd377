package runtime_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
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
		Parallelism: 1 + x.r.IntN(3), NoRunAhead: !runsAhead(x.seed), Logger: slog.New(failing{x.t, x.seed}),
	})
	opts.MemoryBudget = budgetOf(x.seed)
	db, err := query.Open(dir, opts)
	if err != nil {
		x.t.Fatalf("seed %d: Open: %v", x.seed, err)
	}
	query.SetPatience(db, patienceOf(x.seed))
	x.db = db
}

// failing is a handler for which each message is a failure.
type failing struct {
	t    *testing.T
	seed uint64
}

func (f failing) Enabled(context.Context, slog.Level) bool { return true }
func (f failing) WithAttrs([]slog.Attr) slog.Handler       { return f }
func (f failing) WithGroup(string) slog.Handler            { return f }
func (f failing) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	f.t.Errorf("seed %d: %s", f.seed, text)
	return nil
}

// restart opens the database again. What is set is set again, or something else, or in
// part.
func (x *tester) restart(dir string) {
	if err := x.db.Close(); err != nil {
		x.t.Fatalf("seed %d: Close: %v", x.seed, err)
	}
	x.reopen(dir)
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
