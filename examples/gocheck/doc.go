// Gocheck is an incremental type checker for Go, made of queries.
//
// It checks the packages of a module, or of the standard library, from their
// sources on disk: no network, no compiled export data, no build cache. With
// -watch it stays, and after an edit does only the work that the edit needs.
//
// # The queries
//
// Facts about the world come in through two kinds of leaves. The machine and
// the wish are inputs ([Environment], [WorkDir], [Patterns]). The disk is a set of
// generation leaves ([FileStamp], [DirList]): each is looked at once in a
// generation, and again when the watcher says that it has moved. Everything
// else is a pure function of those:
//
//	FileStamp ─ FileHash ─ Content ─┬─ Header ──┬─ Sources ─┬─ Imports ─ ImportGraph ─ InLoop
//	                                │   DirList ┘           │   └ Locate ─ Modules
//	                                └─ Parse ───────────────┴─┬─ Declare ─ ExportedAPI ─┐
//	                                                          └─ Check ◄────────────────┘
//
// Early cutoff happens at every stage that forgets something. Header forgets
// what stands below the imports, so an edit in a function body does not select
// files or resolve imports again. ExportedAPI forgets bodies, comments,
// positions and whatever cannot be reached from an exported declaration, so
// the same edit leaves every importer alone. An edit to an exported signature
// changes the API of its package; an importer is checked again, and passes the
// change on only if its own API mentions what has changed.
//
// # What is kept for the next process
//
// Results are in a cache on disk ([query.Open]), so that a new process begins with a stat of
// each file and a list of each directory ([FileStamp], [DirList]) and goes on from there. Two
// kinds of values are not written: file contents, which are on disk anyway, and syntax trees
// and types, whose pointers mean something in one process only. They are made again for
// the packages that have to be checked, and for no others.
//
// # Two passes over a package
//
// Declare type-checks a package without its function bodies and writes what
// importers can see as export data. Check type-checks it with its bodies,
// against the export data of its imports. The first pass costs about a third
// of the second, and keeps the bodies off the path from a package to its
// importers: packages that import one another are checked side by side as soon
// as the declarations below them are known.
//
// Each of those passes decodes the export data of its imports into a universe
// of its own ([universe]). Objects of go/types are never shared between
// packages, so nothing can mix a type from before an edit with one from after.
package main
