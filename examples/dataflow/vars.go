package main

import (
	"slices"
	"strings"
)

// Vars is a set of variables, sorted; the empty one is nil. Each set has one form
// only: two results that mean the same must be equal, or what reads them would
// run again for nothing, and a fixed point would never be found.
type Vars []string

func newVars(names ...string) Vars {
	list := slices.Clone(names)
	slices.Sort(list)
	return Vars(slices.Compact(list))
}

// union and minus make new sets: results are shared, and must not be written to.
func (v Vars) union(w Vars) Vars {
	if len(v)+len(w) == 0 {
		return nil
	}
	return newVars(slices.Concat(v, w)...)
}

func (v Vars) minus(w Vars) Vars {
	var list Vars
	for _, name := range v {
		if !slices.Contains(w, name) {
			list = append(list, name)
		}
	}
	return list
}

func (v Vars) String() string { return "{" + strings.Join(v, " ") + "}" }
