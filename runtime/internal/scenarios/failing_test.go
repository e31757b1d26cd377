package scenarios

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	query "querygen.dev/runtime"
)

// cycleOf returns the members of the cycle that err says, without positions.
func cycleOf(t *testing.T, s *scene, err error) string {
	t.Helper()
	c, ok := errors.AsType[*query.CycleError](err)
	if !ok {
		t.Fatalf("not a cycle: %v", err)
	}
	var calls []string
	for _, n := range c.Nodes {
		calls = append(calls, s.call(n))
	}
	return strings.Join(calls, " -> ")
}

func TestIQT10Cycle(t *testing.T) {
	tests := []struct {
		name   string
		demand func(cx *query.Context) (int, error)
		want   string
	}{
		{"of itself", Ouroboros, "ouroboros()"},
		{"of three", RingA, "ringA() -> ringB() -> ringC()"},
		{"of three, from the middle", RingC, "ringA() -> ringB() -> ringC()"},
		{"with one that swallows errors", RingD, "ringD() -> ringE()"},
	}
	lines := declared(t, "failing.go")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t, query.Options{})
			_, err := test.demand(s.cx)
			equal(t, cycleOf(t, s, err), test.want)
			c, _ := errors.AsType[*query.CycleError](err)
			for _, n := range c.Nodes {
				name := n.Query[strings.LastIndexByte(n.Query, '.')+1:]
				if filepath.Base(n.Pos.Filename) != "failing.go" || n.Pos.Line != lines[name] {
					t.Errorf("%s is at %v, want failing.go:%d", name, n.Pos, lines[name])
				}
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%s is not in %q", name, err)
				}
			}
			_, again := test.demand(s.cx)
			equal(t, cycleOf(t, s, again), test.want)
		})
	}
}

// declared returns the lines on which the functions of a file are declared.
func declared(t *testing.T, file string) map[string]int {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			lines[fn.Name.Name] = fset.Position(fn.Pos()).Line
		}
	}
	return lines
}

// TestCycleMembers: promise 6. All members end in the same error, and what a
// member's body makes of it does not matter. To others it is a remembered error.
func TestCycleMembers(t *testing.T) {
	s := newScene(t, query.Options{})
	_, errD := RingD(s.cx)
	errE := thrown(func() { RingE(s.cx) })
	if errD != errE {
		t.Errorf("two members end in\n%v\nand\n%v", errD, errE)
	}
	fine(t, "a cycle")(AboveRing(s.cx))
	s.took()
	fine(t, "a cycle")(AboveRing(s.cx))
	s.ran()
	// The members run in each revision that demands them, and the equal cycle
	// cuts off.
	s.set(0, 1)
	fine(t, "a cycle")(AboveRing(s.cx))
	s.ranSet("ringA()", "ringB()", "ringC()")
}

func TestIQT19CycleComesAndGoes(t *testing.T) {
	for _, first := range []string{"b", "a"} {
		t.Run(first+" first", func(t *testing.T) {
			s := newScene(t, query.Options{})
			s.set(0, 1)
			fine(t, 6)(B(s.cx))
			fine(t, 5)(A(s.cx))
			s.set(0, 2)
			demands := []func(*query.Context) (int, error){A, B, A}
			if first == "b" {
				demands = demands[1:]
			}
			for _, demand := range demands {
				_, err := demand(s.cx)
				equal(t, cycleOf(t, s, err), "a() -> b()")
			}
			s.took()
			s.set(0, 3)
			fine(t, 6)(B(s.cx))
			fine(t, 5)(A(s.cx))
			s.ranSet("a()", "b()")
		})
	}
}

func TestCycleAcrossGoroutines(t *testing.T) {
	for _, parallelism := range []int{1, 8} {
		s := newScene(t, query.Options{Parallelism: parallelism})
		calls := func(name string) Code {
			return func(cx *query.Context) (int, error) {
				time.Sleep(50 * time.Millisecond)
				return Body(cx, s.w, name)
			}
		}
		s.Body("a", calls("b"))
		s.Body("b", calls("a"))
		start := time.Now()
		var all sync.WaitGroup
		for _, name := range []string{"a", "b"} {
			all.Go(func() {
				_, err := Body(s.cx, s.w, name)
				equal(t, cycleOf(t, s, err), `body("a") -> body("b")`)
			})
		}
		all.Wait()
		if d := time.Since(start); d > time.Second {
			t.Errorf("took %v", d)
		}
		s.ranSet(`body("a")`, `body("b")`)
	}
}

func TestS9Panic(t *testing.T) {
	s := newScene(t, query.Options{})
	panics := func() {
		t.Helper()
		p, ok := thrown(func() { OuterBoom(s.cx) }).(*query.PanicError)
		if !ok || p.Value != "boom" {
			t.Fatalf("got %v", p)
		}
		equal(t, len(p.Queries), 2)
		equal(t, s.call(p.Queries[0])+s.call(p.Queries[1]), "outerBoom()boom()")
		if !strings.Contains(string(p.Stack), "scenarios.boom") || !strings.Contains(p.Error(), "boom") {
			t.Errorf("the panic does not tell where it was:\n%v", p)
		}
	}
	s.set(0, 0)
	panics()
	s.ran("outerBoom()", "boom()")
	panics()
	s.ran("outerBoom()", "boom()")
	s.set(0, 4)
	equal(t, OuterBoom(s.cx), 5)
	s.took()
	s.set(0, 0)
	panics()
	s.ranTimes("boom()", 1)
	s.took()
	s.set(0, 4)
	equal(t, OuterBoom(s.cx), 5)
	s.ranTimes("outerBoom()", 0)
}

// TestPanicThroughErrors: promise 8. A panic passes callers with error results,
// reaches those that wait, and is the node's outcome for its request.
func TestPanicThroughErrors(t *testing.T) {
	s := newScene(t, query.Options{})
	s.Body("panics", func(cx *query.Context) (int, error) {
		time.Sleep(20 * time.Millisecond)
		panic("no")
	})
	s.Body("above", func(cx *query.Context) (int, error) {
		v, err := Body(cx, s.w, "panics")
		t.Error("a panic was returned")
		return v, err
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, ok := thrown(func() { Body(s.cx, s.w, "above") }).(*query.PanicError); !ok {
				t.Error("a waiting goroutine did not get the panic")
			}
		})
	}
	all.Wait()
	err := s.db.Run(t.Context(), func(cx *query.Context) error {
		s.took()
		for range 3 {
			if _, ok := thrown(func() { Body(cx, s.w, "panics") }).(*query.PanicError); !ok {
				t.Error("the panic was forgotten within its request")
			}
		}
		s.ran(`body("panics")`)
		_, err := Body(cx, s.w, "panics")
		return err
	})
	if _, ok := errors.AsType[*query.PanicError](err); !ok {
		t.Errorf("Run returned %v", err)
	}
	s.set(0, 1)
	equal(t, OuterBoom(s.cx), 2)
}

func TestReadsErrorChangesToEqual(t *testing.T) {
	s := newScene(t, query.Options{})
	steps := []struct {
		name       string
		reason     int // is halved
		wrapping   int // too
		want       string
		readersRun bool
	}{
		{"first", 0, 0, "*scenarios.Refusal x 0", true},
		{"a new value with the same type and text", 1, 0, "*scenarios.Refusal x 0", false},
		{"another field", 2, 0, "*scenarios.Refusal x 1", true},
		{"wrapped", 2, 2, "*fmt.wrapError x 1", true},
		{"another field below", 4, 2, "*fmt.wrapError x 2", true},
		{"equal, wrapped", 5, 3, "*fmt.wrapError x 2", false},
		{"another type", 5, 4, "*errors.errorString x", true},
		{"errors.New again", 5, 5, "*errors.errorString x", false},
		{"joined", 5, 6, "*errors.joinError x 2", true},
	}
	for _, step := range steps {
		s.update(func(tx *query.Tx) {
			SetIn(tx, 0, step.reason)
			SetIn(tx, 1, step.wrapping)
		})
		fine(t, step.want)(Refused(s.cx))
		s.ranTimes("refusing()", 1)
		want := 0
		if step.readersRun {
			want = 1
		}
		s.ranTimes("refused()", want)
		if t.Failed() {
			t.Fatal("at step: ", step.name)
		}
		s.took()
	}
}
