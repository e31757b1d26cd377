package main

import (
	"slices"
	"strings"
	"time"

	"querygen.dev/bench/shapes"
)

// A Report is what is written as JSON. All tables are made of it.
type Report struct {
	Date     time.Time         `json:"date"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Rounds   int               `json:"rounds"`
	Scale    float64           `json:"scale"`
	Limit    string            `json:"limit"`
	Rows     []*Row            `json:"rows"`
	Verdicts []Verdict         `json:"verdicts"`
}

// A Row is what was measured of one shape, of one size, by one peer.
type Row struct {
	Shape  string               `json:"shape"`
	Size   int                  `json:"size,omitempty"` // at scale 1
	N      int                  `json:"n,omitempty"`    // as it was
	Peer   string               `json:"peer"`
	Unit   string               `json:"unit"`
	Per    string               `json:"per"`
	Units  int                  `json:"units,omitempty"`
	Values []float64            `json:"values,omitempty"` // by round
	Spread Spread               `json:"spread,omitzero"`
	Ratio  Spread               `json:"ratio,omitzero"` // ours over this one, by round
	Extra  map[string][]float64 `json:"extra,omitempty"`
	Cannot string               `json:"cannot,omitempty"`
	answer string
}

func (r *Row) add(result shapes.Result) {
	r.Values = append(r.Values, result.Value)
	r.Units = result.Units
	for k, v := range result.Extra {
		if r.Extra == nil {
			r.Extra = map[string][]float64{}
		}
		r.Extra[k] = append(r.Extra[k], v)
	}
}

// last describes the last value.
func (r *Row) last() string {
	if r.Cannot != "" {
		return r.Cannot
	}
	return amount(r.Values[len(r.Values)-1], r.Unit) + " per " + r.Per
}

// A Spread is a median with the quartiles around it.
type Spread struct {
	Low    float64 `json:"q1"`
	Median float64 `json:"median"`
	High   float64 `json:"q3"`
}

// spread interpolates between the values next to a quantile.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		x := q * float64(len(sorted)-1)
		i := min(int(x), len(sorted)-1)
		j := min(i+1, len(sorted)-1)
		return sorted[i] + (x-float64(i))*(sorted[j]-sorted[i])
	}
	return Spread{at(0.25), at(0.5), at(0.75)}
}

// ratios divides what was measured in the same round.
func ratios(a, b []float64) []float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		out = append(out, a[i]/b[i])
	}
	return out
}

// finish computes what follows from the values.
func (r *Report) finish() {
	for _, row := range r.Rows {
		row.Spread = spread(row.Values)
		if ours := r.row(row.Shape, row.Size, peers[0].name); ours != nil {
			row.Ratio = spread(ratios(ours.Values, row.Values))
		}
	}
	r.Verdicts = verdicts(r)
}

// row finds a row, or nil.
func (r *Report) row(shape string, size int, peer string) *Row {
	for _, row := range r.Rows {
		if row.Shape == shape && row.Size == size && row.Peer == peer {
			return row
		}
	}
	return nil
}

// last finds the row of a shape that was added last, or nil.
func (r *Report) last(shape, peer string) *Row {
	for _, row := range slices.Backward(r.Rows) {
		if row.Shape == shape && row.Peer == peer {
			return row
		}
	}
	return nil
}

// hopeless says that a bigger size is not tried.
func (r *Row) hopeless() string {
	if r.N == 0 || strings.HasSuffix(r.Cannot, "already") {
		return r.Cannot
	}
	return r.Cannot + ", at " + count(r.N) + " already"
}
