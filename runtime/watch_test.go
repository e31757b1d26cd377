package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/internal/words"
)

func ExampleWatch() {
	db := query.New(query.Options{})
	set(db, "a.txt", "to be")
	for n, err := range query.Watch(context.Background(), db, func(cx *query.Context) (int, error) {
		return words.Words(cx, "a.txt"), nil
	}) {
		fmt.Println(n, err)
		switch n {
		case 2:
			set(db, "a.txt", "to do") // as many words: nothing new
			set(db, "a.txt", "to be or not to be")
		case 6:
			go db.Close()
		}
	}
	// Output:
	// 2 <nil>
	// 6 <nil>
	// 0 querygen: database is closed
}

// A watch says nothing about revisions that change none of its reads, and ends
// with its context, with the loop, and with the database.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := query.New(query.Options{})
		defer db.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		var got []string
		go func() {
			for n, err := range query.Watch(ctx, db, func(cx *query.Context) (int, error) {
				n := words.Words(cx, "a")
				if n == 3 {
					return n, errors.New("three")
				}
				return n, nil
			}) {
				got = append(got, fmt.Sprint(n, " ", err))
			}
		}()
		runs := func() uint64 { return db.Stats().Runs }
		step := func(file, text string) uint64 {
			synctest.Wait()
			before := runs()
			set(db, file, text)
			synctest.Wait()
			return runs() - before
		}
		step("a", "one two")
		if n := step("b", "of no interest"); n != 0 {
			t.Errorf("a change of something else made %d runs", n)
		}
		step("a", "uno due")
		step("a", "one two three")
		step("a", "one two three four")
		cancel(errors.New("enough"))
		synctest.Wait()
		want := []string{"0 <nil>", "2 <nil>", "3 three", "4 <nil>", "0 enough"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Inside a query there is nothing to wait for.
func TestWatchInQuery(t *testing.T) {
	db := query.New(query.Options{})
	defer db.Close()
	yields := 0
	key := hook(t, "body", func(cx *query.Context) (int, error) {
		for _, err := range query.Watch(cx, db, func(*query.Context) (int, error) { return 1, nil }) {
			if yields++; yields > 1 || !errors.Is(err, query.ErrInQuery) {
				return 0, err
			}
		}
		return 1, nil
	})
	wantHook(t, db, hookQ, key, 1)
}
