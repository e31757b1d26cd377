package runtime

import (
	"context"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"querygen.dev/runtime/codec"
)

// Errors of a user, with codecs as the generator would write them.

type lineError struct{ Line int } // a value

func (e lineError) Error() string        { return fmt.Sprint("line ", e.Line) }
func (e lineError) Is(target error) bool { return target == errAnyLine }

type fileError struct { // a pointer
	File string
	Err  error
}

func (e *fileError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *fileError) Unwrap() error { return e.Err }

// leakyError has a codec of its own, which forgets a part.
type leakyError struct{ text, Detail string }

func (e *leakyError) Error() string                   { return e.text }
func (e *leakyError) MarshalText() ([]byte, error)    { return []byte(e.text), nil }
func (e *leakyError) UnmarshalText(text []byte) error { e.text = string(text); return nil }

// posingError wraps a sentinel of which its codec makes another one.
type posingError struct{ err error }

func (e *posingError) Error() string                { return "posing" }
func (e *posingError) Unwrap() error                { return e.err }
func (e *posingError) MarshalText() ([]byte, error) { return nil, nil }
func (e *posingError) UnmarshalText([]byte) error   { e.err = errors.New("sentinel"); return nil }

// panicError panics in its methods.
type panicError struct{ N int }

func (panicError) Error() string { panic("no text") }

// plainError has no codec.
type plainError struct{ Text string }

func (e plainError) Error() string { return e.Text }

var (
	errNamed      = errors.New("named")
	errAnyLine    = errors.New("any line")
	errUnnamed    = errors.New("unnamed")
	errMarked     = &fileError{"marked", io.EOF}
	errNamedLater = &fileError{"named later", io.EOF}
)

func init() {
	RegisterError("survive.errNamed", errNamed)
	RegisterError("survive.errAnyLine", errAnyLine)
	codec.MarkSentinel(errMarked)
	codec.MarkSentinel(errNamedLater)
	RegisterError("survive.errNamedLater", errNamedLater)
	codec.DefineError("survive.lineError", codec.Type[lineError]{
		Encode: func(e *codec.Encoder, v *lineError) { e.Fields(1); codec.EncodeInt(e, &v.Line) },
		Decode: func(d *codec.Decoder, v *lineError) { d.Fields(1); codec.DecodeInt(d, &v.Line) },
	})
	codec.DefineError("*survive.fileError", codec.Type[*fileError]{
		Encode: func(e *codec.Encoder, v **fileError) { codec.EncodePointer(e, v, encodeFileError) },
		Decode: func(d *codec.Decoder, v **fileError) { codec.DecodePointer(d, v, decodeFileError) },
	})
	codec.DefineError("*survive.leakyError", codec.Type[*leakyError]{
		Encode: func(e *codec.Encoder, v **leakyError) { codec.EncodePointer(e, v, codec.EncodeText) },
		Decode: func(d *codec.Decoder, v **leakyError) { codec.DecodePointer(d, v, codec.DecodeText) },
	})
	codec.DefineError("*survive.posingError", codec.Type[*posingError]{
		Encode: func(e *codec.Encoder, v **posingError) { codec.EncodePointer(e, v, codec.EncodeText) },
		Decode: func(d *codec.Decoder, v **posingError) { codec.DecodePointer(d, v, codec.DecodeText) },
	})
	codec.DefineError("survive.panicError", codec.Type[panicError]{
		Encode: func(e *codec.Encoder, v *panicError) { codec.EncodeInt(e, &v.N) },
		Decode: func(d *codec.Decoder, v *panicError) { codec.DecodeInt(d, &v.N) },
	})
}

func encodeFileError(e *codec.Encoder, v *fileError) {
	e.Fields(2)
	codec.EncodeString(e, &v.File)
	codec.EncodeError(e, &v.Err)
}

func decodeFileError(d *codec.Decoder, v *fileError) {
	d.Fields(2)
	codec.DecodeString(d, &v.File)
	codec.DecodeError(d, &v.Err)
}

// reread is an error in the next process.
func reread(t *testing.T, err error) error {
	t.Helper()
	data, flaw := errorCodec.Append(nil, &err)
	if flaw != nil {
		t.Fatalf("%v: %v", err, flaw)
	}
	again, flaw := errorCodec.Unmarshal(data)
	if flaw != nil {
		t.Fatalf("%v: %v", err, flaw)
	}
	return again
}

// A forest makes errors that survive, and notes what they hold.
type forest struct {
	*rand.Rand
	held []error
}

func (f *forest) leaf() error {
	list := []error{
		io.EOF, fs.ErrNotExist, os.ErrProcessDone, errors.ErrUnsupported, strconv.ErrSyntax, errNamed, errNamedLater,
		lineError{f.IntN(5)}, syscall.ENOENT, syscall.EINTR, scanner.ErrorList{}, scanner.ErrorList(nil),
		&scanner.Error{Pos: token.Position{Filename: "f", Line: f.IntN(3)}, Msg: "m"},
		scanner.ErrorList{{Msg: "a"}, {Msg: strconv.Itoa(f.IntN(5))}},
	}
	return list[f.IntN(len(list))]
}

func (f *forest) tree(depth int) (err error) {
	defer func() { f.held = append(f.held, err) }()
	if depth == 0 {
		return f.leaf()
	}
	word := []string{"", "x", "%w", "100%", "\xff", "a\nb"}[f.IntN(6)]
	sub := func() error { return f.tree(f.IntN(depth)) }
	switch f.IntN(11) {
	case 0:
		return fmt.Errorf(strings.ReplaceAll(word, "%", "%%")+": %w", sub())
	case 1:
		return fmt.Errorf("%w (%s) %.2w", sub(), word, sub())
	case 2:
		return fmt.Errorf("%[2]w %[1]s %[3]w %[2]w", word, sub(), sub())
	case 3:
		return errors.Join(sub(), nil, sub())
	case 4:
		return errors.Join(sub())
	case 5:
		return &fs.PathError{Op: word, Path: "p", Err: sub()}
	case 6:
		return &os.LinkError{Op: "o", Old: word, New: "n", Err: sub()}
	case 7:
		return os.NewSyscallError(word, sub())
	case 8:
		return &strconv.NumError{Func: "f", Num: word, Err: sub()}
	case 9:
		return fmt.Errorf("%.0w", sub()) // no trace of the text
	}
	return &fileError{word, sub()}
}

// TestErrorsSurvive writes and reads random trees of errors, and asks errors.Is
// and errors.As about all that they may hold.
func TestErrorsSurvive(t *testing.T) {
	for seed := range uint64(3000) {
		f := &forest{Rand: rand.New(rand.NewPCG(seed, 1))}
		err := f.tree(f.IntN(7))
		if flaw := survives(err); flaw != nil {
			t.Fatalf("seed %d: %v: %v", seed, err, flaw)
		}
		again := reread(t, err)
		if !equalErrors(err, again) || again.Error() != err.Error() {
			t.Fatalf("seed %d: %#v became %#v", seed, err, again)
		}
		for _, target := range []error{
			io.EOF, fs.ErrNotExist, fs.ErrExist, os.ErrProcessDone, errors.ErrUnsupported, strconv.ErrSyntax, strconv.ErrRange,
			errNamed, errAnyLine, errNamedLater, errUnnamed, errMarked, lineError{1}, lineError{2}, syscall.ENOENT, syscall.EINTR,
		} {
			if errors.Is(err, target) != errors.Is(again, target) {
				t.Errorf("seed %d: errors.Is(%v, %v) is %v", seed, err, target, !errors.Is(err, target))
			}
		}
		sameAs[lineError](t, err, again)
		sameAs[*fileError](t, err, again)
		sameAs[*fs.PathError](t, err, again)
		sameAs[*os.LinkError](t, err, again)
		sameAs[*os.SyscallError](t, err, again)
		sameAs[*strconv.NumError](t, err, again)
		sameAs[syscall.Errno](t, err, again)
		sameAs[*scanner.Error](t, err, again)
		sameAs[scanner.ErrorList](t, err, again)
		sameAs[interface {
			error
			Timeout() bool
		}](t, err, again)
		for _, part := range f.held { // each part comes back, too
			if flaw := survives(part); flaw != nil {
				t.Errorf("seed %d: %v: %v", seed, part, flaw)
			}
		}
	}
}

func sameAs[E error](t *testing.T, a, b error) {
	t.Helper()
	x, inA := errors.AsType[E](a)
	y, inB := errors.AsType[E](b)
	if inA != inB || inA && !equalErrors(x, y) {
		t.Errorf("errors.As %v: %v, %v of %v", reflect.TypeFor[E](), x, y, a)
	}
}

// TestErrorsThatDoNotSurvive has one error of each kind that must not be written,
// alone and wrapped.
func TestErrorsThatDoNotSurvive(t *testing.T) {
	deep := io.EOF
	for range 200 {
		deep = fmt.Errorf("%.0w", deep)
	}
	circle := &fileError{File: "circle"}
	circle.Err = circle
	for name, err := range map[string]error{
		"a sentinel without a name": errUnnamed,
		"a marked sentinel":         errMarked,
		"a text":                    errors.New("text"),
		"a formatted text":          fmt.Errorf("text %d", 1),
		"a type without a codec":    plainError{"text"},
		"no error behind %w":        fmt.Errorf("%w", nil),
		"an own codec that forgets": &leakyError{"text", "detail"},
		"another one as a sentinel": &posingError{errNamed},
		"a method that panics":      panicError{1},
		"too deep":                  deep,
		"circle":                    circle,
		"nil pointer":               (*fs.PathError)(nil),
		"nil inside":                &fileError{},
		"cycle":                     &CycleError{Nodes: []Node{{Query: "q"}}},
		"panic":                     &PanicError{Value: 1},
		"transient":                 Transient(io.EOF),
		"a cause":                   ErrClosed,
	} {
		for _, err := range []error{err, errors.Join(io.EOF, err), &fs.PathError{Op: "o", Path: "p", Err: err}} {
			if survives(err) == nil {
				t.Errorf("%s survives", name)
			}
		}
	}
	if err := survives(&leakyError{text: "all of it"}); err != nil {
		t.Error(err) // nothing is forgotten
	}
}

// TestOutcome writes values and errors together.
func TestOutcome(t *testing.T) {
	number := codec.Type[int]{Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	q := Define[struct{}, int](Definition{Name: "survive.number", Kind: KindPure, Fails: true})
	if _, err := q.encode(nil, &outcome[int]{}); err == nil {
		t.Error("written without a codec")
	}
	q.PersistValue(number)
	for _, want := range []*outcome[int]{endedIn(1, nil), endedIn(0, io.EOF), endedIn(3, fmt.Errorf("more: %w", &fileError{"f", lineError{2}}))} {
		data, err := q.encode(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.decode(data)
		if err != nil || got.value != want.value || !equalErrors(got.failure(), want.failure()) {
			t.Errorf("%v became %v, %v", want, got, err)
		}
		for n := range data {
			if _, err := q.decode(data[:n]); err == nil {
				t.Errorf("%d of %d bytes are enough", n, len(data))
			}
		}
	}
	before := []byte("before")
	if data, err := q.encode(before, endedIn(0, errors.New("x"))); err == nil || string(data) != "before" {
		t.Error(data, err)
	}

	only := Define[struct{}, struct{}](Definition{Name: "survive.only", Kind: KindPure, Fails: true})
	data, err := only.encode(nil, endedIn(struct{}{}, context.Cause(context.Background())))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := only.decode(data); err != nil || got.failure() != nil {
		t.Error(got, err)
	}
}

// TestRegisterError checks what names are refused.
func TestRegisterError(t *testing.T) {
	RegisterError("survive.errNamed", errNamed) // again
	RegisterError("survive.alias", errNamed)
	for name, f := range map[string]func(){
		"taken":        func() { RegisterError("survive.errNamed", errUnnamed) },
		"empty":        func() { RegisterError("", errUnnamed) },
		"nil":          func() { RegisterError("survive.nil", nil) },
		"incomparable": func() { RegisterError("survive.list", scanner.ErrorList{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
