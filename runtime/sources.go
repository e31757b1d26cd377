package runtime

import (
	"io/fs"
	"runtime/debug"
	"strings"
	"sync"

	"querygen.dev/internal/sources"
)

// A program may have been built from other code than the generator has seen. Then the
// fingerprints in the generated files are those of yesterday's code, and equal to those
// that the cache was saved with: nobody would notice. The build id tells programs apart,
// but also those that differ in nothing that a query reaches. So when it differs,
//
//   - T1 a fingerprint counts only if each package of the main module that the program is
//     made of is as the generator saw it, when it wrote the file in which the fingerprint
//     stands. Not only those that the query reached then: others may have come to
//     assign to its variables, or to implement its interfaces.
//   - T2 what the program is made of is found by the imports, from package main on. A package
//     without a generated file ends that: nobody knows what it was like.
//   - T3 otherwise the query's nodes run again, as they do for changed code.
//
// Packages of modules with a checksum need none of that.

// embeddedSources are the sources of a package as the program was built from them, and
// what the generator had seen: its own package, and those that may be in a program with it.
type embeddedSources struct {
	digests SourceDigests
	now     func() (sources.Summary, error)
}

// embeddedIn holds those of the program, by import path. Package initialization fills it.
var embeddedIn struct {
	sync.RWMutex
	byPath map[string]*embeddedSources
}

// SourceDigests are digests of the sources of packages, by import path.
type SourceDigests map[string]string

// Sources says from which sources a package was built. The digests are those that the
// packages of its module had when the generator wrote the fingerprints of its
// queries; what is embedded now is compared with them when a database is opened that
// another build of the program has saved. Generated code calls it.
func Sources(path string, files fs.FS, digests SourceDigests) Registered {
	embeddedIn.Lock()
	defer embeddedIn.Unlock()
	if embeddedIn.byPath == nil {
		embeddedIn.byPath = map[string]*embeddedSources{}
	}
	embeddedIn.byPath[path] = &embeddedSources{digests: digests, now: sync.OnceValues(func() (sources.Summary, error) {
		all, patterns, err := sources.Read(files)
		if err != nil {
			return sources.Summary{}, err
		}
		return sources.Summarize(all, patterns)
	})}
	return Registered{}
}

func sourcesOf(path string) *embeddedSources {
	embeddedIn.RLock()
	defer embeddedIn.RUnlock()
	return embeddedIn.byPath[path]
}

// packageOf returns the import path of the package that a query belongs to, of those that
// have sources: its name is that and the name of the function or method.
func packageOf(name string) string {
	slash := strings.LastIndexByte(name, '/') + 1
	for i, r := range name[slash:] {
		if path := name[:slash+i]; r == '.' && sourcesOf(path) != nil {
			return path
		}
	}
	return ""
}

// engineModule is the module that this package belongs to.
const engineModule = "querygen.dev"

// sumOf returns the checksum of what a module is built from.
func sumOf(m *debug.Module) string {
	if m.Replace != nil {
		m = m.Replace
	}
	return m.Sum
}

// A trust decides which results of an earlier process are those of the code of
// this one.
type trust struct {
	sameBuild bool
	sameWorld bool
	info      *debug.BuildInfo
	list      map[string]sources.Summary // what the program is made of; nil if that is not known
	asked     map[string]bool            // by the package of the query
}

func newTrust(m *imageMeta) *trust {
	t := &trust{sameBuild: m.Build == program(), sameWorld: m.Environment == environment(), asked: map[string]bool{}}
	if info, ok := debug.ReadBuildInfo(); ok && !t.sameBuild && t.sameWorld {
		t.info, t.list = info, map[string]sources.Summary{}
		if !t.visit(info.Path) {
			t.list = nil
		}
	}
	return t
}

// trusts reports whether results of q can be used if its fingerprint is the same.
func (t *trust) trusts(q *query) bool {
	switch {
	case !q.bound: // what has no body is assigned
		return true
	case !t.sameWorld:
		return false
	case t.sameBuild:
		return true
	case q.def.Code == "" || t.info == nil:
		return false
	}
	path := packageOf(q.def.Name)
	ok, known := t.asked[path]
	if !known {
		ok = t.vouches(path)
		t.asked[path] = ok
	}
	return ok
}

// vouches reports whether the fingerprints in the generated file of a package are those
// of the code that the program was built from.
func (t *trust) vouches(path string) bool {
	s := sourcesOf(path)
	if s == nil {
		return false
	}
	if m := t.module(path); m != nil && m != &t.info.Main && sumOf(m) != "" {
		return true
	}
	if t.list == nil || t.list[path].Digest == "" {
		return false
	}
	for path, now := range t.list {
		if now.Digest != s.digests[path] {
			return false
		}
	}
	return true
}

// visit adds a package of the main module and all those that it imports to the list. It
// returns false if there is one of which the sources are not known.
func (t *trust) visit(path string) bool {
	if _, ok := t.list[path]; ok {
		return true
	}
	s := sourcesOf(path)
	if s == nil {
		return false
	}
	now, err := s.now()
	if err != nil {
		return false
	}
	t.list[path] = now
	for _, dep := range now.Imports {
		if m := t.module(dep); m != nil && !sources.Engine(dep) && (m == &t.info.Main || sumOf(m) == "") && !t.visit(dep) {
			return false
		}
	}
	return true
}

// module returns the module of a package; nil if that is of the standard library.
func (t *trust) module(path string) *debug.Module {
	var found *debug.Module
	for _, m := range append([]*debug.Module{&t.info.Main}, t.info.Deps...) {
		if (path == m.Path || strings.HasPrefix(path, m.Path+"/")) && (found == nil || len(m.Path) > len(found.Path)) {
			found = m
		}
	}
	return found
}
