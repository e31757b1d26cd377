package runtime_test

import (
	"math/rand/v2"

	query "querygen.dev/runtime"
)

// What random programs learned to do after the first of them were remembered in
// the corpus is added to a program that has been drawn, from a source of its
// own: so the old seeds keep their meaning.

// extend makes some queries limited.
func (p *program) extend(seed uint64) {
	r := rand.New(rand.NewPCG(seed, 3))
	limits := r.IntN(2) == 0
	for i := range p.nodes {
		if n := &p.nodes[i]; limits && n.flavour == pureFails && r.IntN(2) == 0 {
			n.flavour = []flavour{limitedOnce, limitedTwice}[r.IntN(2)]
		}
	}
}

var (
	progOnce  = defineProgLimited("once", 1)
	progTwice = defineProgLimited("twice", 2)
)

func defineProgLimited(name string, limit int) *query.Query[progKey, int] {
	q := query.Define[progKey, int](query.Definition{
		Name: "querygen.dev/runtime_test." + name, Kind: query.KindPure, Params: 1, Fails: true, Limit: limit,
	})
	q.Bind(nil, runProg)
	return q
}
