package scenarios

import (
	"errors"
	"fmt"

	query "querygen.dev/runtime"
)

// IQ-T10: cycles.

//query:pure
func ouroboros(cx *query.Context) (int, error) { return Ouroboros(cx) }

//query:pure
func ringA(cx *query.Context) (int, error) { return RingB(cx) }

//query:pure
func ringB(cx *query.Context) (int, error) { return RingC(cx) }

//query:pure
func ringC(cx *query.Context) (int, error) { return RingA(cx) }

// ringD swallows errors, and is on a cycle with ringE, which cannot return one.
//
//query:pure
func ringD(cx *query.Context) (int, error) {
	if v := RingE(cx); v > 0 {
		return v, nil
	}
	return 1, nil
}

//query:pure
func ringE(cx *query.Context) int {
	v, err := RingD(cx)
	if err != nil {
		return -1
	}
	return v
}

// aboveRing is not on the cycle.
//
//query:pure
func aboveRing(cx *query.Context) (string, error) {
	_, err := RingA(cx)
	if _, ok := errors.AsType[*query.CycleError](err); ok {
		return "a cycle", nil
	}
	return "", err
}

// IQ-T19: a cycle that comes and goes with an input.

//query:pure
func a(cx *query.Context) (int, error) {
	if In(cx, 0) == 2 {
		return B(cx)
	}
	return 5, nil
}

//query:pure
func b(cx *query.Context) (int, error) {
	v, err := A(cx)
	return v + 1, err
}

// S9: a panic.

//query:pure
func boom(cx *query.Context) int {
	v := In(cx, 0)
	if v == 0 {
		panic("boom")
	}
	return v
}

//query:pure
func outerBoom(cx *query.Context) int { return Boom(cx) + 1 }

// Errors that change and stay equal.

// A Refusal is an error with a field beside its text.
type Refusal struct {
	Text   string
	Reason int
}

func (r *Refusal) Error() string { return r.Text }

// refusing fails with an error that is made anew in each run: in(0) is its
// reason, in(1) chooses how it is wrapped.
//
//query:pure
func refusing(cx *query.Context) (int, error) {
	err := error(&Refusal{"x", In(cx, 0) / 2})
	switch In(cx, 1) / 2 {
	case 1:
		err = fmt.Errorf("%w", err)
	case 2:
		err = errors.New("x")
	case 3:
		err = errors.Join(err)
	}
	return 0, err
}

//query:pure
func refused(cx *query.Context) (string, error) {
	_, err := Refusing(cx)
	if r, ok := errors.AsType[*Refusal](err); ok {
		return fmt.Sprintf("%T %v %d", err, err, r.Reason), nil
	}
	return fmt.Sprintf("%T %v", err, err), nil
}
