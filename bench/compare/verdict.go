package main

import (
	"cmp"
	"slices"
)

// A Verdict says whether a wish has come true.
type Verdict struct {
	Row      int    `json:"row"`
	What     string `json:"what"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Met      string `json:"met"`
}

// verdicts judges a report.
func verdicts(r *Report) []Verdict {
	all := append(slices.Clone(wishes), ahead(r)...)
	slices.SortStableFunc(all, func(a, b wish) int { return cmp.Compare(a.row, b.row) })
	var out []Verdict
	for _, w := range all {
		if r.row(w.shape, w.size, peers[0].name) != nil {
			out = append(out, w.judge(r))
		}
	}
	return out
}

func (w wish) judge(r *Report) Verdict {
	v := Verdict{Row: w.row, What: w.what, Wanted: w.wanted()}
	values, unit, why := w.values(r)
	if len(values) == 0 {
		v.Measured, v.Met = why, "no value"
		return v
	}
	s := spread(values)
	v.Measured, v.Met = spreadOf(s, unit), w.met(s)
	return v
}

// values are what the bound is for, by round. Without any, why says what is
// missing.
func (w wish) values(r *Report) (values []float64, unit, why string) {
	ours := r.row(w.shape, w.size, peers[0].name)
	if ours.Cannot != "" {
		return nil, "", ours.Cannot
	}
	other := ours
	switch {
	case w.peer != "":
		other = r.row(w.shape, w.size, w.peer)
	case w.smaller != 0:
		other = r.row(w.shape, w.smaller, ours.Peer)
	case w.total:
		for _, v := range ours.Values {
			values = append(values, v*float64(ours.Units))
		}
		return values, ours.Unit, ""
	default:
		return ours.Values, ours.Unit, ""
	}
	switch {
	case other == nil:
		return nil, "", "not in this run"
	case other.Cannot != "":
		return nil, "", other.Peer + ": " + other.Cannot
	}
	return ratios(ours.Values, other.Values), "x", ""
}

// met follows the rule: a bound is met if the interquartile range reaches it.
func (w wish) met(s Spread) string {
	reached := func(bound float64) bool {
		if w.least {
			return s.High >= bound
		}
		return s.Low <= bound
	}
	clear := w.least && s.Median >= w.bound || !w.least && s.Median <= w.bound
	switch {
	case w.report:
		return "reported"
	case clear:
		return "met"
	case reached(w.bound):
		return "met by the spread"
	case w.tolerated != 0 && reached(w.tolerated):
		return "needs a profile"
	}
	return "**not met**"
}

// wanted writes the bound.
func (w wish) wanted() string {
	sign := "<= "
	if w.least {
		sign = ">= "
	}
	unit := "x"
	switch {
	case w.report:
		return "the ratio to " + w.peer
	case w.peer == "" && w.smaller == 0:
		unit = unitOf(w.shape)
	}
	text := sign + amount(w.bound, unit)
	switch {
	case w.peer != "":
		text += " " + w.peer
	case w.smaller != 0:
		text += " that at " + count(w.smaller)
	case w.quoted != "":
		text += " (" + w.quoted + ")"
	case unit == "x":
		text += " a loop's"
	}
	if w.tolerated != 0 {
		text += ", or " + amount(w.tolerated, unit) + " with a profile"
	}
	return text
}
