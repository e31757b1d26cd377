// Package cache looks into directories in which databases keep their results, see
// [querygen.dev/runtime.Open]. It knows nothing of the program that has written them: keys
// and values are msgpack. The command "querygen cache" is made of it.
//
// # What is in a directory
//
// The nodes of a graph, with what they have read, and for each node an entry: its key, and
// its value or a fingerprint of that. A node is one query with one key. Which queries
// there are, and what their results depend on, is written down beside them.
//
// # Concurrency
//
// Everything here but Compact only reads, takes no lock, and may be done while programs use
// the directory: what is seen is what the last save has left when the directory was opened.
// Compact is a writer, and there is one at a time.
package cache
