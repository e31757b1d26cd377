package main

import (
	"context"
	"fmt"

	"querygen.dev/querygen"
)

// explanation prints what the fingerprints of the queries of a name are made of.
func (s *session) explanation(ctx context.Context) int {
	list, r, err := querygen.Explain(ctx, s.config(), s.explain)
	if err != nil {
		return s.fail(ctx, err)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(s.stderr, p.Format(s.dir))
	}
	for i, e := range list {
		if i > 0 {
			fmt.Fprintln(s.stdout)
		}
		fmt.Fprint(s.stdout, e.Format(s.dir))
	}
	if r.Failed() {
		return exitErrors
	}
	return exitOK
}
