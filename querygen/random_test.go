package querygen

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/format"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var (
	randomTypes  = flag.Int("random.types", 30, "types of the property test of codecs")
	randomValues = flag.Int("random.values", 200, "values of each type")
	randomSeed   = flag.Uint64("random.seed", 1, "where the types begin")
)

// typesPerPackage keeps the compiler's memory within bounds.
const typesPerPackage = 30

// TestRandomTypes generates codecs for random types, in bulk, and takes random
// values of each round: testdata/random/check_test.go says what must hold. The
// types of one seed are always the same. The full size:
//
//	go test ./querygen -run RandomTypes -random.types 300 -random.values 1000 -timeout 30m
func TestRandomTypes(t *testing.T) {
	root := newModule(t)
	m := &typeMaker{Rand: rand.New(rand.NewPCG(*randomSeed, 0))}
	for i, left := 0, *randomTypes; left > 0; i, left = i+1, left-typesPerPackage {
		m.write(t, filepath.Join(root, fmt.Sprintf("random%d", i)), min(left, typesPerPackage))
	}
	r, err := Generate(context.Background(), Config{Dir: root, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Error(p.Format(root))
	}
	for _, f := range r.Files {
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	// What is compiled here is run for a second: most of the time is the
	// compiler's, and without inlining it has less to do.
	cmd := exec.Command("go", "test", "-vet=off", "-gcflags=-l", "./...")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// write makes a package of random types.
func (m *typeMaker) write(t *testing.T, dir string, types int) {
	for _, name := range []string{"fixed.go", "check_test.go"} {
		data, err := os.ReadFile(filepath.Join("testdata/random", name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), data)
	}
	source, test := m.files(types, *randomValues)
	writeFile(t, filepath.Join(dir, "types.go"), source)
	writeFile(t, filepath.Join(dir, "types_test.go"), test)
}

// A typeMaker writes random types. The source of a type only mentions types that
// came before, and itself where that is allowed.
type typeMaker struct {
	*rand.Rand
	done int    // the types T0 to T(done-1) are there
	self string // the type that is being made, where it may be mentioned
}

// files returns the types with their queries, and the test.
func (m *typeMaker) files(types, values int) (source, test []byte) {
	var src, tst bytes.Buffer
	fmt.Fprint(&src, "package random\n\nimport (\n\"math/big\"\n\"net/netip\"\n\"time\"\n\"unique\"\n\nquery \"querygen.dev/runtime\"\n)\n\n")
	fmt.Fprint(&src, "var (\n_ big.Int\n_ netip.Addr\n_ time.Time\n_ unique.Handle[int]\n)\n\n")
	fmt.Fprint(&tst, "package random\n\nimport \"testing\"\n\nfunc TestTypes(t *testing.T) {\n")
	for i := range types {
		m.done = i
		fmt.Fprintf(&src, "type T%d %s\n\n", i, m.declared(fmt.Sprintf("T%d", i)))
		fmt.Fprintf(&src, "//query:pure\nfunc get%d(cx *query.Context) (v T%d, err error) { return }\n\n", i, i)
		fmt.Fprintf(&tst, "check(t, \"T%d\", &t%dCodec, %d)\n", i, i, values)
	}
	fmt.Fprint(&tst, "}\n")
	source, _ = format.Source(src.Bytes())
	test, _ = format.Source(tst.Bytes())
	return source, test
}

// declared returns what stands behind the name of a type.
func (m *typeMaker) declared(name string) string {
	m.self = ""
	if m.IntN(4) > 0 {
		return m.structure(name, 1+m.IntN(7))
	}
	m.self = name
	defer func() { m.self = "" }()
	switch m.IntN(3) {
	case 0:
		return "[]" + m.typ(2)
	case 1:
		return "map[" + m.key() + "]" + m.typ(2)
	}
	m.self = ""
	return "*" + m.typ(2) // a type made of another has none of its methods
}

// structure returns a struct, of which references may lead back to self.
func (m *typeMaker) structure(self string, fields int) string {
	var b strings.Builder
	b.WriteString("struct {\n")
	if m.IntN(4) == 0 {
		b.WriteString("Base\n")
	}
	if m.IntN(6) == 0 {
		b.WriteString("_ int\n")
	}
	for i := range fields {
		m.self = ""
		tag := ""
		typ := m.typ(0)
		if self != "" && m.IntN(5) == 0 {
			typ = []string{"*", "[]", "map[string]", "[]*", "map[I][]"}[m.IntN(5)] + self
		}
		if m.IntN(6) == 0 {
			tag = " `msgpack:\"-\" json:\"x,omitempty\"`"
		}
		fmt.Fprintf(&b, "F%d %s%s\n", i, typ, tag)
	}
	b.WriteString("}")
	return b.String()
}

var leafTypes = []string{
	"bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
	"float32", "float64", "complex64", "complex128", "string", "[]byte", "rune", "byte",
	"B", "I", "I8", "I32", "U", "U8", "U16", "F", "F32", "C", "S", "Bs", "Base",
	"time.Time", "time.Duration", "netip.Addr", "*big.Int", "unique.Handle[string]",
	"Text", "Binary", "Own", "struct{}",
}

var keyLeaves = []string{
	"bool", "int", "int8", "uint16", "string", "float64", "float32", "complex128", "I", "S", "U8", "F",
	"netip.Addr", "Text", "Binary", "[2]int8", "[3]byte", "Base", "struct{ A bool; B S }", "struct{ A F }", "unique.Handle[string]",
}

func (m *typeMaker) key() string { return keyLeaves[m.IntN(len(keyLeaves))] }

// typ returns a type that is nested to a small depth.
func (m *typeMaker) typ(depth int) string {
	if depth > 3 || m.IntN(3) == 0 {
		return m.leaf()
	}
	if m.self != "" && m.IntN(4) == 0 {
		return m.self
	}
	down := func() string { return m.typ(depth + 1) }
	switch m.IntN(9) {
	case 0:
		return "[]" + down()
	case 1:
		return fmt.Sprintf("[%d]%s", m.IntN(4), m.noSelf(depth))
	case 2:
		return "map[" + m.key() + "]" + down()
	case 3:
		return "*" + m.noSelf(depth)
	case 4:
		return "Pair[" + m.noSelf(depth) + ", " + m.noSelf(depth) + "]"
	case 5:
		return "List[" + m.noSelf(depth) + "]"
	case 6:
		return "Tree[" + m.key() + ", " + m.noSelf(depth) + "]"
	case 7:
		self := m.self
		defer func() { m.self = self }()
		return m.structure("", 1+m.IntN(3))
	}
	return fmt.Sprintf("[%d]byte", m.IntN(20))
}

// noSelf is typ where a type must not mention itself: by value it would have no
// end, and as a type argument neither.
func (m *typeMaker) noSelf(depth int) string {
	self := m.self
	m.self = ""
	defer func() { m.self = self }()
	return m.typ(depth + 1)
}

func (m *typeMaker) leaf() string {
	if m.done > 0 && m.IntN(4) == 0 {
		return fmt.Sprintf("T%d", m.IntN(m.done))
	}
	return leafTypes[m.IntN(len(leafTypes))]
}
