// Fingerprints measures what the code fingerprints of querygen are worth: over
// the released versions of a module, which share of its exported functions would
// have to run again because of a release, if each were a query?
//
// Usage:
//
//	fingerprints [-module path] [-steps n] [-v]
//
// It compares three ways to tell whether the code of a function has changed:
//
//   - by function: the fingerprint that the generator computes
//   - by package: the declarations of its package or of one that it imports,
//     over any number of steps, without comments and layout
//   - by file: the same with the bytes of the files
//
// Only functions that are in both of two versions are counted. The share is
// that of one step, then the mean over all steps. Versions of other modules
// count in none of the three.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fingerprints: ")
	module := flag.String("module", "golang.org/x/mod", "the module")
	steps := flag.Int("steps", 40, "how many steps from one release to the next, up to the newest")
	verbose := flag.Bool("v", false, "print each step")
	flag.Parse()
	work, err := os.MkdirTemp("", "fingerprints")
	if err != nil {
		log.Fatal(err)
	}
	err = measure(context.Background(), work, *module, *steps, *verbose)
	if err := cmp.Or(err, os.RemoveAll(work)); err != nil {
		log.Fatal(err)
	}
}

// measure walks over the releases and prints the means.
func measure(ctx context.Context, work, module string, steps int, verbose bool) error {
	if err := writeRuntime(work); err != nil {
		return err
	}
	versions, err := releases(ctx, work, module, steps+1)
	if err != nil {
		return err
	}
	var sum share
	var before map[string]digests
	for i, v := range versions {
		dir := filepath.Join(work, "module")
		now, err := readVersion(ctx, work, dir, module, v)
		if err != nil {
			return fmt.Errorf("%s: %w", v, err)
		}
		if i > 0 {
			step := compare(before, now)
			sum.add(step)
			if verbose {
				fmt.Printf("%-20s %s\n", versions[i-1]+" "+v, step)
			}
		}
		before = now
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	n := len(versions) - 1
	fmt.Printf("%s, %d steps from %s to %s, %d functions on average\n", module, n, versions[0], versions[n], sum.functions/max(n, 1))
	fmt.Printf("mean share invalidated: %s\n", sum.mean(n))
	return nil
}

// digests are what one function has of each kind.
type digests struct{ function, pack, files string }

// A share says which part of the functions was invalidated, by each kind.
type share struct {
	functions             int
	function, pack, files float64
}

func compare(before, now map[string]digests) share {
	var s share
	for name, d := range now {
		old, ok := before[name]
		if !ok {
			continue
		}
		s.functions++
		s.function += differs(old.function, d.function)
		s.pack += differs(old.pack, d.pack)
		s.files += differs(old.files, d.files)
	}
	n := float64(max(s.functions, 1))
	s.function, s.pack, s.files = s.function/n, s.pack/n, s.files/n
	return s
}

func differs(a, b string) float64 {
	if a != b {
		return 1
	}
	return 0
}

func (s *share) add(t share) {
	s.functions += t.functions
	s.function += t.function
	s.pack += t.pack
	s.files += t.files
}

func (s share) mean(n int) share {
	d := float64(max(n, 1))
	return share{s.functions, s.function / d, s.pack / d, s.files / d}
}

func (s share) String() string {
	return fmt.Sprintf("by function %5.1f %%, by package %5.1f %%, by file %5.1f %%", 100*s.function, 100*s.pack, 100*s.files)
}
