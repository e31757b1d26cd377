package querygen

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"querygen.dev/internal/sources"
)

// The fingerprints in a generated file are right for the sources that the generator
// has seen. So that a program can tell whether it was built from these, the file has
// the package's sources embedded, and holds the digest of each package that may be
// part of a program with its own, as far as these have generated files themselves:
// a fingerprint may be about any of them.

// ownFiles are the files of a package that go into its generated file.
type ownFiles struct {
	sources.Summary
	pack     *pack
	patterns []string // by which they are embedded
}

// summarize reads the files of all packages that have queries. It is called before the
// code base reads what was not read yet: if somebody writes to a file meanwhile, the digest
// is that of the older content, and tells that it is not what was built.
func (w *world) summarize() map[string]*ownFiles {
	all := make(map[string]*ownFiles)
	for path, p := range w.packs {
		if len(p.queries) > 0 && p.meta.Module != nil && p.meta.Module.Main {
			if f := p.ownFiles(); f != nil {
				all[path] = f
			}
		}
	}
	return all
}

// ownFiles reads the files of a package; nil if they are not all that it is made of, or
// can't be embedded.
func (p *pack) ownFiles() *ownFiles {
	files, ok := p.goFiles()
	if !ok {
		return nil
	}
	embeds, err := sources.Embeds(files)
	if err != nil {
		return nil
	}
	f := &ownFiles{pack: p, patterns: []string{sources.Pattern}}
	for _, pattern := range embeds {
		list := embeddedFiles(p.dir, pattern)
		for _, name := range list {
			rel, err := filepath.Rel(p.dir, name)
			if err != nil {
				return nil
			}
			if files[filepath.ToSlash(rel)], err = os.ReadFile(name); err != nil {
				return nil
			}
		}
		if len(list) > 0 { // else it would not compile
			f.patterns = append(f.patterns, pattern)
		}
	}
	if f.Summary, err = sources.Summarize(files, f.patterns); err != nil {
		return nil
	}
	return f
}

// goFiles returns the Go files in the package's directory, those that were parsed as
// they were then. Of tests there are only the names. It fails if there are other sources,
// or something that is no file.
func (p *pack) goFiles() (files sources.Files, ok bool) {
	files = make(sources.Files)
	for _, s := range p.sources {
		files[filepath.Base(s.path)] = s.text
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		name := e.Name()
		matched, _ := filepath.Match(sources.Pattern, name)
		switch {
		case slices.Contains(foreignSuffixes, filepath.Ext(name)), matched && !e.Type().IsRegular():
			return nil, false
		case !matched || files[name] != nil:
		case isOutput(name) || strings.HasSuffix(name, "_test.go"):
			files[name] = nil
		default:
			if files[name], err = os.ReadFile(filepath.Join(p.dir, name)); err != nil {
				return nil, false
			}
		}
	}
	return files, true
}

// companions returns the packages that may be part of a program with p, as far as the
// program has none that it can't tell about.
func (p *pack) companions() map[string]*ownFiles {
	all := map[string]*ownFiles{p.path: p.world.files[p.path]}
	for path, f := range p.world.files {
		program := make(map[string]*ownFiles)
		if f.pack.name == "main" && p.world.program(path, f.pack.meta.Module.Path, program) && program[p.path] != nil {
			maps.Copy(all, program)
		}
	}
	return all
}

// program adds a package and all that it imports within its module. It fails if one of these
// has no generated file.
func (w *world) program(path, module string, list map[string]*ownFiles) bool {
	f := w.files[path]
	if f == nil {
		return false
	}
	list[path] = f
	for _, dep := range f.Imports {
		inside := dep == module || strings.HasPrefix(dep, module+"/")
		if inside && list[dep] == nil && !sources.Engine(dep) && !w.program(dep, module, list) {
			return false
		}
	}
	return true
}

// sources emits the embedded files and the digests.
func (e *emitter) sources() {
	own := e.pack.world.files[e.pack.path]
	if own == nil || e.pack.role != ordinary {
		return
	}
	var digests []jen.Code
	all := e.pack.companions()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		digests = append(digests, jen.Lit(path).Op(":").Lit(all[path].Digest))
	}
	directive := "//go:embed"
	for _, p := range own.patterns {
		if strings.ContainsAny(p, " \t\"`") {
			p = strconv.Quote(p)
		}
		directive += " " + p
	}
	name := e.free.unique("querySources")
	if !e.seen["embed"] {
		e.seen["embed"] = true
		e.register("embed", "embed", "embed")
	}
	e.file.Line()
	e.file.Comment("By these files a program can tell whether it was built from the code that the")
	e.file.Comment("fingerprints above are about.")
	e.file.Comment("//")
	e.file.Comment(directive)
	e.file.Var().Id(name).Qual("embed", "FS")
	e.file.Line()
	e.file.Var().Id("_").Op("=").Add(e.runtime("Sources")).Call(
		jen.Lit(e.pack.path), jen.Id(name),
		e.runtime("SourceDigests").Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, digests...),
	)
}

var digestTable = regexp.MustCompile(`(?s)(\.Sources\("[^"\n]*", [^\n]*\.SourceDigests\{).*?\}\)`)

// withoutDigests takes the digests out of a generated file. A file of which they are out of
// date does what it should: they say so themselves.
func withoutDigests(content []byte) []byte { return digestTable.ReplaceAll(content, []byte("$1})")) }
