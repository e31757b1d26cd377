// Package codec turns keys and results into bytes and back.
//
// It is for generated code. For each type that is written to disk the generator
// emits three functions without reflection, and they call nothing but this
// package; users write no calls of it. What users may want to know is which
// types there is a codec for, and what the bytes promise.
//
// # The bytes
//
// They are msgpack, written and read by github.com/vmihailenco/msgpack/v5:
//
//   - integers, floats, strings, booleans and []byte as msgpack has them,
//     integers in their shortest form, floats with all their bits;
//   - complex numbers: an array of two floats;
//   - arrays and slices: an array; nil slices and nil maps: nil;
//   - structs: an array of the fields in their declared order, without names,
//     blank fields left out;
//   - maps: a map, sorted by the bytes of the keys;
//   - pointers: nil, or an array of the one value that they point at;
//   - unique.Handle: as a pointer;
//   - [time.Time]: an array of seconds, nanoseconds, offset and zone name;
//   - types with EncodeMsgpack and DecodeMsgpack, or MarshalBinary and
//     UnmarshalBinary, or MarshalText and UnmarshalText: what the first of these
//     pairs writes, as msgpack's bin, so that a method which reads too much or
//     too little does not disturb what follows;
//   - interfaces whose implementations were listed: nil, or an array of the
//     concrete type's name and the value;
//   - errors: nil, or an array of two, "=" and the name of a sentinel, or the
//     name of the type with its schema and the value.
//
// Struct tags mean nothing here: a field that is left out would make two
// different values equal. As the bytes do not tell what they are, a reader must
// know that they were written for the same [Type.Schema].
//
// # Promises
//
//   - Equal values have equal bytes, and so equal fingerprints; unequal values
//     have unequal ones. Equal means: floats by bits, nil and empty differ,
//     pointers by what they point at, a time by instant, offset and zone name.
//   - What is decoded is equal to what was encoded.
//   - Decoding arbitrary bytes ends in an error or a value: never in a panic, and
//     never with more memory than a small multiple of the input's length.
//   - An error that would not be the same error when it is read ends in one: see
//     [EncodeError].
//   - Values that hold themselves, or are nested deeper than 10,000 levels, end
//     in an error when they are encoded; they are compared all the same, in
//     finite time and on a small stack.
package codec
