package codec

import (
	"bytes"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

func TestSample(t *testing.T) {
	in := Sample()
	data, err := recordCodec.Append(nil, &in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := recordCodec.Unmarshal(data)
	if err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%v, %v", out, err)
	}
	b, err := reflected(in)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, by reflection %d", len(data), len(b))
}

// reflected encodes as one who knows msgpack would: the encoder pooled, structs
// as arrays, which is faster than maps, and the keys sorted.
func reflected(v Record) ([]byte, error) {
	enc := msgpack.GetEncoder()
	defer msgpack.PutEncoder(enc)
	var buf bytes.Buffer
	enc.Reset(&buf)
	enc.SetSortMapKeys(true)
	enc.UseArrayEncodedStructs(true)
	enc.UseCompactInts(true)
	err := enc.Encode(&v)
	return buf.Bytes(), err
}

// cpu reports the time that the process was given, collector included: on a
// machine that is shared, time on the wall says little.
func cpu(b *testing.B) {
	b.ReportAllocs()
	begin := cpuTime()
	b.Cleanup(func() { b.ReportMetric(float64(cpuTime()-begin)/float64(b.N), "cpu-ns/op") })
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkGenerated(b *testing.B) {
	in := Sample()
	cpu(b)
	var data []byte
	for b.Loop() {
		var err error
		if data, err = recordCodec.Append(data[:0], &in); err != nil {
			b.Fatal(err)
		}
		if _, err := recordCodec.Unmarshal(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReflection(b *testing.B) {
	in := Sample()
	cpu(b)
	for b.Loop() {
		data, err := reflected(in)
		if err != nil {
			b.Fatal(err)
		}
		var out Record
		if err := msgpack.Unmarshal(data, &out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGeneratedEncode(b *testing.B) {
	in := Sample()
	cpu(b)
	var data []byte
	for b.Loop() {
		data, _ = recordCodec.Append(data[:0], &in)
	}
}

func BenchmarkReflectionEncode(b *testing.B) {
	in := Sample()
	cpu(b)
	for b.Loop() {
		reflected(in)
	}
}

func BenchmarkGeneratedDecode(b *testing.B) {
	in := Sample()
	data, _ := recordCodec.Append(nil, &in)
	cpu(b)
	for b.Loop() {
		recordCodec.Unmarshal(data)
	}
}

func BenchmarkReflectionDecode(b *testing.B) {
	data, _ := reflected(Sample())
	cpu(b)
	for b.Loop() {
		var out Record
		msgpack.Unmarshal(data, &out)
	}
}

func BenchmarkFingerprint(b *testing.B) {
	in := Sample()
	cpu(b)
	for b.Loop() {
		recordCodec.Fingerprint(&in)
	}
}

func BenchmarkEqual(b *testing.B) {
	x, y := Sample(), Sample()
	cpu(b)
	for b.Loop() {
		recordCodec.Same(&x, &y)
	}
}
