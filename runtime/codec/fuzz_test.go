package codec

import (
	"encoding/hex"
	goruntime "runtime"
	"testing"
	"time"
	"unique"

	"github.com/vmihailenco/msgpack/v5"
)

// sample is written as generated code would: each function of the package once.
type sample struct {
	I      int16
	U      uint32
	B      bool
	S      string
	F      float32
	C      complex128
	When   time.Time
	Bytes  []byte
	Hash   [4]byte
	Array  [2]int
	List   []large
	Map    map[string][]bool
	Handle unique.Handle[string]
	Own    own
	Next   *sample
	Kids   []sample
}

// large is large where its bytes are few.
type large struct{ A, B, C, D, E, F, G, H []int }

// own has each kind of method.
type own struct{ n int8 }

func (o own) EncodeMsgpack(enc *msgpack.Encoder) error  { return enc.EncodeInt8(o.n) }
func (o *own) DecodeMsgpack(dec *msgpack.Decoder) error { return dec.Decode(&o.n) }

func encodeLarge(e *Encoder, v *large) {
	e.Fields(8)
	for _, p := range []*[]int{&v.A, &v.B, &v.C, &v.D, &v.E, &v.F, &v.G, &v.H} {
		EncodeSlice(e, p, EncodeInt[int])
	}
}

func decodeLarge(d *Decoder, v *large) {
	d.Fields(8)
	for _, p := range []*[]int{&v.A, &v.B, &v.C, &v.D, &v.E, &v.F, &v.G, &v.H} {
		DecodeSlice(d, p, DecodeInt[int])
	}
}

func encodeBools(e *Encoder, v *[]bool) { EncodeSlice(e, v, EncodeBool[bool]) }
func decodeBools(d *Decoder, v *[]bool) { DecodeSlice(d, v, DecodeBool[bool]) }

func encodeSample(e *Encoder, v *sample) {
	e.Fields(16)
	EncodeInt(e, &v.I)
	EncodeUint(e, &v.U)
	EncodeBool(e, &v.B)
	EncodeString(e, &v.S)
	EncodeFloat(e, &v.F)
	EncodeComplex(e, &v.C)
	EncodeTime(e, &v.When)
	EncodeBytes(e, &v.Bytes)
	EncodeByteArray(e, v.Hash[:])
	EncodeArray(e, v.Array[:], EncodeInt[int])
	EncodeSlice(e, &v.List, encodeLarge)
	EncodeMap(e, &v.Map, EncodeString[string], encodeBools)
	EncodeHandle(e, &v.Handle, EncodeString[string])
	EncodeMsgpack(e, &v.Own)
	EncodePointer(e, &v.Next, encodeSample)
	EncodeSlice(e, &v.Kids, encodeSample)
}

func decodeSample(d *Decoder, v *sample) {
	d.Fields(16)
	DecodeInt(d, &v.I)
	DecodeUint(d, &v.U)
	DecodeBool(d, &v.B)
	DecodeString(d, &v.S)
	DecodeFloat(d, &v.F)
	DecodeComplex(d, &v.C)
	DecodeTime(d, &v.When)
	DecodeBytes(d, &v.Bytes)
	DecodeByteArray(d, v.Hash[:])
	DecodeArray(d, v.Array[:], DecodeInt[int])
	DecodeSlice(d, &v.List, decodeLarge)
	DecodeMap(d, &v.Map, DecodeString[string], decodeBools)
	DecodeHandle(d, &v.Handle, DecodeString[string])
	DecodeMsgpack(d, &v.Own)
	DecodePointer(d, &v.Next, decodeSample)
	DecodeSlice(d, &v.Kids, decodeSample)
}

var sampleCodec = Type[sample]{Encode: encodeSample, Decode: decodeSample}

func full() *sample {
	return &sample{
		I: -300, U: 70_000, S: "text", When: time.Unix(1, 2).In(time.FixedZone("X", 60)), Bytes: []byte{1}, Array: [2]int{1, 2},
		List: []large{{A: []int{1, 2, 3}}}, Map: map[string][]bool{"b": {true}, "a": nil}, Handle: unique.Make("h"),
		Own: own{3}, Next: &sample{}, Kids: []sample{{}, {I: 1}},
	}
}

// FuzzDecode decodes arbitrary bytes: never a panic, never more memory than in
// proportion to the input, and what comes of it goes round.
func FuzzDecode(f *testing.F) {
	for _, v := range []*sample{{}, full()} {
		data, err := sampleCodec.Append(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v sample
		var err error
		used := allocated(func() { v, err = sampleCodec.Unmarshal(data) })
		if limit := perByte*uint64(len(data)) + constant; used > limit {
			t.Errorf("%d bytes for an input of %d", used, len(data))
		}
		if err != nil {
			return
		}
		if _, err := sampleCodec.Append(nil, &v); err != nil {
			t.Error(err)
		}
	})
}

// What memory a decoder may take for each byte: an empty sample of some 400
// bytes is written in about 40, in a slice that grows, and a nil []int of 24 in
// one. The constant is for what msgpack and the pools take once.
const (
	perByte  = 128
	constant = 64 << 10
)

func allocated(f func()) uint64 {
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	f()
	goruntime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLies decodes heads that promise far more than there is.
func TestLies(t *testing.T) {
	check := func(name string, decode func(d *Decoder)) {
		for _, head := range []string{"dd7fffffff", "ddffffffff", "df7fffffff", "dbffffffff", "c6ffffffff", "dcffff", "deffff"} {
			data, _ := hex.DecodeString(head)
			for _, tail := range []int{0, 1, 100, 70_000} {
				data := append(data, make([]byte, tail)...)
				used := allocated(func() {
					d := getDecoder(data)
					defer d.put()
					decode(d)
				})
				if limit := perByte*uint64(len(data)) + constant; used > limit {
					t.Errorf("%s: %d bytes for %s and %d more", name, used, head, tail)
				}
			}
		}
	}
	check("slice", func(d *Decoder) { DecodeSlice(d, new([]large), decodeLarge) })
	check("of arrays", func(d *Decoder) {
		DecodeSlice(d, new([][1000]int), func(d *Decoder, v *[1000]int) { DecodeArray(d, v[:], DecodeInt[int]) })
	})
	check("map", func(d *Decoder) { DecodeMap(d, new(map[string]large), DecodeString[string], decodeLarge) })
	check("map of nothing", func(d *Decoder) {
		DecodeMap(d, new(map[int]struct{}), DecodeInt[int], func(d *Decoder, v *struct{}) { d.Fields(0) })
	})
	check("string", func(d *Decoder) { DecodeString(d, new(string)) })
	check("bytes", func(d *Decoder) { DecodeBytes(d, new([]byte)) })
	check("own", func(d *Decoder) { DecodeMsgpack(d, new(own)) })
	check("pointer", func(d *Decoder) { DecodePointer(d, new(*large), decodeLarge) })
}

type nest []nest

func decodeNest(d *Decoder, v *nest) { DecodeSlice(d, v, decodeNest) }
func encodeNest(e *Encoder, v *nest) { EncodeSlice(e, v, encodeNest) }

// TestDepth nests deeper than a stack would last.
func TestDepth(t *testing.T) {
	c := Type[nest]{Encode: encodeNest, Decode: decodeNest}
	deep := make([]byte, 10_000_000)
	for i := range deep {
		deep[i] = 0x91
	}
	if _, err := c.Unmarshal(deep); err != ErrDepth {
		t.Error(err)
	}
	v := nest{nil}
	v[0] = v
	if _, err := c.Append(nil, &v); err != ErrDepth {
		t.Error(err)
	}
}

// TestDuplicateKeys decodes a map in which a key comes twice.
func TestDuplicateKeys(t *testing.T) {
	d := getDecoder([]byte{0x82, 1, 1, 1, 2})
	defer d.put()
	m := map[int]int(nil)
	DecodeMap(d, &m, DecodeInt[int], DecodeInt[int])
	if d.err == nil || m != nil {
		t.Error(m, d.err)
	}
}

// TestRange decodes numbers that their types can't hold.
func TestRange(t *testing.T) {
	for _, data := range []string{"cd0100", "d0ff", "ff", "ccff"} {
		b, _ := hex.DecodeString(data)
		d := getDecoder(b)
		var v uint8
		if DecodeUint(d, &v); (d.err == nil) != (data == "ccff") {
			t.Errorf("%s: %d, %v", data, v, d.err)
		}
		d.put()
	}
}
