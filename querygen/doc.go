// Package querygen writes the wrappers of annotated functions.
//
// A query is a function with an annotation as the last line of its doc
// comment:
//
//	// parse splits the file into declarations.
//	//
//	//query:pure
//	func parse(cx *query.Context, file File) (*Tree, error) { ... }
//
// For each package with queries [Generate] makes one file, query_gen.go, that
// holds the memoized form of each of them, here
//
//	func Parse(cx *query.Context, file File) (*Tree, error)
//
// together with its setters if it is an input, and the descriptor by which
// querygen.dev/runtime knows it. Queries in _test.go files have their wrappers
// in query_gen_test.go, those of the external test package in
// query_gen_x_test.go.
//
// # The model
//
// The work goes through four rooms, each of which knows only those before it:
//
//   - load: the packages, their files and what they import. The module's own
//     packages are read from source; everything else is export data.
//   - model: an annotation and the function below it become a query with the
//     names of all that will be generated for it. This needs syntax alone.
//   - check: the types, with the rules that a query must keep.
//   - emit: queries become the bytes of a file.
//
// Model comes before types because of a knot: the code that is checked calls
// wrappers which may not exist yet, or no longer fit. So the file query_gen.go
// is never read. In its place lie stubs, the signatures of the wrappers as the
// model knows them, and the types are checked with those. That is why it makes
// no difference whether the file is missing, stale or broken, in this package
// or in another.
//
// # Invariants
//
//   - Generate writes nothing. What it returns depends only on the sources.
//   - A package with an error has no output, and its file is left alone.
//   - A problem is positioned in a file of the user, never in a stub.
//   - A file without our header is never written over or removed.
package querygen
