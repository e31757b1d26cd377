// Package store keeps the files of a persistent cache. It knows nothing of what
// is in them: the graph and its values are bytes here.
//
// # Model
//
// A directory holds one image. A save replaces it by another one, all or nothing,
// and costs what has changed. An image is
//
//   - meta: one string of bytes, which each save replaces;
//   - columns: by number, each an array of pages of one size. They are read as a
//     whole, when the program starts (ReadColumn);
//   - entries: by a dense number, each a key with a value, with the fingerprint of
//     a value that is not kept, or alone. They are read one at a time, when
//     somebody asks, and so is the index that finds an entry by its key (Find).
//
// Two entries should not have one key: Find returns any of them.
//
// # Files
//
// Each save writes one segment: a file that does not change any more. It holds the
// pages that differ, new keys and values that are too long for the row of their
// entry, and meta. Rows and index are pages, too. The directory at the end of a
// segment says what pages it holds and how many the image has; a page is where the
// last segment has it. Then the save appends to the MANIFEST a record that names
// all segments of the image. Each record stands alone, and the last one counts.
// docs/cache-format.md has it all byte by byte.
//
// A compaction writes what is alive in some segments, or in all of them, into one,
// and moves keys and values without looking into them. It is done when garbage is
// above a quarter of what is alive, or when there are too many segments; at once
// if the image is small, in the background otherwise.
//
// # Safety
//
// The order of a save is: segment, sync, directory sync, record, sync. So a crash
// at any moment leaves the old image or the new one, whole, and what a crash cut
// off is no damage. Files that a crash left behind go when the next writer begins.
//
// Everything is checked when it is read, by checksums and by the sizes of the
// files, before memory is allocated for it. Nothing is mapped: a file that is cut
// while it is in use is an error, and no signal. What is damaged in the manifest,
// the directories, meta or a column makes the store empty; in rows, index, keys
// and values it takes away what it touches, and Damaged tells. There is one
// warning for either. A save repairs that with Writer.Reset.
//
// # Who may do what
//
// Readers need no lock; those of a store may be any number of goroutines, also
// while a save or a compaction is in progress. What they find is of one image in
// each call, and of the new one from Commit on. A store that is open keeps its
// segments open, so it goes on with its image when somebody else replaces it.
//
// One store at a time is the writer of a directory: from its first Begin until
// Close. If the image was replaced between Open and Begin, the first Commit
// writes the whole image that the store has, and the last writer wins.
//
// # Budget
//
// With Options.Budget, a compaction takes place when more bytes are alive, and
// values go until nine tenths of the budget are left: those that were of no use
// for longest, and of the same time, those with the lowest numbers. Their entries
// keep key and fingerprint. Pages and short values, which lie in the rows, stay.
//
// A row with a long value notes the number of the save in which the value was
// written, or was last known to have been read. That a value was read is known in
// memory; a compaction writes it down, and a save in the rows of pages that it
// writes anyway, but it never writes a page for that alone. So a program that
// reads, and changes nothing nearby, leaves no trace of what it has read.
package store
