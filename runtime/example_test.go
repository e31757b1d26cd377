package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	query "querygen.dev/runtime"
	"querygen.dev/runtime/internal/words"
)

// set is an update of one file.
func set(db *query.DB, file, content string) {
	err := db.Update(func(tx *query.Tx) error {
		words.SetText(tx, file, content)
		return nil
	})
	if err != nil {
		panic(err)
	}
}

func Example() {
	db := query.New(query.Options{OnEvent: func(e query.Event) {
		if e.Kind == query.Run {
			fmt.Println("run", query.Node{Query: e.Query, Key: e.Key})
		}
	}})
	defer db.Close()
	cx := db.Context(context.Background())

	set(db, "a.txt", "to be or not to be")
	set(db, "b.txt", "that is the question")
	fmt.Println(words.Longest(cx))

	set(db, "b.txt", "that was the question") // as many words: longest does not run
	fmt.Println(words.Longest(cx))
	// Output:
	// run words.longest()
	// run words.words("a.txt")
	// run words.words("b.txt")
	// a.txt <nil>
	// run words.words("b.txt")
	// a.txt <nil>
}

func ExampleDB_Run() {
	db := query.New(query.Options{})
	defer db.Close()
	set(db, "a.txt", "to be")
	err := db.Run(context.Background(), func(cx *query.Context) error {
		before := words.Words(cx, "a.txt")
		set(db, "a.txt", "to be or not to be") // overtakes the request
		after := words.Words(cx, "a.txt")
		fmt.Println("not reached:", before, after)
		return nil
	})
	fmt.Println(err, errors.Is(err, query.ErrSuperseded))
	// Output: querygen: overtaken by an update true
}

func ExampleDo() {
	db := query.New(query.Options{})
	defer db.Close()
	set(db, "a.txt", "to be")
	set(db, "b.txt", "or not to be")
	total, err := query.Do(context.Background(), db, func(cx *query.Context) (int, error) {
		return words.Words(cx, "a.txt") + words.Words(cx, "b.txt"), nil // of one revision
	})
	fmt.Println(total, err)
	// Output: 6 <nil>
}

func ExampleDB_Update() {
	db := query.New(query.Options{})
	defer db.Close()
	err := db.Update(func(tx *query.Tx) error {
		words.SetText(tx, "a.txt", "to be")
		return errors.New("no such file")
	})
	_, lookup := words.Longest(db.Context(context.Background()))
	fmt.Println(err)
	fmt.Println(lookup)
	// Output:
	// no such file
	// there are no files
}

func ExampleDB_NextGeneration() {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(context.Background())
	fmt.Println(words.Clock(cx))
	words.Now = "noon"
	fmt.Println(words.Clock(cx)) // still the same generation
	db.NextGeneration()
	fmt.Println(words.Clock(cx))
	// Output:
	// morning
	// morning
	// noon
}

func ExampleOptions_memoryBudget() {
	db := query.New(query.Options{MemoryBudget: 1 << 10}) // bytes
	defer db.Close()
	cx := db.Context(context.Background())
	for i := range 100 {
		set(db, fmt.Sprint(i, ".txt"), strings.Repeat("to be ", 1+i%7))
	}
	fmt.Println(words.Longest(cx))

	set(db, "50.txt", "that is the question") // as many words as before: longest does not run
	runs := db.Stats().Runs
	fmt.Println(words.Longest(cx))
	stats := db.Stats()
	fmt.Println(stats.Runs-runs, "run;", stats.Dropped > 0, stats.Bytes <= 1<<10)
	// Output:
	// 6.txt <nil>
	// 6.txt <nil>
	// 1 run; true true
}

func ExampleMap() {
	db := query.New(query.Options{})
	defer db.Close()
	set(db, "a.txt", "to be")
	set(db, "b.txt", "or not to be")
	counts, err := query.Map(db.Context(context.Background()), []string{"a.txt", "b.txt", "c.txt"},
		func(cx *query.Context, file string) (int, error) { return words.Words(cx, file), nil })
	fmt.Println(counts, err)
	// Output: [2 4 0] <nil>
}

func ExampleTask() {
	db := query.New(query.Options{})
	defer db.Close()
	set(db, "a.txt", "to be")
	task := words.WordsTask("a.txt") // a value, not yet a call
	fmt.Println(task, task == words.WordsTask("a.txt"))
	fmt.Println(task.Get(db.Context(context.Background())))
	// Output:
	// words.words("a.txt") true
	// 2 <nil>
}

func ExampleInspect() {
	db := query.New(query.Options{})
	defer db.Close()
	set(db, "a.txt", "to be")
	task := words.WordsTask("a.txt")
	task.Get(db.Context(context.Background()))
	set(db, "a.txt", "or not to be")
	info := query.Inspect(db, task)
	fmt.Println(info.State, info.Reads, info.Readers)
	// Output: dirty [words.text("a.txt")] 0
}

var errEmpty = errors.New("empty file")

func ExampleRegisterError() {
	// In an init, beside the variable. An outcome that wraps errEmpty can now be
	// written, and errors.Is holds for what the next process reads.
	query.RegisterError("example.com/parse.errEmpty", errEmpty)

	err := fmt.Errorf("a.txt: %w", errEmpty)
	fmt.Println(errors.Is(err, errEmpty))
	// Output: true
}

func ExampleCollect() {
	db := query.New(query.Options{})
	defer db.Close()
	cx := db.Context(context.Background())
	show := func() {
		// What lint has emitted, though lintAll only adds up numbers.
		warnings, err := query.Collect[words.Warning](cx, words.LintAllTask())
		fmt.Println(warnings, err)
	}
	set(db, "a.txt", "that that is")
	set(db, "b.txt", "it is is it")
	show()
	set(db, "b.txt", "it it is is") // lints b.txt again, and not a.txt
	show()
	// Output:
	// [a.txt: that that b.txt: is is] <nil>
	// [a.txt: that that b.txt: it it b.txt: is is] <nil>
}

func ExampleIntern() {
	db := query.New(query.Options{OnEvent: func(e query.Event) {
		if e.Kind == query.Run {
			fmt.Println("run", query.Node{Query: e.Query, Key: e.Key})
		}
	}})
	defer db.Close()
	cx := db.Context(context.Background())
	set(db, "a.txt", "To be or not to be")
	for range 2 {
		style := query.Intern(cx, words.Style{Skip: []string{"to", "or"}, Lower: true}) // made anew, and equal
		fmt.Println(words.Count(cx, "a.txt", style))
	}
	// Output:
	// run words.count("a.txt", {Skip: ["to", "or"], Lower: true})
	// 3
	// 3
}
