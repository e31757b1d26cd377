package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"querygen.dev/bench/shapes"
)

// A job is one row of the result in the making: a shape of one size, by one
// peer.
type job struct {
	shape   shapes.Shape
	size    int // as the shape has it
	n       int // the same at the scale of this run
	peer    peer
	command []string
	row     *Row
	smaller *Row // of the next smaller size, if there is one
}

// A campaign runs all jobs, in rounds.
type campaign struct {
	jobs   [][]*job // by shape and size: these are compared with each other
	rounds int
	limit  time.Duration
	log    io.Writer
	ended  func(rounds int) error // called after each round
}

// run measures. In each round each job runs once; those that are compared run
// one after the other, beginning with another one in each round, so that
// whatever the machine does meanwhile meets all of them.
func (c *campaign) run(ctx context.Context) error {
	begin := time.Now()
	for round := range c.rounds {
		for _, group := range c.jobs {
			for i := range group {
				if err := ctx.Err(); err != nil {
					return err
				}
				c.measure(ctx, group[(i+round)%len(group)])
			}
		}
		fmt.Fprintf(c.log, "round %d of %d ended after %v\n", round+1, c.rounds, time.Since(begin).Round(time.Second))
		if err := c.ended(round + 1); err != nil {
			return err
		}
	}
	return nil
}

// measure runs a job once. One that has failed is not tried again: some fail by
// taking all the time they are given.
func (c *campaign) measure(ctx context.Context, j *job) {
	if j.row.Cannot != "" {
		return
	}
	if j.smaller != nil && j.smaller.Cannot != "" {
		j.row.Cannot, j.row.Values = j.smaller.hopeless(), nil
		return
	}
	r := start(ctx, j.command, j.shape.Name, j.n, c.limit)
	if ctx.Err() != nil {
		return
	}
	if r.Cannot == "" && r.Answer != j.row.answer {
		r = shapes.Cannot("wrong answer")
	}
	if r.Cannot != "" {
		j.row.Cannot, j.row.Values = r.Cannot, nil
	} else {
		j.row.add(r)
	}
	fmt.Fprintf(c.log, "%-15s %-5s %-18s %s\n", j.shape.Name, shapes.Count(j.n), j.peer.name, j.row.last())
}
