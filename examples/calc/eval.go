package main

import (
	"errors"
	"math"

	query "querygen.dev/runtime"
)

// value is the number that a name stands for. Its errors are a *Flaw in the
// definition of the name itself, errUndefined, errBroken, or what the engine
// says of a cycle.
//
//query:pure
func value(cx *query.Context, name string) (int64, error) {
	d, err := Definition(cx, name)
	if err != nil {
		return 0, err
	}
	if d.Flaw != nil {
		return 0, d.Flaw
	}
	return eval(cx, d.Value)
}

// errBroken is what a definition ends in that is right in itself, but needs one
// that is not.
var errBroken = errors.New("needs a value that could not be computed")

func init() { query.RegisterError("calc.errBroken", errBroken) }

// eval is a plain function. That it calls itself costs nothing: only calls of
// queries are remembered.
func eval(cx *query.Context, e *Expr) (int64, error) {
	switch e.Op {
	case Number:
		return e.Number, nil
	case Name:
		return lookUp(cx, e)
	case Neg:
		x, err := eval(cx, e.Right)
		if err != nil {
			return 0, err
		}
		return checked(e, -x, x != math.MinInt64)
	}
	x, err := eval(cx, e.Left)
	if err != nil {
		return 0, err
	}
	y, err := eval(cx, e.Right)
	if err != nil {
		return 0, err
	}
	return operate(e, x, y)
}

// lookUp demands the value of another name.
func lookUp(cx *query.Context, e *Expr) (int64, error) {
	x, err := Value(cx, e.Name)
	switch {
	case errors.Is(err, errUndefined):
		return 0, &Flaw{e.At, "undefined: " + e.Name}
	case err != nil:
		return 0, errBroken // it is reported where it is wrong
	}
	return x, nil
}

func operate(e *Expr, x, y int64) (int64, error) {
	switch e.Op {
	case Add:
		return checked(e, x+y, (x+y > x) == (y > 0))
	case Sub:
		return checked(e, x-y, (x-y < x) == (y > 0))
	case Mul:
		return checked(e, x*y, x == 0 || x*y/x == y && (x != -1 || y != math.MinInt64))
	}
	if y == 0 {
		return 0, &Flaw{e.At, "division by zero"}
	}
	return checked(e, x/y, x != math.MinInt64 || y != -1)
}

// checked returns the result of an operation, if it is one.
func checked(e *Expr, result int64, ok bool) (int64, error) {
	if !ok {
		return 0, &Flaw{e.At, "the result is too large"}
	}
	return result, nil
}
