// Package sources makes digests of the Go files of a package that change with
// what the files mean to a compiler, and not with comments and layout.
//
// The generator writes the digests of the packages that it has seen into what it
// generates, and has the files embedded beside them. So a program can tell
// whether it was built from the code that the generator saw; see
// docs/generator-fingerprints.md. Both come here, or they would not agree.
//
// What counts, for all systems and build tags alike:
//
//   - the names of the files, and their tokens; tests and generated files do not
//     count, nor do files that the go command ignores
//   - comments that are directives (//go:embed, //query:pure)
//   - the files that the package embeds, byte by byte
//
// The digest stands for the package only if nothing else goes into it. So there is
// none for a package with cgo, and for one whose embedded files are not known.
package sources

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"
)

// Output is the name of the generated file, which embeds the others.
const Output = "query_gen.go"

// Pattern is what has to be embedded to have the Go files. Those that the go command
// ignores are left out because editors leave links of such names behind, which
// can't be embedded.
const Pattern = "[^._]*.go"

// Files are files by their paths below the directory of a package, with slashes.
type Files map[string][]byte

// A Summary is what there is to know of the files of a package.
type Summary struct {
	Digest  string   // 128 bits of xxh3, as hexadecimal digits
	Imports []string // the paths that the files import, sorted; those of all systems
}

// Read reads the files of a package that embeds them, and returns them with the
// patterns by which it does.
func Read(embedded fs.FS) (files Files, patterns []string, err error) {
	files = Files{}
	err = fs.WalkDir(embedded, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(embedded, name)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	output, err := scan(files[Output])
	if err != nil {
		return nil, nil, err
	}
	return files, output.embeds, nil
}

// Embeds returns the patterns by which the Go files embed others, sorted, without those
// of the generated file.
func Embeds(files Files) ([]string, error) {
	var list []string
	for name, text := range files {
		if !isSource(name) {
			continue
		}
		f, err := scan(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, f.embeds...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// Summarize makes the summary of files that were found by patterns.
func Summarize(files Files, patterns []string) (Summary, error) {
	h := xxh3.New()
	w := &writer{h}
	var imports, embeds []string
	var others []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !isSource(name) {
			others = append(others, name)
			continue
		}
		f, err := scan(files[name])
		if err != nil {
			return Summary{}, fmt.Errorf("%s: %w", name, err)
		}
		if slices.Contains(f.imports, "C") {
			return Summary{}, fmt.Errorf("%s: %w", name, errCgo)
		}
		w.text("file " + name)
		w.bytes(f.tokens)
		imports = append(imports, f.imports...)
		embeds = append(embeds, f.embeds...)
	}
	for _, p := range embeds {
		if err := known(p, patterns, files); err != nil {
			return Summary{}, err
		}
	}
	for _, name := range others {
		if !isGo(name) {
			w.text("embedded " + name)
			w.bytes(files[name])
		}
	}
	slices.Sort(imports)
	return Summary{fmt.Sprintf("%x", h.Sum128().Bytes()), slices.Compact(imports)}, nil
}

var (
	errCgo      = errors.New("it uses cgo, and C files are not known")
	errEmbedded = errors.New("not all files that it embeds are known")
)

// known returns an error if not all that a pattern embeds is among the files, as it is.
func known(pattern string, patterns []string, files Files) error {
	if !slices.Contains(patterns, pattern) {
		return fmt.Errorf("%w: %s", errEmbedded, pattern)
	}
	plain := strings.TrimPrefix(pattern, "all:")
	for name := range files {
		if ok, err := path.Match(plain, name); isGo(name) && (ok || err != nil) {
			return fmt.Errorf("%w: %s is one of its own", errEmbedded, name) // whose comments would matter
		}
	}
	return nil
}

// isGo tells whether a file is one of those that Pattern is there for.
func isGo(name string) bool { return !strings.Contains(name, "/") && strings.HasSuffix(name, ".go") }

// isSource tells whether it is code of the package that was not generated.
func isSource(name string) bool {
	return isGo(name) && name != Output && !strings.HasSuffix(name, "_test.go") && name[0] != '.' && name[0] != '_'
}

// Engine tells whether an import path is that of a package that generated code is made
// for. Its code has no say in what a query returns.
func Engine(path string) bool {
	return path == "querygen.dev/runtime" || path == "querygen.dev/runtime/codec"
}
