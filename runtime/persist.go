package runtime

import (
	"fmt"
	"reflect"

	"querygen.dev/runtime/codec"
)

// codecs is what generated code knows of the types of a query. A query whose
// key has no codec (it holds a Task, which is a query and a key itself) is not
// written to disk; one whose value has none is written without it.
type codecs[K comparable, V any] struct {
	key   *codec.Type[K]
	value *codec.Type[V]
	same  bool // value decides whether two results are equal
}

// PersistKey gives the query the codec of its key. Without it the query is not
// written to disk. Generated code calls it, in an init.
func (q *Query[K, V]) PersistKey(t codec.Type[K]) {
	q.codecs.key = &t
	if q.listed != nil {
		q.listed.PersistValue(codec.Type[[]K]{
			Encode: func(e *codec.Encoder, v *[]K) { codec.EncodeSlice(e, v, t.Encode) },
			Decode: func(d *codec.Decoder, v *[]K) { codec.DecodeSlice(d, v, t.Decode) },
			Equal:  func(c *codec.Comparer, a, b *[]K) bool { return codec.EqualSlice(c, a, b, t.Equal) },
			Schema: "list of " + t.Schema,
		})
	}
}

// PersistValue gives the query the codec of its results. Its equality takes the
// place of the one by reflection; that of the result type itself, and of the
// options, stay above it. Generated code calls it, in an init.
func (q *Query[K, V]) PersistValue(t codec.Type[V]) {
	q.codecs.value = &t
	q.codecs.same = !q.def.EqNever && !q.def.Identity && !hasEqual[V]() && !partsHaveEqual[V](&q.def)
}

// same tells whether two results are equal (promise 3).
func (q *Query[K, V]) same(a, b *V) bool {
	if q.plain && q.equal(*a, *b) {
		return true // whatever the codec writes, it does so twice
	}
	if q.codecs.same {
		return q.codecs.value.Same(a, b)
	}
	return q.equal(*a, *b)
}

// outcomeCodec returns the codec of q's outcomes: the values, then the error. It
// is nil if the values have none.
func (q *Query[K, V]) outcomeCodec() *codec.Type[extended[V]] {
	value := q.codecs.value
	if value == nil {
		if reflect.TypeFor[V]() != reflect.TypeFor[struct{}]() {
			return nil
		}
		value = &codec.Type[V]{ // an error is all there is
			Encode: func(e *codec.Encoder, _ *V) { e.Fields(0) },
			Decode: func(d *codec.Decoder, _ *V) { d.Fields(0) },
		}
	}
	return &codec.Type[extended[V]]{
		Encode: func(e *codec.Encoder, o *extended[V]) {
			e.Fields(2)
			value.Encode(e, &o.value)
			codec.EncodeError(e, &o.err)
		},
		Decode: func(d *codec.Decoder, o *extended[V]) {
			d.Fields(2)
			value.Decode(d, &o.value)
			codec.DecodeError(d, &o.err)
		},
		Schema: value.Schema,
	}
}

// encode appends the bytes of an outcome to dst. An error says that there are
// none, because a value or an error would not survive: then the node runs again
// in the next process.
func (q *Query[K, V]) encode(dst []byte, o *outcome[V]) ([]byte, error) {
	c := q.outcomeCodec()
	if c == nil {
		return dst, fmt.Errorf("querygen: the results of %s have no codec", q.def.Name)
	}
	if err := survives(o.failure()); err != nil {
		return dst, err
	}
	return c.Append(dst, &extended[V]{*o, o.failure()})
}

// decode makes an outcome of its bytes. It has no stamp.
func (q *Query[K, V]) decode(data []byte) (*outcome[V], error) {
	c := q.outcomeCodec()
	if c == nil {
		return nil, fmt.Errorf("querygen: the results of %s have no codec", q.def.Name)
	}
	o, err := c.Unmarshal(data)
	if err != nil {
		return nil, err
	}
	return endedIn(o.value, o.err), nil
}

// Registered is what [Implementations] returns, for want of a statement at
// package level. It has no other use.
type Registered struct{}

// Implementations lists the concrete types behind an interface that occurs in
// results. It is called at package level, in the package of the interface or in
// that of the queries:
//
//	var _ = query.Implementations[Expr](Add{}, Num{}, (*Call)(nil))
//
// The generator reads the types of the values; the values mean nothing. A result
// that holds a value of a type which is not listed is not written to disk, and
// each run of its query counts as a change.
func Implementations[I any](values ...I) Registered { return Registered{} }
