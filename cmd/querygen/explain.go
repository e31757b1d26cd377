package main

import (
	"context"
	"fmt"
	"io"

	"querygen.dev/querygen"
)

// explain prints what the fingerprints of the queries of a name are made of.
func explain(ctx context.Context, c querygen.Config, name string, stdout, stderr io.Writer) int {
	list, r, err := querygen.Explain(ctx, c, name)
	if err != nil {
		return fail(stderr, err)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(stderr, p.Format(c.Dir))
	}
	for i, e := range list {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprint(stdout, e.Format(c.Dir))
	}
	if r.Failed() {
		return exitErrors
	}
	return exitOK
}
