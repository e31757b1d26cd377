package runtime

import (
	"testing"

	"querygen.dev/runtime/codec"
)

// ignorant is a codec for which all values are equal.
func ignorant[V any]() codec.Type[V] {
	return codec.Type[V]{Equal: func(_ *codec.Comparer, a, b *V) bool { return true }}
}

// TestPersistValue checks whose word on equality counts: that of the options,
// then that of the result type itself, then that of the codec.
func TestPersistValue(t *testing.T) {
	plain := Define[struct{}, int](Definition{Name: "persist.plain", Kind: KindPure})
	never := Define[struct{}, int](Definition{Name: "persist.never", Kind: KindPure, EqNever: true})
	method := Define[struct{}, modFive](Definition{Name: "persist.method", Kind: KindPure})
	one, two := 1, 2
	if plain.same(&one, &two) {
		t.Error("without a codec 1 is 2")
	}
	plain.PersistValue(ignorant[int]())
	never.PersistValue(ignorant[int]())
	method.PersistValue(ignorant[modFive]())
	if !plain.same(&one, &two) {
		t.Error("the codec was not asked")
	}
	if never.same(&one, &one) {
		t.Error("eq=never was not asked")
	}
	if a, b, c := modFive(1), modFive(2), modFive(6); method.same(&a, &b) || !method.same(&a, &c) {
		t.Error("the method Equal was not asked")
	}
}
