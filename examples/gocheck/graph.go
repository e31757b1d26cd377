package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	query "querygen.dev/runtime"
)

// A Graph is the targets and everything that they import.
type Graph struct {
	Targets  TargetList
	Packages []GraphNode // sorted by path
}

// A GraphNode is one package of a graph.
type GraphNode struct {
	Path    string
	Dir     string   // of a local package; "" if its files stay as they are
	Imports []string // canonical paths, sorted; without unsafe and those that lead nowhere
	Full    bool     // to be checked with its function bodies: a target, or a local package
	Cycle   []string // the import cycle that is reported here; see markCycles
	Mates   []string // those of its imports that lead back to it
}

// importGraph follows the imports of the targets. No package is type-checked
// for this, so a cycle is known before any package waits for another.
//
//query:pure
func importGraph(cx *query.Context) (Graph, error) {
	list, err := Targets(cx)
	if err != nil {
		return Graph{}, err
	}
	g := Graph{Targets: list}
	wanted := map[string]bool{}
	for _, p := range list.Packages {
		wanted[p] = true
	}
	seen := map[string]bool{}
	for front := list.Packages; len(front) > 0; {
		nodes, err := query.Map(cx, front, func(cx *query.Context, path string) (GraphNode, error) {
			return graphNode(cx, path, wanted[path]), nil
		})
		if err != nil {
			return Graph{}, err
		}
		g.Packages = append(g.Packages, nodes...)
		front = unseen(nodes, front, seen)
	}
	slices.SortFunc(g.Packages, func(a, b GraphNode) int { return cmp.Compare(a.Path, b.Path) })
	markCycles(g.Packages)
	return g, nil
}

// unseen lists the imports of nodes, which stand for the paths of front, that
// were not met before.
func unseen(nodes []GraphNode, front []string, seen map[string]bool) []string {
	for _, path := range front {
		seen[path] = true
	}
	var next []string
	for _, n := range nodes {
		for _, path := range n.Imports {
			if !seen[path] {
				seen[path] = true
				next = append(next, path)
			}
		}
	}
	return next
}

// graphNode leaves out what is wrong with the package: check reports it.
func graphNode(cx *query.Context, path string, target bool) GraphNode {
	n := GraphNode{Path: path, Full: target}
	if loc, err := Locate(cx, path); err == nil && loc.Local {
		n.Full, n.Dir = true, loc.Dir
	}
	list, err := Imports(cx, path)
	if err != nil {
		return n
	}
	for _, i := range list {
		if i.Problem == "" && i.Path != "unsafe" {
			n.Imports = append(n.Imports, i.Path)
		}
	}
	slices.Sort(n.Imports)
	return n
}

// markCycles finds the sets of packages that import one another. In each set
// the first package by path gets a shortest cycle through itself to report, so
// that the report does not depend on who was asked first.
func markCycles(nodes []GraphNode) {
	t := tarjan{nodes: nodes, at: make(map[string]int), order: make([]int, len(nodes)), low: make([]int, len(nodes)), set: make([]int, len(nodes))}
	for i, n := range nodes {
		t.at[n.Path] = i
	}
	for i := range nodes {
		if t.order[i] == 0 {
			t.visit(i)
		}
	}
	reported := map[int]bool{}
	for i := range nodes {
		for _, path := range nodes[i].Imports {
			if t.set[i] == t.set[t.at[path]] {
				nodes[i].Mates = append(nodes[i].Mates, path)
			}
		}
		if len(nodes[i].Mates) > 0 && !reported[t.set[i]] {
			reported[t.set[i]] = true
			nodes[i].Cycle = t.shortest(i)
		}
	}
}

// tarjan finds strongly connected components (Tarjan 1972).
type tarjan struct {
	nodes []GraphNode
	at    map[string]int // index of a path
	order []int          // of visit, from 1 on; 0 is not visited
	low   []int          // least order that can be reached
	set   []int          // component, from 1 on; 0 is still on the stack
	stack []int
	count int
	sets  int
}

func (t *tarjan) visit(i int) {
	t.count++
	t.order[i], t.low[i] = t.count, t.count
	t.stack = append(t.stack, i)
	for _, path := range t.nodes[i].Imports {
		j := t.at[path]
		switch {
		case t.order[j] == 0:
			t.visit(j)
			t.low[i] = min(t.low[i], t.low[j])
		case t.set[j] == 0:
			t.low[i] = min(t.low[i], t.order[j])
		}
	}
	if t.low[i] != t.order[i] {
		return
	}
	t.sets++
	for {
		j := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.set[j] = t.sets
		if j == i {
			return
		}
	}
}

// shortest is a shortest way from i back to itself, both ends included.
func (t *tarjan) shortest(i int) []string {
	from := map[int]int{}
	for front := []int{i}; len(front) > 0; {
		var next []int
		for _, j := range front {
			for _, path := range t.nodes[j].Imports {
				k := t.at[path]
				if _, seen := from[k]; seen || t.set[k] != t.set[i] {
					continue
				}
				from[k] = j
				next = append(next, k)
			}
		}
		front = next
	}
	way := []string{t.nodes[i].Path}
	for j := from[i]; j != i; j = from[j] {
		way = append(way, t.nodes[j].Path)
	}
	way = append(way, t.nodes[i].Path)
	slices.Reverse(way)
	return way
}

// A Loop is how a package takes part in import cycles.
type Loop struct {
	Mates []string // imports that lead back to the package: they cannot be used
	Cycle []string // what to report; nil if another member reports it
}

// inLoop is the part of the import graph that the check of a package needs.
//
//query:pure
func inLoop(cx *query.Context, path string) (Loop, error) {
	g, err := ImportGraph(cx)
	if err != nil {
		return Loop{}, err
	}
	i, ok := slices.BinarySearchFunc(g.Packages, path, func(n GraphNode, path string) int { return cmp.Compare(n.Path, path) })
	if !ok {
		return Loop{}, nil
	}
	return Loop{Mates: g.Packages[i].Mates, Cycle: g.Packages[i].Cycle}, nil
}

// describeCycle says it as the go command does, with the files that import.
func describeCycle(cx *query.Context, cycle []string) string {
	var b strings.Builder
	b.WriteString("package " + cycle[0])
	for i, path := range cycle[1:] {
		b.WriteString("\n\timports " + path)
		list, _ := Imports(cx, cycle[i])
		for _, imp := range list {
			if imp.Path == path {
				b.WriteString(" from " + filepath.Base(imp.Pos.File))
				break
			}
		}
	}
	return b.String() + ": import cycle not allowed"
}
