package codec

import (
	"context"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strconv"
)

// This file knows the errors of the standard library that ordinary code meets:
// the sentinels of some packages, the wrappers of fmt and errors, and the types
// of os, strconv and go/scanner.

func init() {
	for name, err := range standardSentinels {
		NameSentinel(name, err)
	}
	// These types can't be named; their values can be made again.
	defineError(reflect.TypeOf(fmt.Errorf("%w", io.EOF)), &errorCodec{"fmt.Errorf", encodeErrorf, decodeErrorf})
	defineError(reflect.TypeOf(fmt.Errorf("%w%w", io.EOF, io.EOF)), &errorCodec{"fmt.Errorf list", encodeErrorfs, decodeErrorfs})
	defineError(reflect.TypeOf(errors.Join(io.EOF)), &errorCodec{"errors.Join", encodeJoined, decodeJoined})

	defineFields("*io/fs.PathError", func(e *fs.PathError) ([]*string, *error) { return []*string{&e.Op, &e.Path}, &e.Err })
	defineFields("*os.LinkError", func(e *os.LinkError) ([]*string, *error) { return []*string{&e.Op, &e.Old, &e.New}, &e.Err })
	defineFields("*os.SyscallError", func(e *os.SyscallError) ([]*string, *error) { return []*string{&e.Syscall}, &e.Err })
	defineFields("*strconv.NumError", func(e *strconv.NumError) ([]*string, *error) { return []*string{&e.Func, &e.Num}, &e.Err })

	DefineError("*go/scanner.Error", Type[*scanner.Error]{Encode: encodeScanner, Decode: decodeScanner})
	DefineError("go/scanner.ErrorList", Type[scanner.ErrorList]{
		Encode: func(e *Encoder, v *scanner.ErrorList) { EncodeSlice(e, v, encodeScanner) },
		Decode: func(d *Decoder, v *scanner.ErrorList) { DecodeSlice(d, v, decodeScanner) },
	})
}

// standardSentinels holds all exported errors of these packages, but for those
// that are the same under another name.
var standardSentinels = map[string]error{
	"context.Canceled":         context.Canceled,
	"context.DeadlineExceeded": context.DeadlineExceeded,
	"errors.ErrUnsupported":    errors.ErrUnsupported,
	"io.EOF":                   io.EOF,
	"io.ErrClosedPipe":         io.ErrClosedPipe,
	"io.ErrNoProgress":         io.ErrNoProgress,
	"io.ErrShortBuffer":        io.ErrShortBuffer,
	"io.ErrShortWrite":         io.ErrShortWrite,
	"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
	"io/fs.ErrClosed":          fs.ErrClosed,
	"io/fs.ErrExist":           fs.ErrExist,
	"io/fs.ErrInvalid":         fs.ErrInvalid,
	"io/fs.ErrNotExist":        fs.ErrNotExist,
	"io/fs.ErrPermission":      fs.ErrPermission,
	"io/fs.SkipAll":            fs.SkipAll,
	"io/fs.SkipDir":            fs.SkipDir,
	"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
	"os.ErrNoDeadline":         os.ErrNoDeadline,
	"os.ErrNoHandle":           os.ErrNoHandle,
	"os.ErrProcessDone":        os.ErrProcessDone,
	"strconv.ErrRange":         strconv.ErrRange,
	"strconv.ErrSyntax":        strconv.ErrSyntax,
}

// defineFields makes the codec of a pointer to a struct of strings and what it
// wraps.
func defineFields[T any, E interface {
	*T
	error
}](name string, fields func(E) ([]*string, *error)) {
	DefineError(name, Type[E]{
		Encode: func(e *Encoder, v *E) {
			if *v == nil {
				e.fail(errShape)
				return
			}
			list, wrapped := fields(*v)
			e.Fields(len(list) + 1)
			for _, s := range list {
				e.text(*s)
			}
			EncodeError(e, wrapped)
		},
		Decode: func(d *Decoder, v *E) {
			*v = new(T)
			list, wrapped := fields(*v)
			d.Fields(len(list) + 1)
			for _, s := range list {
				DecodeString(d, s)
			}
			DecodeError(d, wrapped)
		},
	})
}

// What fmt.Errorf returns is a text and what was formatted by %w. The text is
// written as it is: formatting again might give another one.

func encodeErrorf(e *Encoder, err error) {
	text, wrapped := err.Error(), errors.Unwrap(err)
	e.Fields(2)
	e.text(text)
	EncodeError(e, &wrapped)
}

func decodeErrorf(d *Decoder) error {
	var text string
	var wrapped error
	d.Fields(2)
	DecodeString(d, &text)
	DecodeError(d, &wrapped)
	return d.errorf(text, "%s%.0w", text, wrapped)
}

func encodeErrorfs(e *Encoder, err error) {
	text, list := err.Error(), err.(interface{ Unwrap() []error }).Unwrap()
	e.Fields(2)
	e.text(text)
	EncodeSlice(e, &list, EncodeError)
}

func decodeErrorfs(d *Decoder) error {
	var text string
	var list []error
	d.Fields(2)
	DecodeString(d, &text)
	DecodeSlice(d, &list, DecodeError)
	if len(list) < 2 {
		d.fail(errShape)
		return nil
	}
	format, args := []byte("%s"), []any{text}
	for _, err := range list {
		format, args = append(format, "%.0w"...), append(args, err)
	}
	return d.errorf(text, string(format), args...)
}

// errorf wraps the errors in args without a trace of their texts, which is what a
// precision of 0 does unless an error formats itself.
func (d *Decoder) errorf(text, format string, args ...any) error {
	if d.err != nil {
		return nil
	}
	err := fmt.Errorf(format, args...)
	if err.Error() != text {
		d.fail(errShape)
		return nil
	}
	return err
}

func encodeJoined(e *Encoder, err error) {
	list := err.(interface{ Unwrap() []error }).Unwrap()
	EncodeSlice(e, &list, EncodeError)
}

func decodeJoined(d *Decoder) error {
	var list []error
	DecodeSlice(d, &list, DecodeError)
	err := errors.Join(list...)
	if err == nil {
		d.fail(errShape)
	}
	return err
}

func encodeScanner(e *Encoder, v **scanner.Error) {
	EncodePointer(e, v, func(e *Encoder, v *scanner.Error) {
		e.Fields(2)
		encodePosition(e, &v.Pos)
		e.text(v.Msg)
	})
}

func decodeScanner(d *Decoder, v **scanner.Error) {
	DecodePointer(d, v, func(d *Decoder, v *scanner.Error) {
		d.Fields(2)
		decodePosition(d, &v.Pos)
		DecodeString(d, &v.Msg)
	})
}

func encodePosition(e *Encoder, v *token.Position) {
	e.Fields(4)
	e.text(v.Filename)
	for _, n := range []*int{&v.Offset, &v.Line, &v.Column} {
		EncodeInt(e, n)
	}
}

func decodePosition(d *Decoder, v *token.Position) {
	d.Fields(4)
	DecodeString(d, &v.Filename)
	for _, n := range []*int{&v.Offset, &v.Line, &v.Column} {
		DecodeInt(d, n)
	}
}
