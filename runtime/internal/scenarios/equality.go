package scenarios

import (
	"time"

	query "querygen.dev/runtime"
)

// A Thing has a field for each kind of value that equality has to tell apart.
type Thing struct {
	Number float64
	List   []int
	Table  map[string]int
	Link   *Thing
	When   time.Time
	Bytes  []byte
}

// thing is what the world says it is.
//
//rerun:generation name=GetThing
func thing(cx *query.Context, w World) *Thing { return w.outside().thing.Load() }

// seen runs whenever thing has changed.
//
//query:pure
func seen(cx *query.Context, w World) *Thing { return GetThing(cx, w) }

// A Fuzzy number is equal to those with the same integer part.
type Fuzzy float64

// Equal decides about results of this type.
func (f Fuzzy) Equal(g Fuzzy) bool { return int(f) == int(g) }

//query:pure name=GetFuzzy
func fuzzy(cx *query.Context) Fuzzy { return Fuzzy(In(cx, 0)) / 10 }

//query:pure
func aboveFuzzy(cx *query.Context) float64 { return float64(GetFuzzy(cx)) }

// An Ident is what it is, not what is in it.
type Ident struct{ n int }

//query:pure identity name=GetIdent
func ident(cx *query.Context) *Ident { return &Ident{In(cx, 0) / 2} }

//query:pure
func aboveIdent(cx *query.Context) int { return GetIdent(cx).n }

//query:input
func numbers(cx *query.Context) []int { return nil }
