package querygen

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var (
	mutations    = flag.Int("mutations", 30, "how many broken packages TestMutations makes")
	mutationSeed = flag.Uint64("mutationseed", 1, "where it begins")
)

// TestMutations damages the sources of the cases at random. Whatever the damage
// is, Generate must not panic, must not emit what is no Go, and must not speak
// of places in stubs.
func TestMutations(t *testing.T) {
	root := newModule(t)
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(*mutations) {
		seed := *mutationSeed + i
		r := rand.New(rand.NewPCG(seed, 0))
		name := names[r.IntN(len(names))]
		dir := filepath.Join(root, strings.TrimSuffix(filepath.Base(name), ".txtar"))
		layDamaged(t, r, name, dir)
		checkDamaged(t, seed, dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func layDamaged(t *testing.T, r *rand.Rand, name, dir string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "want") {
			continue
		}
		for range r.IntN(4) {
			f.Data = damage(r, f.Data)
		}
		writeFile(t, filepath.Join(dir, f.Name), f.Data)
	}
}

// damage takes a few bytes out, doubles them elsewhere, or replaces one.
func damage(r *rand.Rand, data []byte) []byte {
	if len(data) < 20 {
		return data
	}
	at := r.IntN(len(data) - 12)
	piece := bytes.Clone(data[at : at+r.IntN(12)])
	switch r.IntN(3) {
	case 0:
		return append(bytes.Clone(data[:at]), data[at+len(piece):]...)
	case 1:
		to := r.IntN(len(data))
		return bytes.Join([][]byte{data[:to], piece, data[to:]}, nil)
	}
	const signs = "()[]{}*,. _/\n"
	data = bytes.Clone(data)
	data[at] = signs[r.IntN(len(signs))]
	return data
}

func checkDamaged(t *testing.T, seed uint64, dir string) {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("seed %d (%s) panics", seed, filepath.Base(dir))
			panic(p)
		}
	}()
	res, err := Generate(context.Background(), Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		return
	}
	for _, p := range res.Problems {
		if isStub(p.Pos.Filename) || strings.Contains(p.Message, "internal error") || strings.Contains(p.Message, stubRuntime) {
			t.Errorf("seed %d (%s): %s", seed, filepath.Base(dir), p.Format(dir))
		}
	}
}
