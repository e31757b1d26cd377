package runtime_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var mutations = flag.Bool("mutations", false, "plant faults into the engine and see the differential test find them")

// A fault is an edit of the engine's source that breaks a rule of it.
type fault struct {
	name     string
	file     string
	old, new string
}

var faults = []fault{
	{"verify in any order", "internal/graph/records.go", "return int(a.edge) - int(b.edge)", "return int(b.edge) - int(a.edge)"},
	{"drop a pending record", "internal/graph/mark.go", "if e.owner&hasRecord == 0 {", "if e.owner&hasRecord == 0 && x%3 != 0 {"},
	{"clear standing records", "internal/graph/mark.go", "if g.State(rec.Child)&Tainted != 0 {", "if false {"},
	{"forget a reverse read", "internal/graph/edges.go", "*head = e + 1", "if e%5 != 0 { *head = e + 1 }"},
	{"compare colours", "walk.go", "if g.Stamp(rec.Child) != rec.Seen {", "if g.Times(rec.Child).Ran == w.db.moment() {"},
	{"store an overtaken run as clean", "internal/graph/mark.go", "state = state&^kindMask | Dirty", "_ = moved"},
	{"take the last stamp seen", "internal/graph/mark.go", "if e.owner&hasRecord == 0 {\n\t\t\tg.addRecord(p, i, seen)\n\t\t}", "if e.owner&hasRecord == 0 {\n\t\t\tg.addRecord(p, i, seen)\n\t\t} else {\n\t\t\tfor k := g.at(p).records; k != 0; k = g.recs.At(k - 1).next {\n\t\t\t\tif g.recs.At(k-1).edge == i {\n\t\t\t\t\tg.recs.At(k - 1).seen = seen\n\t\t\t\t}\n\t\t\t}\n\t\t}"},
	{"mark only the direct readers", "internal/graph/mark.go", "stack = append(stack, p)", "_ = p"},
	{"keep the stamp of a changed outcome", "run.go", "if same {", "if same || n%4 == 0 && w.db.g.Stamp(n) != 0 {"},
	{"cycles outlive their revision", "update.go", "for n := range db.blind {", "for n := range map[graph.ID]bool{} {"},
	{"go on at a new revision unseen", "request.go", "if !f.Reads.All(func(read graph.Read) bool { return db.holds(r, f.View, read) }) {", "if false {"},
	{"store what an abort made", "run.go", "if f.SawAbort.Load() {\n\t\treturn true\n\t}", ""},
	{"let a cycle go on", "walk.go", "f.Awaited = false // from now on\n\treturn true", "f.Awaited = false\n\treturn n%2 == 0"},
	{"ignore the generation", "run.go", "if q.def.Kind == KindGeneration {", "if q.def.Kind == KindGeneration && f.Node%2 == 0 {"},
	{"forget to retrace", "emit.go", "db.g.Spoil(trace)\n", "\n"},
	{"remember a fallback", "rescue.go", "w.db.blind[n] = true", ""},
	{"show members of an iteration to others", "internal/graph/mark.go", "narrowest = max(narrowest, g.For(read.Node))", "_ = read"},
	{"leave heads as they are", "run.go", "w.db.forgetHeads(n, nil)", ""},
	{"run heads once", "fixpoint.go", "if !w.db.g.State(n).Green() {\n\t\t\tw.db.g.Demand(n)", "if false {\n\t\t\tw.db.g.Demand(n)"},
	{"give up and restore nothing", "member.go", "\t\tdb.restore(n, b)\n\t}", "\t\t_ = b\n\t}"},
	{"give members back their values and not their records", "converge.go", "if stamp, ok := back[child]; ok && seen == stamp {", "if stamp, ok := back[child]; ok && seen == stamp && false {"},
	{"settle before the heads", "head.go", "outer.moved = outer.moved || it.moved", ""},
	{"leave folded nodes out of a circle", "stack.go", "db.board.Adopt(at.flight, caller)", "_ = at"},
	{"look for circles through what is folded", "internal/flight/wait.go", "if b.Unfold != nil {", "if false {"},
	{"exceed a limit", "internal/flight/place.go", "if l.free == 0 {", "if l.free == 0 && f.Node%2 == 0 {"},
	{"demand behind the back of a verification", "internal/graph/mark.go", "g.epoch++ // somebody may be verifying it", ""},
	{"hear members of a cycle", "collect.go", "if db.silent[n] {", "if false {"},
	{"drop what others were made of", "memory.go", "case db.readersGone(n):", "case true:"},
	{"take what was made again for a change", "run.go", "k.commit(slot, e.out, w.db.g.Stamp(n))", "k.commit(slot, e.out, w.db.g.NewStamp(n))"},
	{"hand a dropped value out", "walk.go", "!(w.value && w.db.isGone(n))", "!(w.value && n%4 != 0 && w.db.isGone(n))"},
	{"let a node go that is read", "bury.go", "db.g.AnyReader(n, add)\n", "_ = add\n"},
	{"let nodes go that were demanded", "garbage.go", "return !later(since, t.cell(slot).used.Load())", "return false"},
	{"keep the traces of nodes that are gone", "bury.go", "db.about(n, add)\n", "_ = n\n"},
	{"run what is not certain", "wave.go", "if alone && len(late) == 1 && (n ==", "if (n =="},
	{"run what no root has read", "wave.go", "&& v.below(n) {\n\t\treturn w.runWave", "{\n\t\treturn w.runWave"},
	{"read above the front", "wave.go", "if db.g.GreenBelow(n, w.base.Front.Load()-1) && !db.g.MayBeStale(n) {", "if db.g.State(n).Green() {"},
	{"hit above the front", "hit.go", "!state.GreenBelow(front-1)", "!state.Green()"},
	{"leave heights as they are", "internal/graph/height.go", "if h > before && g.at(n).readers != 0 {", "if false {"},
	{"lose what is on the front", "internal/graph/front.go", "for _, e := range g.front {\n", "for _, e := range g.front[len(g.front)/2:] {\n"},
	{"park what may be below the root", "internal/graph/climb.go", "if c.aside.has(p) || !c.g.live(i) {", "if c.aside.has(p) || !c.g.live(i) || p%5 == 0 {"},
	{"let edges leave a closed set", "internal/graph/edges.go", "g.widen(n, reads)\n", "\n"},
	{"demand above what is parked", "wave.go", "case w.isBeside() && !db.g.MayBeStale(n):", "case w.isBeside():"},
	{"hit above what is parked", "hit.go", "front != 0 && db.mayBeStale(c.id)", "false"},
	{"hit from outside above what is parked", "parked.go", "return b != nil && b.calm == rev && !b.has(n)", "return b != nil && b.calm == rev"},
	{"lose what is parked", "internal/graph/front.go", "for _, n := range g.parked {\n", "for _, n := range g.parked[len(g.parked)/2:] {\n"},
	{"end a wave behind a change", "wave.go", "case now != before:", "case now != before && n%3 != 0:"},
	{"wait for a place for ever", "internal/flight/place.go", "for l := b.stuck(); l != nil; l = b.stuck() {", "for l := (*Limit)(nil); l != nil; {"},
}

// TestFaultsFit keeps the list of faults up with the source that they break.
func TestFaultsFit(t *testing.T) {
	for _, f := range faults {
		plant(t, f)
	}
}

// TestMutations plants each fault and lets the differential tests find it, within
// a minute: a test of the tests.
func TestMutations(t *testing.T) {
	if !*mutations {
		t.Skip("run with -mutations; it takes some minutes")
	}
	for _, f := range faults {
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "broken.test")
			if out, err := exec.Command("go", "test", "-c", "-o", binary, "-overlay", plant(t, f), ".").CombinedOutput(); err != nil {
				t.Fatalf("the fault does not compile: %v\n%s", err, out)
			}
			start := time.Now()
			test := find(t, binary, start.Add(time.Minute))
			t.Logf("found by %s in %v", test, time.Since(start).Round(time.Second/10))
		})
	}
}

// find lets the differential tests run in turn, longer and longer, until one fails,
// and returns its name.
func find(t *testing.T, binary string, until time.Time) string {
	t.Helper()
	list, err := exec.Command(binary, "-test.list", "^TestDifferential").Output()
	if err != nil {
		t.Fatal(err)
	}
	for round := time.Second; ; round *= 2 {
		for _, test := range strings.Fields(string(list)) {
			left := time.Until(until)
			if left < 0 {
				t.Fatal("not found")
			}
			cmd := exec.Command(binary, "-test.run", "^"+test+"$", "-diff.for", min(round, left).String(), "-test.failfast")
			if err := cmd.Run(); err != nil {
				return test
			}
		}
	}
}

// plant writes the broken source aside and returns an overlay for the go command.
func plant(t *testing.T, f fault) string {
	t.Helper()
	path, err := filepath.Abs(f.file)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), f.old); n != 1 {
		t.Fatalf("%s has the text to be broken %d times", f.file, n)
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.go")
	write := func(name string, data []byte) {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(broken, []byte(strings.Replace(string(source), f.old, f.new, 1)))
	overlay := filepath.Join(dir, "overlay.json")
	data, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	write(overlay, data)
	return overlay
}
