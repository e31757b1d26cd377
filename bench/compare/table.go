package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"querygen.dev/bench/shapes"
)

// markdown writes a report for people.
func (r *Report) markdown(w io.Writer) {
	fmt.Fprintf(w, "# querygen and others\n\n")
	fmt.Fprintf(w, "%s, %s, %d cores", r.Date.Format(time.DateOnly), r.Machine.System, r.Machine.Cores)
	for _, s := range []string{r.Machine.CPU, r.Machine.Memory} {
		if s != "" {
			fmt.Fprintf(w, ", %s", s)
		}
	}
	if r.Machine.Load != "" {
		fmt.Fprintf(w, "; load when it began: %s", r.Machine.Load)
	}
	fmt.Fprintf(w, ".\n%d rounds", r.Rounds)
	if r.Scale != 1 {
		fmt.Fprintf(w, ", **at scale %g: the bounds are for scale 1**", r.Scale)
	}
	fmt.Fprintf(w, ". Limit of a measurement: %s.\n\nVersions: ", r.Limit)
	for i, name := range slices.Sorted(maps.Keys(r.Versions)) {
		if i > 0 {
			fmt.Fprint(w, ", ")
		}
		fmt.Fprintf(w, "%s %s", name, r.Versions[name])
	}
	fmt.Fprint(w, ".\n\n")
	r.glance(w)
	r.judgements(w)
	r.rows(w)
	r.legend(w)
}

// glance writes one line for each shape and size, with medians only.
func (r *Report) glance(w io.Writer) {
	var names []string
	line := "|---|--:|"
	for _, p := range peers {
		if slices.ContainsFunc(r.Rows, func(row *Row) bool { return row.Peer == p.name }) {
			names, line = append(names, p.name), line+"---|"
		}
	}
	fmt.Fprint(w, "## At a glance\n\nMedians, and ours / theirs. What can't do a shape is left out here: why is said below.\n\n")
	fmt.Fprintf(w, "| shape: per | size | %s |\n%s\n", strings.Join(names, " | "), line)
	for _, row := range r.Rows {
		if row.Peer != peers[0].name {
			continue
		}
		fmt.Fprintf(w, "| %s: %s | %s |", row.Shape, row.Per, count(row.N))
		for _, name := range names {
			fmt.Fprintf(w, " %s |", r.row(row.Shape, row.Size, name).short())
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

// short is the median, with the ratio.
func (r *Row) short() string {
	switch {
	case r == nil:
		return ""
	case r.Cannot != "":
		return "-"
	case r.Peer == peers[0].name:
		return amount(r.Spread.Median, r.Unit)
	}
	return fmt.Sprintf("%s (%s)", amount(r.Spread.Median, r.Unit), amount(r.Ratio.Median, "x"))
}

// rows writes all that was measured.
func (r *Report) rows(w io.Writer) {
	fmt.Fprint(w, "## Measured\n\nMedian, the quartiles behind it in brackets; ratios are of values of one round.\n\n")
	fmt.Fprint(w, "| shape | size | per | by | measured | ours / theirs |\n|---|--:|---|---|---|---|\n")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", row.Shape, count(row.N), row.Per, row.Peer, row.measured(), row.ratio())
	}
}

func (r *Row) measured() string {
	if r.Cannot != "" {
		return "- " + escape(r.Cannot)
	}
	return spreadOf(r.Spread, r.Unit)
}

func (r *Row) ratio() string {
	if r.Peer == peers[0].name || len(r.Values) == 0 || r.Ratio == (Spread{}) {
		return ""
	}
	return spreadOf(r.Ratio, "x")
}

// title is the shape with its size.
func (r *Row) title() string { return strings.TrimSpace(r.Shape + " " + count(r.Size)) }

func (r *Report) judgements(w io.Writer) {
	fmt.Fprint(w, "## Wanted\n\nA bound is met if the interquartile range reaches it.\n\n")
	fmt.Fprint(w, "| # | what | wanted | measured | |\n|--:|---|---|---|---|\n")
	for _, v := range r.Verdicts {
		fmt.Fprintf(w, "| %d | %s | %s | %s | %s |\n", v.Row, v.What, v.Wanted, escape(v.Measured), v.Met)
	}
	fmt.Fprintln(w)
}

// legend explains the shapes and the peers that occur.
func (r *Report) legend(w io.Writer) {
	fmt.Fprint(w, "\n## Shapes\n\n")
	for _, s := range shapes.All {
		if slices.ContainsFunc(r.Rows, func(row *Row) bool { return row.Shape == s.Name }) {
			fmt.Fprintf(w, "- %s: %s.\n", s.Name, s.What)
		}
	}
	fmt.Fprint(w, "\n## Peers\n\n")
	for _, p := range peers {
		if slices.ContainsFunc(r.Rows, func(row *Row) bool { return row.Peer == p.name }) {
			fmt.Fprintf(w, "- %s: %s.\n", p.name, p.what)
		}
	}
}

func spreadOf(s Spread, unit string) string {
	return fmt.Sprintf("%s [%s, %s]", amount(s.Median, unit), amount(s.Low, unit), amount(s.High, unit))
}

// amount writes a value with three digits or so.
func amount(v float64, unit string) string {
	switch {
	case unit == "x" && v > 0 && v < 0.01:
		return fmt.Sprintf("1/%.0f x", 1/v)
	case unit == "x":
		return digits(v) + " x"
	case unit == "B":
		return digits(v) + " B"
	case v < 1e3:
		return digits(v) + " ns"
	case v < 1e6:
		return digits(v/1e3) + " µs"
	case v < 1e9:
		return digits(v/1e6) + " ms"
	}
	return digits(v/1e9) + " s"
}

func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func count(n int) string { return shapes.Count(n) }

func unitOf(shape string) string {
	i := slices.IndexFunc(shapes.All, func(s shapes.Shape) bool { return s.Name == shape })
	return shapes.All[i].Unit
}

// escape keeps text inside its cell.
func escape(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
