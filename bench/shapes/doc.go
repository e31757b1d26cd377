// Package shapes says what is measured: graphs, edits, and the answers that an
// engine must come to. It knows no engine. Those are in ../peers: the Go ones
// import this package, the Rust ones have a copy of it in ../peers/shapes,
// which must stay the same to the bit.
//
// An engine is measured by a child process for one shape, with one size. The
// child prints one [Result] as a line of JSON. Its answer is a checksum over
// values that the engine has returned, and must be equal to [Expected].
package shapes
