// Package scenarios holds the programs of the acceptance scenarios, as a user
// would write them: annotated functions and the code that querygen makes of
// them. The tests go through the public API only. Each is named by the id of
// its scenario, or by the promise that it is about.
//
// A query is a package-level function, but its world is one test's: queries
// that look outside, wait or misbehave take a [World] as part of their key.
package scenarios

//go:generate go tool querygen
