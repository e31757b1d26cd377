package main

import (
	"flag"
	"fmt"
	"go/scanner"
	"go/token"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	mutations = flag.Int("mutations", 0, "how many mistakes to seed in a real module, each some seconds for go build")
	seed      = flag.Int64("seed", 1, "of the tests with random edits")
)

// mutate replaces, drops or doubles one token of a Go file.
func mutate(r *rand.Rand, src []byte) string {
	type span struct {
		from, to int
	}
	var tokens []span
	var names []int
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	s.Init(file, src, nil, 0)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		from := file.Offset(pos)
		to := from + max(len(lit), len(tok.String()))
		if tok.IsLiteral() {
			to = from + len(lit)
		}
		if tok == token.IDENT {
			names = append(names, len(tokens))
		}
		tokens = append(tokens, span{from, to})
	}
	t := tokens[r.Intn(len(tokens))]
	text := string(src[t.from:t.to])
	switch r.Intn(6) {
	case 0:
		text = ""
	case 1:
		text += " " + text
	default:
		t = tokens[names[r.Intn(len(names))]]
		other := tokens[names[r.Intn(len(names))]]
		text = string(src[other.from:other.to])
	}
	return string(src[:t.from]) + text + string(src[t.to:])
}

// withoutColumns are places without their columns.
func withoutColumns(places []string) []string {
	var list []string
	for _, p := range places {
		list = append(list, p[:strings.LastIndexByte(p, ':')])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestMutations makes mistakes at random in a real module and compares the
// verdict with that of go build, and the places with those of go vet.
func TestMutations(t *testing.T) {
	if *mutations == 0 {
		t.Skip("-mutations is 0")
	}
	b := realModule(t)
	b.clean()
	r := rand.New(rand.NewSource(*seed))
	files, err := filepath.Glob(b.path("go/*/*/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") || strings.Contains(f, "testdata") })
	for i := range *mutations {
		file, _ := filepath.Rel(b.dir, files[r.Intn(len(files))])
		src, err := os.ReadFile(b.path(file))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%d/%s", i, file), func(t *testing.T) {
			b.t = t
			b.write(file, mutate(r, src))
			got := b.report()
			build, buildOK := goTool(t, b.dir, "build", "./go/...", "./internal/...", "./refactor/...")
			if got.failed() == buildOK {
				t.Fatalf("gocheck:\n%s\ngo build:\n%s", text(got), build)
			}
			syntax := strings.Contains(text(got), "syntax error")
			if !syntax && !strings.Contains(build, "too many errors") && !slices.Equal(withoutColumns(places(text(got))), withoutColumns(places(build))) {
				t.Errorf("gocheck:\n%s\ngo build:\n%s", text(got), build)
			}
			vet, _ := goTool(t, b.dir, "vet", "./"+filepath.Dir(file))
			if want := places(vet); strings.Contains(vet, "\nvet: ") && !slices.Contains(places(text(got)), want[0]) {
				t.Errorf("gocheck:\n%s\ngo vet:\n%s", text(got), vet)
			}
			if !got.failed() {
				return
			}
			t.Logf("%s", text(got))
		})
		b.t = t
		b.write(file, string(src))
		b.clean()
	}
}
