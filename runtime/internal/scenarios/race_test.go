//go:build race

package scenarios

const race = true
