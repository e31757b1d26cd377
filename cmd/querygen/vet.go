package main

import (
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"querygen.dev/querygen/annotcheck"
)

// The go command drives tools for go vet -vettool and go fix -fixtool by one
// protocol: -V=full asks for a version to cache by, -flags for the tool's flags,
// and then there is a call for each package, with a file that ends in .cfg as
// the last argument. None of the three is a command line of querygen's own.

// isVetTool tells whether the command is called by go vet or go fix.
func isVetTool(args []string) bool {
	return slices.Contains(args, "-V=full") || slices.Contains(args, "-flags") ||
		len(args) > 0 && strings.HasSuffix(args[len(args)-1], ".cfg")
}

// vetTool answers the go command, and does not return.
func vetTool() { unitchecker.Main(annotcheck.Analyzer) }
