package cache

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// most is how deeply values may be nested, as when they are written.
const most = 10_000

var errDeep = errors.New("nested deeper than 10,000 levels")

// JSON turns a key or a value into JSON. Arrays, which stand for structs as well, are arrays;
// maps are objects if their keys are strings, else arrays of pairs; bytes are strings
// if they are text, else {"base64": "..."}; numbers that JSON has not are strings; extensions
// are {"extension": type, "base64": "..."}.
//
// With a limit above 0 it is shortened to not much more than so many bytes: a text ends in
// "… (1234 bytes)", an array in "… (1234 more)", and so does a map, by a key or a pair of that.
func JSON(data []byte, limit int) ([]byte, error) {
	if err := wellFormed(data); err != nil {
		return nil, err
	}
	j := writer{in: data, limit: limit}
	if err := j.value(0); err != nil {
		return nil, err
	}
	return j.out, nil
}

// A writer turns what is well-formed into JSON.
type writer struct {
	in, out []byte
	limit   int
}

func (j *writer) next() token {
	t, rest, _ := next(j.in)
	j.in = rest
	return t
}

func (j *writer) value(depth int) error {
	if depth > most {
		return errDeep
	}
	switch t := j.next(); t.kind {
	case kindArray:
		return j.array(t.n, depth)
	case kindMap:
		return j.pairs(t.n, depth)
	default:
		j.plain(t)
	}
	return nil
}

func (j *writer) plain(t token) {
	switch t.kind {
	case kindNil:
		j.out = append(j.out, "null"...)
	case kindBool:
		j.out = strconv.AppendBool(j.out, t.n == 1)
	case kindInt:
		j.out = strconv.AppendInt(j.out, int64(t.n), 10)
	case kindUint:
		j.out = strconv.AppendUint(j.out, t.n, 10)
	case kindFloat:
		j.number(t.float())
	case kindString:
		j.text(t.data)
	case kindBytes:
		if utf8.Valid(t.data) {
			j.text(t.data)
			return
		}
		j.out = append(j.out, `{"base64":`...)
		j.base64(t.data)
	case kindExtension:
		j.out = fmt.Appendf(j.out, `{"extension":%d,"base64":`, t.ext)
		j.base64(t.data)
	}
}

func (j *writer) number(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		j.quote(strconv.FormatFloat(f, 'g', -1, 64))
		return
	}
	j.out = strconv.AppendFloat(j.out, f, 'g', -1, 64)
}

func (j *writer) quote(s string) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string can be encoded
	j.out = append(j.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

func (j *writer) text(b []byte) {
	if n := len(b); j.limit > 0 && n > j.limit {
		cut := j.limit
		for cut > 0 && !utf8.RuneStart(b[cut]) {
			cut--
		}
		j.quote(fmt.Sprintf("%s… (%d bytes)", b[:cut], n))
		return
	}
	j.quote(string(b))
}

// base64 ends an object.
func (j *writer) base64(b []byte) {
	short := b
	if j.limit > 0 && len(b) > j.limit {
		short = b[:j.limit/4*3]
	}
	s := base64.StdEncoding.EncodeToString(short)
	if len(short) < len(b) {
		s += fmt.Sprintf("… (%d bytes)", len(b))
	}
	j.quote(s)
	j.out = append(j.out, '}')
}

// full reports whether the rest is left out.
func (j *writer) full() bool { return j.limit > 0 && len(j.out) > j.limit }

func more(n uint64) string { return fmt.Sprintf("… (%d more)", n) }

func (j *writer) array(n uint64, depth int) error {
	j.out = append(j.out, '[')
	for i := range n {
		if i > 0 {
			j.out = append(j.out, ',')
		}
		if i > 0 && j.full() {
			j.quote(more(n - i))
			j.skip(n - i)
			break
		}
		if err := j.value(depth + 1); err != nil {
			return err
		}
	}
	j.out = append(j.out, ']')
	return nil
}

func (j *writer) pairs(n uint64, depth int) error {
	brackets, between := "[]", "],["
	if j.named(n) {
		brackets, between = "{}", ","
	}
	object := brackets == "{}"
	j.out = append(j.out, brackets[0])
	for i := range n {
		switch {
		case i > 0:
			j.out = append(j.out, between...)
		case !object:
			j.out = append(j.out, '[')
		}
		if i > 0 && j.full() {
			j.quote(more(n - i))
			if object {
				j.out = append(j.out, `:""`...)
			}
			j.skip(2 * (n - i))
			break
		}
		if err := j.value(depth + 1); err != nil {
			return err
		}
		if object {
			j.out = append(j.out, ':')
		} else {
			j.out = append(j.out, ',')
		}
		if err := j.value(depth + 1); err != nil {
			return err
		}
	}
	if !object && n > 0 {
		j.out = append(j.out, ']')
	}
	j.out = append(j.out, brackets[1])
	return nil
}

// named reports whether the keys of the n pairs that come are all strings.
func (j *writer) named(n uint64) bool {
	ahead := writer{in: j.in}
	for range n {
		t, rest, _ := next(ahead.in)
		if t.kind != kindString {
			return false
		}
		ahead.in = rest
		ahead.skip(1)
	}
	return true
}

// skip passes over n values.
func (j *writer) skip(n uint64) {
	for ; n > 0; n-- {
		switch t := j.next(); t.kind {
		case kindArray:
			n += t.n
		case kindMap:
			n += 2 * t.n
		}
	}
}
