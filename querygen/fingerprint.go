package querygen

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"go/token"
	"slices"
)

// A code fingerprint stands for all code that can have a say in what a query
// returns: the annotated function, and what it reaches statically in its
// module. It is a hash of units (see unit), each by its key and a hash of its
// normalized syntax, so that it changes only with the code of one of them.
//
// What is reached is found from the bottom up: each unit refers to others, and
// the fingerprint is about all that the references lead to. They may lead too
// far, never not far enough:
//
//   - A name refers to what it means, a field or method to the type it is of.
//   - A call through an interface refers to the methods of that name of each
//     type of the modules that implements it. [codeBase.dynamic]
//   - A value that becomes an interface refers to all exported methods of its
//     type: code of other modules may call them. [referrer.hold]
//   - A variable refers to what initializes it. [codeBase.findAssignments]
//   - The option cycle= refers to its function.
//   - A wrapper refers to the signature of its query and no further: what the
//     query returns is a read, and the engine knows when it changes.
//
// On files with build constraints see [codeFile].

// fingerprint computes the fingerprints of the queries of all matched packages.
// Queries in tests have a code base each package, with the tests of that package
// and of no other: that is what their test binary holds.
func (w *world) fingerprint(ctx context.Context, c Config) error {
	wanted := func(p *pack) bool { return p.matched && len(p.queries) > 0 && !p.failed() }
	if !slices.ContainsFunc(w.allPacks(), wanted) {
		return nil
	}
	b, err := newCodeBase(ctx, c, w)
	if err != nil {
		return err
	}
	for _, p := range w.sortedPacks() {
		if wanted(p) {
			b.fingerprint(p)
		}
		var tested *codeBase
		for _, r := range []role{internal, external} {
			t := w.tested(p, r)
			if t == nil || !wanted(t) {
				continue
			}
			if tested == nil {
				tested = b.withTests(p)
			}
			tested.fingerprint(t)
		}
	}
	w.reportLosses()
	return nil
}

// fingerprint computes the fingerprints of the queries of one package.
func (b *codeBase) fingerprint(p *pack) {
	for _, q := range p.queries {
		units := b.unitsOf(q)
		q.reached = partsOf(units)
		if len(q.reached) > 0 {
			q.code = fingerprintOf(q.reached)
		}
		b.findErrors(q, units)
	}
}

// projectionCode is the fingerprint of a projection. Its code is the generated
// one alone, which selects what the projection's name says: the code of the
// whole has made the whole, and that is a read like any other.
func projectionCode(pr projection) digest {
	n := &normalizer{h: sha256.New()}
	n.text("projection", "1", pr.suffix())
	return newDigest(n.h)
}

// A codePart is a unit as a part of a fingerprint.
type codePart struct {
	key  string
	hash digest
	pos  token.Pos
}

// unitsOf returns what a query reaches.
func (b *codeBase) unitsOf(q *query) []*unit {
	p := b.packs[q.source.pack.path]
	if p == nil {
		return nil
	}
	var roots []*unit
	for _, name := range []string{q.decl.Name.Name, q.ann.options.spare} {
		u := p.units[name]
		if q.recv != "" {
			u = p.methods[q.recv][name]
		}
		if u != nil {
			roots = append(roots, u)
		}
	}
	return b.closure(roots...)
}

// partsOf lists the units as parts of a fingerprint, sorted.
func partsOf(units []*unit) []codePart {
	var parts []codePart
	for _, u := range units {
		if u.hash == (digest{}) {
			u.hash = u.decls[0].file.pack.hashUnit(u)
		}
		parts = append(parts, codePart{u.key, u.hash, u.decls[0].name.Pos()})
	}
	slices.SortFunc(parts, func(a, b codePart) int {
		return cmp.Or(cmp.Compare(a.key, b.key), bytes.Compare(a.hash[:], b.hash[:]))
	})
	return parts
}

// fingerprintOf makes one digest of many.
func fingerprintOf(parts []codePart) digest {
	n := &normalizer{h: sha256.New()}
	for _, p := range parts {
		n.text(p.key, string(p.hash[:]))
	}
	return newDigest(n.h)
}
