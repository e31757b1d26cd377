// Generate times the generator on a made-up module: queries in packages that
// import one another, half of them methods or inputs.
//
//	go run ./generate            # 1,000 queries in 50 packages
//	go run ./generate -v         # with the phases of each run
//
// Each line is the median of the runs, in a warm build cache. The command is
// run as a process of its own, as users run it. The CPU time is that of the
// command and of the go commands it calls: on a machine with other work it is
// the number to trust.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var (
	packageCount = flag.Int("packages", 50, "packages")
	queryCount   = flag.Int("queries", 20, "queries in each")
	runs         = flag.Int("runs", 5, "runs of each measurement")
	verbose      = flag.Bool("v", false, "show what querygen -v says in the last run of each")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	dir, err := os.MkdirTemp("", "generate")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := measure(dir); err != nil {
		os.RemoveAll(dir)
		log.Fatal(err)
	}
}

func measure(dir string) error {
	tool := filepath.Join(dir, "querygen")
	if out, err := exec.Command("go", "build", "-o", tool, "querygen.dev/cmd/querygen").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %v\n%s", err, out)
	}
	module := filepath.Join(dir, "m")
	if err := writeModule(module); err != nil {
		return err
	}
	fmt.Printf("%d queries in %d packages, median of %d runs\n", *packageCount**queryCount, *packageCount, *runs)
	remove := func() error { return removeOutputs(module) }
	nothing := func() error { return nil }
	edit := 0
	change := func() error { edit++; return writePackage(module, 0, edit) }
	for _, m := range []struct {
		name   string
		before func() error
		args   []string
	}{
		{"full generation", remove, nil},
		{"no change", nothing, nil},
		{"-check", nothing, []string{"-check"}},
		{"one package edited", change, nil},
	} {
		if err := report(m.name, tool, module, m.before, m.args); err != nil {
			return err
		}
	}
	return nil
}

// report prints the median time of a command line.
func report(name, tool, module string, before func() error, args []string) error {
	args = append(args, "./...")
	if *verbose {
		args = append([]string{"-v"}, args...)
	}
	var times, cpu []time.Duration
	var last []byte
	for i := range *runs + 1 {
		if err := before(); err != nil {
			return err
		}
		cmd := exec.Command(tool, args...)
		cmd.Dir = module
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %v\n%s", name, err, out)
		}
		if i > 0 { // the first one warms the caches
			times = append(times, time.Since(start))
			cpu = append(cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
		last = out
	}
	fmt.Printf("%-20s %6.0f ms, %6.0f ms of CPU\n", name, median(times).Seconds()*1000, median(cpu).Seconds()*1000)
	for line := range strings.Lines(string(last)) {
		if strings.Contains(line, " took ") {
			fmt.Print("\t", line)
		}
	}
	return nil
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

// writeModule makes a module that requires the checkout this program is built
// from.
func writeModule(dir string) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "querygen.dev").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	checkout := strings.TrimSpace(string(out))
	for i := range *packageCount {
		if err := writePackage(dir, i, 0); err != nil {
			return err
		}
	}
	mod := fmt.Sprintf("module bench.test\n\ngo 1.26.0\n\nrequire querygen.dev v0.0.0\n\nreplace querygen.dev => %s\n", checkout)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666); err != nil {
		return err
	}
	cmd := exec.Command("go", "mod", "tidy", "-e")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod tidy: %v\n%s", err, out)
	}
	return nil
}

// writePackage writes package number i, which imports the one before it. An
// edit changes the signature of one of its queries.
func writePackage(dir string, i, edit int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "package p%d\n\nimport (\n\t\"strings\"\n\n", i)
	if i > 0 {
		fmt.Fprintf(&b, "\t\"bench.test/p%d\"\n", i-1)
	}
	b.WriteString("\tquery \"querygen.dev/runtime\"\n)\n\n")
	b.WriteString("// A File is a path.\ntype File string\n\n// A Tree is a file in parts.\ntype Tree struct {\n\tName  string\n\tWords []string\n\tSizes map[string]int\n}\n\n")
	for j := range *queryCount {
		b.WriteString(queryText(i, j, edit))
	}
	path := filepath.Join(dir, fmt.Sprintf("p%d", i))
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(path, "p.go"), []byte(b.String()), 0o666)
}

func queryText(i, j, edit int) string {
	switch {
	case j == 0:
		return fmt.Sprintf("// text0 is the content.\n//\n//query:input\nfunc text0(cx *query.Context, f File, edits [%d]int) (string, error) { return \"\", nil }\n\n", edit)
	case j == 1 && i > 0:
		return fmt.Sprintf("// below1 asks the package below.\n//\n//query:pure\nfunc below1(cx *query.Context, name string) (*p%d.Tree, error) { return p%d.Parse2(cx, p%d.File(name)) }\n\n", i-1, i-1, i-1)
	case j%4 == 3:
		return fmt.Sprintf("// size%d is a method.\n//\n//query:pure\nfunc (f File) size%d(cx *query.Context, a, b int) (int, error) { return len(f) + a + b, nil }\n\n", j, j)
	}
	return fmt.Sprintf("// parse%d splits a file.\n//\n//query:pure\nfunc parse%d(cx *query.Context, f File) (*Tree, error) {\n\treturn &Tree{Name: string(f), Words: strings.Fields(string(f))}, nil\n}\n\n", j, j)
}

// removeOutputs removes all generated files.
func removeOutputs(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*", "query_gen.go"))
	for _, name := range names {
		if e := os.Remove(name); err == nil {
			err = e
		}
	}
	return err
}
