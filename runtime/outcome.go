package runtime

import "unsafe"

// An outcome is what a run ended in. It is immutable once it can be seen. The
// stamp lies beside the value so that both can be read in one step.
//
// Most outcomes have no error, and should not pay for one. One that has, or whose
// value was dropped, is the beginning of an extended; its cost says so.
type outcome[V any] struct {
	value V
	stamp uint32
	cost  uint32 // bytes, as MemoryBudget counts them, and flags
}

// An extended is an outcome with more than a value.
type extended[V any] struct {
	outcome[V]
	err error // a *husk if the value was dropped
}

const (
	isExtended = 1 << 31
	isGone     = 1 << 30 // the value was dropped
	costMask   = isGone - 1
)

// endedIn returns the outcome of a run.
func endedIn[V any](v V, err error) *outcome[V] {
	if err == nil {
		return &outcome[V]{value: v}
	}
	return &(&extended[V]{outcome[V]{value: v, cost: isExtended}, err}).outcome
}

// leftOf returns what takes the place of an outcome whose value is dropped.
func leftOf[V any](o *outcome[V], h *husk) *outcome[V] {
	return &(&extended[V]{outcome[V]{stamp: o.stamp, cost: isExtended | isGone}, h}).outcome
}

// clone returns a copy of o, which is whole.
func (o *outcome[V]) clone() *outcome[V] {
	c := endedIn(o.value, o.failure())
	c.cost = o.cost
	return c
}

// whole reports whether o is there with its value.
func (o *outcome[V]) whole() bool { return o != nil && !o.gone() }

// plain reports whether o is a value, and nothing else.
func (o *outcome[V]) plain() bool { return o.cost&isExtended == 0 }

// gone reports whether the value was dropped.
func (o *outcome[V]) gone() bool { return o.cost&isGone != 0 }

// more returns the whole of an outcome that is not plain.
func (o *outcome[V]) more() *extended[V] { return (*extended[V])(unsafe.Pointer(o)) }

// failure is the error of the outcome. A value that was dropped came without one.
func (o *outcome[V]) failure() error {
	if o.plain() || o.gone() {
		return nil
	}
	return o.more().err
}

// husk is what is left of a value that was dropped.
func (o *outcome[V]) husk() *husk { return o.more().err.(*husk) }

// bytes is the cost. What is left of a value costs nothing.
func (o *outcome[V]) bytes() uint32 { return o.cost & costMask }

// weigh sets the cost, which is capped at a gigabyte.
func (o *outcome[V]) weigh(bytes int64) {
	o.cost = o.cost&^costMask | uint32(min(bytes, costMask))
}
