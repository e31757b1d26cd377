package cache

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

func pack(t testing.TB, v any) []byte {
	t.Helper()
	b, err := msgpack.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJSON(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{nil, `null`}, {true, `true`}, {false, `false`},
		{1, `1`}, {-1, `-1`}, {-128, `-128`}, {300, `300`}, {-300, `-300`}, {math.MinInt64, `-9223372036854775808`},
		{uint64(math.MaxUint64), `18446744073709551615`},
		{1.5, `1.5`}, {float32(1.5), `1.5`}, {math.NaN(), `"NaN"`}, {math.Inf(-1), `"-Inf"`},
		{"a<\n", `"a<\n"`}, {[]byte("text"), `"text"`}, {[]byte{0xff, 0}, `{"base64":"/wA="}`},
		{strings.Repeat("x", 300), `"` + strings.Repeat("x", 300) + `"`},
		{[]any{1, "a", nil, []any{}}, `[1,"a",null,[]]`},
		{map[string]int{"a": 1}, `{"a":1}`}, {map[int]string{1: "a"}, `[[1,"a"]]`}, {map[int]int{}, `{}`},
		{msgpack.RawMessage{0xd4, 5, 'x'}, `{"extension":5,"base64":"eA=="}`},
		{msgpack.RawMessage{0x82, 0x91, 1, 2, 0x90, 3}, `[[[1],2],[[],3]]`}, // keys that no Go map has
	}
	for _, test := range tests {
		got, err := JSON(pack(t, test.in), 0)
		if err != nil || string(got) != test.want {
			t.Errorf("%v is %s, %v; want %s", test.in, got, err, test.want)
		}
	}
}

func TestJSONShortened(t *testing.T) {
	long := make([]any, 1000)
	for i := range long {
		long[i] = []any{i, strings.Repeat("é", 30), map[string]int{"a": i, "b": i}, map[int]int{1: i, 2: i}, bytes.Repeat([]byte{0xff}, 200)}
	}
	for limit := range 300 {
		got, err := JSON(pack(t, long), limit+1)
		if err != nil || !json.Valid(got) || len(got) > 2*limit+300 {
			t.Fatalf("limit %d: %v, %d bytes: %s", limit, err, len(got), got)
		}
	}
	if got, _ := JSON(pack(t, "äöü"), 3); string(got) != `"ä… (6 bytes)"` {
		t.Errorf("got %s", got)
	}
}

func TestMalformed(t *testing.T) {
	for _, b := range [][]byte{
		nil, {0xc1}, {0x91}, {0x81, 1}, {1, 2}, {0xa1}, {0xcd, 1}, {0xc7, 1}, {0xd4}, {0xd8, 1, 2},
		{0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff, 1}, {0xdb, 0xff, 0xff, 0xff, 0xff, 1}, {0x92, 1},
	} {
		if wellFormed(b) == nil {
			t.Errorf("% x is msgpack", b)
		}
	}
	deep := append(bytes.Repeat([]byte{0x91}, 1_000_000), 1)
	if err := wellFormed(deep); err != nil {
		t.Error(err)
	}
	if _, err := JSON(deep, 0); err == nil {
		t.Error("a million levels")
	}
}

// FuzzMsgpack looks for bytes of which JSON makes something that is no JSON, and for such on
// which this package and the msgpack library do not agree.
func FuzzMsgpack(f *testing.F) {
	f.Add(pack(f, map[string]any{"a": []int{1, 2, 3}, "b": "text"}), 0)
	f.Add([]byte{0x82, 0x91, 1, 2, 0x90, 3}, 5)
	f.Add([]byte{0xd4, 5, 'x'}, 1)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		if len(b) > 5000 {
			return // the library calls itself for each level
		}
		d := msgpack.NewDecoder(bytes.NewReader(b))
		err := wellFormed(b)
		if err == nil && (d.Skip() != nil || d.Buffered() == nil) {
			t.Errorf("% x is no msgpack for the library", b)
		}
		j, jerr := JSON(b, limit%1000)
		if (jerr == nil) != (err == nil) || err == nil && !json.Valid(j) {
			t.Errorf("% x: %v, %v, %s", b, err, jerr, j)
		}
	})
}
