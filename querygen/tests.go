package querygen

import (
	"context"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// The go command builds a package up to three times: as it is, once more
// together with its own _test.go files, and the external test package beside it,
// which imports the second and not the first. Queries in tests follow that. Each
// of the two kinds of test files is a pack of its own with an output of its own,
// so that nothing of a test gets into a program:
//
//   - internal: the package's own tests. Checked and named as part of the
//     package, with the files of the subject, whose wrappers they may use.
//   - external: package x_test. It imports what the internal pack makes, and so
//     does, for it, every package between the two.
//
// Packs of tests are made only where there are queries in tests: the second list
// of the go command costs as much as the first.

// The outputs, by what they are for.
const (
	internalOutputName = "query_gen_test.go"
	externalOutputName = "query_gen_x_test.go"
)

// isOutput tells whether a path is that of a generated file.
func isOutput(path string) bool {
	name := filepath.Base(path)
	return name == outputName || name == internalOutputName || name == externalOutputName
}

// A role says which build of a directory a pack stands for.
type role uint8

const (
	ordinary role = iota
	internal
	external
)

// outputNames are the files that are generated for each role.
var outputNames = map[role]string{ordinary: outputName, internal: internalOutputName, external: externalOutputName}

// loadTests makes the packs of the tests with queries.
func (w *world) loadTests(ctx context.Context, c Config) error {
	var paths []string
	for _, p := range w.sortedPacks() {
		if p.matched && slices.ContainsFunc(p.others, func(s *source) bool { return s.isTest() && len(s.annotated) > 0 }) {
			paths = append(paths, p.path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	config := w.config(ctx, c, listMode|packages.NeedForTest)
	config.Tests = true
	roots, err := packages.Load(config, paths...)
	if err != nil {
		return goError(err)
	}
	// What only tests import has not been seen yet.
	packages.Visit(roots, nil, func(meta *packages.Package) {
		if w.metas[meta.PkgPath] == nil && !isTestBuild(meta) {
			w.visit(meta)
		}
	})
	for _, meta := range roots {
		if subject := w.packs[meta.ForTest]; subject != nil && isTestBuild(meta) {
			w.addTests(subject, meta)
		}
	}
	for _, path := range paths {
		w.packs[path].checkTestNames()
	}
	return nil
}

// isTestBuild tells whether a package is a build of test files, and not one that
// is built again because of them.
func isTestBuild(meta *packages.Package) bool {
	return strings.HasSuffix(meta.ID, ".test") || meta.ForTest != "" && (meta.PkgPath == meta.ForTest || meta.PkgPath == meta.ForTest+"_test")
}

// addTests makes a pack of the test files of one role.
func (w *world) addTests(subject *pack, meta *packages.Package) {
	t := &pack{world: w, path: meta.PkgPath, name: subject.name, dir: subject.dir, meta: meta, matched: true, subject: subject, role: internal}
	if meta.PkgPath != meta.ForTest {
		t.role, t.name = external, subject.name+"_test"
	}
	for _, s := range subject.others {
		if s.isTest() && s.syntax.Name.Name == t.name && slices.Contains(meta.GoFiles, s.path) {
			s.pack = t
			t.sources = append(t.sources, s)
		}
	}
	w.tests = append(w.tests, t)
}

// checkTestNames reports annotated test files of a third package.
func (p *pack) checkTestNames() {
	for _, s := range p.others {
		name := s.syntax.Name
		if s.isTest() && len(s.annotated) > 0 && name.Name != p.name && name.Name != p.name+"_test" {
			s.errorf(name.Pos(), "package %s, but a test here is package %s or %s_test", name.Name, p.name, p.name)
		}
	}
}

// tested returns the pack of a subject's tests, or nil.
func (w *world) tested(subject *pack, r role) *pack {
	for _, t := range w.tests {
		if t.subject == subject && t.role == r {
			return t
		}
	}
	return nil
}

// allPacks returns the packages in the order of their paths, then the tests.
func (w *world) allPacks() []*pack { return append(w.sortedPacks(), w.tests...) }

// allSources returns the files that are one package with p's.
func (p *pack) allSources() []*source {
	if p.role == internal {
		return slices.Concat(p.subject.sources, p.sources)
	}
	return p.sources
}

// allQueries returns the queries whose wrappers are in one package with p's.
func (p *pack) allQueries() []*query {
	if p.role == internal {
		return slices.Concat(p.subject.queries, p.queries)
	}
	return p.queries
}

// failed tells whether an error keeps the pack from having an output. An error
// in a test is no reason against the wrappers of the package it tests.
func (p *pack) failed() bool {
	return slices.ContainsFunc(p.world.problems.list, func(q Problem) bool {
		inTest := strings.HasSuffix(q.Pos.Filename, "_test.go")
		return !q.Warning && filepath.Dir(q.Pos.Filename) == p.dir && (p.role != ordinary || !inTest)
	})
}

// insideQuery tells whether a place is in the body of one of the pack's queries.
func (p *pack) insideQuery(pos token.Pos) bool {
	return slices.ContainsFunc(p.queries, func(q *query) bool { return q.decl.Pos() <= pos && pos < q.decl.End() })
}

// checkTests makes the types of the tests with queries. Internal tests come
// first: an external one imports what they are.
func (w *world) checkTests(c *checker) {
	for _, r := range []role{internal, external} {
		for _, t := range w.tests {
			if t.role != r || len(t.queries) == 0 {
				continue
			}
			with := *c
			if r == external {
				with.variant, with.again = w.tested(t.subject, internal), make(map[*pack]*pack)
			}
			with.check(t, true)
		}
	}
}

// imported returns what an import of p means: p, or for an external test its
// subject with the internal tests, or p once more on top of those.
func (c *checker) standIn(p *pack) *pack {
	switch {
	case c.variant == nil:
		return p
	case p == c.variant.subject:
		return c.variant
	case !p.reaches(c.variant.subject, make(map[*pack]bool)):
		return p
	}
	if c.again[p] == nil {
		twin := *p
		twin.checked = nil
		c.again[p] = &twin
	}
	return c.again[p]
}

// reaches tells whether p imports target over any number of steps.
func (p *pack) reaches(target *pack, seen map[*pack]bool) bool {
	if p == target {
		return true
	}
	if seen[p] {
		return false
	}
	seen[p] = true
	for _, path := range p.imports() {
		if dep := p.world.packs[path]; dep != nil && dep.reaches(target, seen) {
			return true
		}
	}
	return false
}
