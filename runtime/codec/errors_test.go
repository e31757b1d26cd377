package codec

import (
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

var errorType = Type[error]{Encode: EncodeError, Decode: DecodeError}

// FuzzDecodeError decodes arbitrary bytes as an error: never a panic, never more
// memory than in proportion to the input, and what comes of it goes round. Here a
// byte may be copied into a text at each of the levels.
func FuzzDecodeError(f *testing.F) {
	wrapped := error(&fs.PathError{Op: "open", Path: "p", Err: syscall.ENOENT})
	for _, err := range []error{
		nil, io.EOF, wrapped, fmt.Errorf("a: %w, b: %w", io.EOF, wrapped), errors.Join(wrapped, fmt.Errorf("%w", wrapped)),
		&os.LinkError{Op: "o", Old: "a", New: "b", Err: wrapped}, &strconv.NumError{Func: "f", Num: "n", Err: strconv.ErrSyntax},
	} {
		data, flaw := errorType.Append(nil, &err)
		if flaw != nil {
			f.Fatal(flaw)
		}
		f.Add(data)
	}
	nested, _ := errorType.Append(nil, new(fmt.Errorf("%.0w", io.EOF)))
	f.Add([]byte(strings.Repeat(string(nested[:len(nested)-8]), maxErrors+1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v error
		var err error
		used := allocated(func() { v, err = errorType.Unmarshal(data) })
		if limit := 4*maxErrors*uint64(len(data)) + constant; used > limit {
			t.Errorf("%d bytes for an input of %d", used, len(data))
		}
		if err != nil {
			return
		}
		if _, err := errorType.Append(nil, &v); err != nil {
			t.Error(err)
		}
	})
}

// TestDeepTexts decodes errors whose texts are made of all texts below them.
func TestDeepTexts(t *testing.T) {
	for _, depth := range []int{maxErrors / 2, maxErrors - 2, maxErrors, 10 * maxErrors} {
		e := getEncoder()
		for range depth / 2 {
			e.Fields(2)
			e.text("fmt.Errorf")
			e.Fields(2)
			e.text("")
			e.Fields(2)
			e.text("errors.Join")
			e.Fields(2)
			EncodeError(e, &io.EOF)
		}
		EncodeError(e, &io.EOF)
		data := strings.Clone(string(e.out.data))
		e.put()
		var err error
		used := allocated(func() { _, err = errorType.Unmarshal([]byte(data)) })
		if limit := 4*maxErrors*uint64(len(data)) + constant; used > limit {
			t.Errorf("depth %d: %d bytes for an input of %d", depth, used, len(data))
		}
		if tooDeep := depth >= maxErrors; (err == ErrDepth) != tooDeep {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

// TestStandardSentinels checks that no exported error of these packages is
// forgotten.
func TestStandardSentinels(t *testing.T) {
	imp := importer.ForCompiler(token.NewFileSet(), "source", nil)
	same := map[string]string{"os.ErrInvalid": "io/fs.ErrInvalid", "os.ErrPermission": "io/fs.ErrPermission", "os.ErrExist": "io/fs.ErrExist",
		"os.ErrNotExist": "io/fs.ErrNotExist", "os.ErrClosed": "io/fs.ErrClosed"}
	for _, path := range []string{"context", "errors", "io", "io/fs", "os", "strconv"} {
		pkg, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range pkg.Scope().Names() {
			v, ok := pkg.Scope().Lookup(name).(*types.Var)
			if !ok || !v.Exported() || !types.Identical(v.Type(), types.Universe.Lookup("error").Type()) {
				continue
			}
			full := path + "." + name
			if other := same[full]; other != "" {
				full = other
			}
			if standardSentinels[full] == nil {
				t.Errorf("%s.%s is not registered", path, name)
			}
		}
	}
}

// TestEqualError compares errors in results.
func TestEqualError(t *testing.T) {
	list := []error{nil, io.EOF, io.ErrUnexpectedEOF, &fs.PathError{Op: "o", Err: io.EOF}, &fs.PathError{Op: "p", Err: io.EOF}, fs.ErrExist, syscall.EEXIST}
	for i, a := range list {
		for j, b := range list {
			if p, ok := b.(*fs.PathError); ok {
				b = &fs.PathError{Op: p.Op, Err: p.Err}
			}
			if EqualError(nil, &a, &b) != (i == j) {
				t.Errorf("%v and %v: %v", a, b, i != j)
			}
		}
	}
	unknown := errors.New("unknown")
	if EqualError(nil, &unknown, &unknown) {
		t.Error("what can't be written is equal")
	}
}
