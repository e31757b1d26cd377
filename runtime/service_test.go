package runtime_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	query "querygen.dev/runtime"
)

// A greeter is a service of these tests.
type greeter struct{ word string }

var greeting = query.NewService[*greeter]("t/service.greeter")

var greetQ = query.Define[string, string](query.Definition{Name: "t/service.greet", Kind: query.KindPure, Params: 1})

func init() {
	greetQ.Bind(nil, func(cx *query.Context, name string) (string, error) {
		return greeting.Of(cx).word + ", " + name, nil
	})
}

func TestService(t *testing.T) {
	for _, word := range []string{"hello", "good day"} {
		db := query.New(query.Options{Services: []query.Provision{greeting.Provide(&greeter{word}, word)}})
		cx := db.Context(t.Context())
		if got := greetQ.Value(cx, "you"); got != word+", you" {
			t.Errorf("got %q", got)
		}
		if got := greeting.Of(cx).word; got != word {
			t.Errorf("outside a query: %q", got)
		}
		if reads := fmt.Sprint(query.Inspect(db, greetQ.Task("you")).Reads); reads != "[service.greeter()]" {
			t.Errorf("reads are %s", reads)
		}
	}
}

func TestServiceMissing(t *testing.T) {
	db := query.New(query.Options{})
	err := db.Run(t.Context(), func(cx *query.Context) error { greetQ.Value(cx, "you"); return nil })
	p, ok := errors.AsType[*query.PanicError](err)
	if !ok || !strings.Contains(fmt.Sprint(p.Value), "service t/service.greeter was not provided") {
		t.Errorf("got %v", err)
	}
}
