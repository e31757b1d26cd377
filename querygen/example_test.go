package querygen_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"querygen.dev/querygen"
)

// Generate writes nothing: it says what is wrong with the packages, and what
// their generated files should be. File.Commit makes the disk agree.
func ExampleGenerate() {
	dir, err := os.Getwd()
	if err != nil {
		log.Fatal(err)
	}
	r, err := querygen.Generate(context.Background(), querygen.Config{
		Dir:      dir,
		Patterns: []string{"./testdata/example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range r.Problems {
		fmt.Println(p.Format(dir))
	}
	for _, f := range r.Files {
		fmt.Println(querygen.Relative(dir, f.Path), "is stale:", f.Stale)
		for line := range bytes.Lines(f.Content) {
			if bytes.HasPrefix(line, []byte("func ")) {
				fmt.Printf("\t%s", line)
			}
		}
	}
	// Output:
	// testdata/example/example.go:13:1: warning: "// rerun always" is not the canonical spelling, write //rerun:always
	// testdata/example/query_gen.go is stale: true
	// 	func Length(cx *query.Context, word string) int {
	// 	func Now(cx *query.Context) int64 {
	// 	func init() {
}
