package main

import (
	"slices"
	"strings"
	"testing"

	query "querygen.dev/runtime"
)

// TestStd checks the standard library, and selects the packages and files that
// go list does.
func TestStd(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all of the standard library")
	}
	dir := tempDir(t) // outside any module
	b := newBench(t, dir, "std")
	r := b.clean()
	t.Log(r.summary())
	if n := len(r.Trace.Ran["check"]); n != r.Checked {
		t.Errorf("check ran %d times for %d packages", n, r.Checked)
	}

	out, _ := goTool(t, dir, "list", "-f", `{{if .GoFiles}}{{.ImportPath}}{{range .GoFiles}} {{.}}{{end}}{{end}}`, "std")
	want := strings.Split(strings.TrimSpace(out), "\n")
	want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
	var got []string
	_, err := query.Do(t.Context(), b.db, func(cx *query.Context) (int, error) {
		got = nil
		list, err := Targets(cx)
		for _, path := range list.Packages {
			loc, _ := Locate(cx, path)
			set, _ := Sources(cx, loc.Dir)
			got = append(got, strings.Join(append([]string{path}, baseNames(set.Files)...), " "))
		}
		return 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	b.outdated()
	again := b.clean()
	t.Log("again:", again.summary())
	for name := range again.Trace.Ran {
		if name != "fileStamp" && name != "dirList" {
			t.Errorf("with no change %s ran", name)
		}
	}
}
