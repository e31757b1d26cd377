package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cacheRun is what a run of the command has printed, as another process would.
type cacheRun struct {
	code           int
	stdout, stderr string
}

// counts are the numbers of a summary: runs, reused, verified, loaded.
var counts = regexp.MustCompile(`\(runs ([\d,]+), reused ([\d,]+), verified ([\d,]+), loaded ([\d,]+)\)`)

func (r cacheRun) count(t *testing.T, what int) (n int) {
	t.Helper()
	m := counts.FindStringSubmatch(r.stdout)
	if m == nil {
		t.Fatalf("no summary in %q, %q", r.stdout, r.stderr)
	}
	fmt.Sscan(strings.ReplaceAll(m[what], ",", ""), &n)
	return n
}

// verdict is what a run says but for times and counts.
func (r cacheRun) verdict() string {
	said, _, _ := strings.Cut(r.stdout, " in ")
	return fmt.Sprint(r.code, " ", said, "\n", withoutNotes(r.stderr))
}

func withoutNotes(s string) string {
	return regexp.MustCompile(`(?m)^(gocheck: note: .*|checking .*|.* of .* packages)\n`).ReplaceAllString(s, "")
}

func check1(t *testing.T, args ...string) cacheRun {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), args, &stdout, &stderr, silent{})
	return cacheRun{code, stdout.String(), stderr.String()}
}

// standing makes the stats of a module's files old enough to be believed.
func standing(t *testing.T, dir string) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func cacheFiles(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"MANIFEST", "seg-*"} {
		names, _ := filepath.Glob(filepath.Join(dir, name))
		for _, n := range names {
			info, err := os.Stat(n)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&all, n, info.Size(), info.ModTime())
		}
	}
	return all.String()
}

func moduleEnv(t *testing.T) {
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "off")
}

// TestCache checks in one process after another.
func TestCache(t *testing.T) {
	moduleEnv(t)
	dir, cache := unpack(t, "chain.txtar"), filepath.Join(t.TempDir(), "new", "cache")
	cold := check1(t, "-C", dir, "-cache", cache)
	if cold.code != 0 || cold.count(t, 4) != 0 {
		t.Fatalf("cold: %+v", cold)
	}
	warm := check1(t, "-C", dir, "-cache", cache)
	if warm.verdict() != cold.verdict() || warm.count(t, 1) > cold.count(t, 1)/2 || warm.count(t, 4) == 0 {
		t.Errorf("cold %+v\nwarm %+v", cold, warm)
	}

	// What a mistake in a body is found by is the check of its package.
	side := filepath.Join(dir, "side", "side.go")
	text, err := os.ReadFile(side)
	if err != nil {
		t.Fatal(err)
	}
	write(t, side, string(text)+"\nvar Wrong int = \"text\"\n")
	wrong := check1(t, "-C", dir, "-cache", cache)
	if wrong.code != exitErrors || !strings.Contains(wrong.stderr, "cannot use \"text\"") || wrong.count(t, 1) > warm.count(t, 1)+10 {
		t.Errorf("warm %+v\nwith a mistake %+v", warm, wrong)
	}
	again := check1(t, "-C", dir, "-cache", cache) // the mistake is remembered
	if again.verdict() != wrong.verdict() || again.count(t, 1) > warm.count(t, 1)+1 {
		t.Errorf("%+v\nagain %+v", wrong, again)
	}
	if fresh := check1(t, "-C", dir, "-no-cache"); fresh.verdict() != wrong.verdict() || fresh.count(t, 4) != 0 {
		t.Errorf("%+v\nwithout a cache %+v", wrong, fresh)
	}

	// From elsewhere in the module all is as it was.
	write(t, side, string(text))
	check1(t, "-C", dir, "-cache", cache)
	below := check1(t, "-C", filepath.Join(dir, "side"), "-cache", cache, "./...", "../top")
	if below.code != 0 || below.count(t, 1) > warm.count(t, 1)+10 {
		t.Errorf("warm %+v\nfrom below %+v", warm, below)
	}
}

// TestCacheIdle looks for files that were read, or bytes that were written, though nothing
// has changed: the files can't be read any more, and still there is a verdict.
func TestCacheIdle(t *testing.T) {
	moduleEnv(t)
	dir, cache := unpack(t, "chain.txtar"), t.TempDir()
	standing(t, dir)
	time.Sleep(settling + 100*time.Millisecond) // the status has changed just now
	cold := check1(t, "-C", dir, "-cache", cache)
	was := cacheFiles(t, cache)
	warm := check1(t, "-C", dir, "-cache", cache)
	if warm.verdict() != cold.verdict() || warm.count(t, 1) >= cold.count(t, 1) {
		t.Errorf("cold %+v\nwarm %+v", cold, warm)
	}
	if now := cacheFiles(t, cache); now != was {
		t.Errorf("before\n%s\nafter\n%s", was, now)
	}

	// A file that was only touched is read, and that is all.
	now := time.Now()
	if err := os.Chtimes(filepath.Join(dir, "low", "low.go"), now, now); err != nil {
		t.Fatal(err)
	}
	touched := check1(t, "-C", dir, "-cache", cache)
	if touched.verdict() != cold.verdict() || touched.count(t, 1) != warm.count(t, 1)+1 {
		t.Errorf("warm %+v\ntouched %+v", warm, touched)
	}
}

// TestCacheEdits is for the edits that keep size and time.
func TestCacheEdits(t *testing.T) {
	moduleEnv(t)
	dir, cache := unpack(t, "chain.txtar"), t.TempDir()
	top := filepath.Join(dir, "top", "top.go")
	for i, expr := range []string{"1", `""`, "2", `''`} {
		write(t, top, "package top\n\nvar X int = "+fmt.Sprintf("%-3s", expr)+"\n")
		standing(t, dir)
		got := check1(t, "-C", dir, "-cache", cache)
		if want := check1(t, "-C", dir, "-no-cache"); got.verdict() != want.verdict() || got.code != i%2 {
			t.Errorf("%s: with a cache %+v\nwithout %+v", expr, got, want)
		}
	}
}

// TestCacheDamaged flips bytes and puts other things in the cache's place.
func TestCacheDamaged(t *testing.T) {
	moduleEnv(t)
	dir, cache := unpack(t, "mistakes/undefined_name.txtar"), t.TempDir()
	cold := check1(t, "-C", dir, "-cache", cache)
	names, err := filepath.Glob(filepath.Join(cache, "seg-*"))
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		bad := bytes.Clone(data)
		for at := i * 97 % len(bad); at < len(bad); at += 40*97 + i {
			bad[at] ^= 0x41
		}
		for _, n := range names {
			os.Remove(n)
		}
		if err := os.WriteFile(names[0], bad, 0o666); err != nil {
			t.Fatal(err)
		}
		got := check1(t, "-C", dir, "-cache", cache)
		if got.verdict() != cold.verdict() || strings.Count(got.stderr, "gocheck: note: ") > 2 {
			t.Errorf("damage %d: %+v\nwant %+v", i, got, cold)
		}
		if names, err = filepath.Glob(filepath.Join(cache, "seg-*")); err != nil || len(names) == 0 {
			t.Fatal("nothing was saved", err)
		}
		if data, err = os.ReadFile(names[0]); err != nil {
			t.Fatal(err)
		}
	}

	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	if got := check1(t, "-C", dir, "-cache", file); got.code != exitUsage || !strings.Contains(got.stderr, file) {
		t.Errorf("a file for a cache: %+v", got)
	}
	if got := check1(t, "-C", dir, "-cache", cache, "-no-cache"); got.code != exitUsage {
		t.Errorf("both flags: %+v", got)
	}
}

// TestDefaultCache looks for the cache where users are told that it is.
func TestDefaultCache(t *testing.T) {
	moduleEnv(t)
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	dir := unpack(t, "chain.txtar")
	check1(t, "-C", dir)
	check1(t, "-C", filepath.Join(dir, "low"))
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dirs, _ := filepath.Glob(filepath.Join(user, "querygen", "gocheck", filepath.Base(dir)+"-*", "MANIFEST"))
	if len(dirs) != 1 {
		t.Errorf("manifests %q, want one", dirs)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	got := check1(t, "-C", dir)
	if got.code != 0 || !strings.Contains(got.stderr, "gocheck: note: nothing is kept for the next time") {
		t.Errorf("without a home: %+v", got)
	}
}

// command is the test binary as the command.
func command(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), actAsCommand+"=1")
	stdout, stderr := new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// TestTwoProcesses checks with two processes at once, on one cache.
func TestTwoProcesses(t *testing.T) {
	moduleEnv(t)
	dir, cache := unpack(t, "mistakes/undefined_name.txtar"), t.TempDir()
	want := check1(t, "-C", dir, "-no-cache").verdict()
	for range 5 {
		var cmds []*exec.Cmd
		var outs [][2]*bytes.Buffer
		for range 2 {
			cmd, stdout, stderr := command(t, "-C", dir, "-cache", cache)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			cmds, outs = append(cmds, cmd), append(outs, [2]*bytes.Buffer{stdout, stderr})
		}
		notes := 0
		for i, cmd := range cmds {
			cmd.Wait()
			r := cacheRun{cmd.ProcessState.ExitCode(), outs[i][0].String(), outs[i][1].String()}
			if r.verdict() != want {
				t.Errorf("got %+v\nwant %s", r, want)
			}
			notes += strings.Count(r.stderr, "gocheck: note: ")
		}
		if notes > 1 {
			t.Errorf("%d notes: %s%s", notes, outs[0][1], outs[1][1])
		}
	}
}

// TestInterrupt stops a check of the standard library and goes on in another process.
func TestInterrupt(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a good part of the standard library")
	}
	moduleEnv(t)
	dir, cache := tempDir(t), t.TempDir()
	cmd, stdout, stderr := command(t, "-C", dir, "-cache", cache, "-j", "1", "net/http")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Skip(err)
	}
	cmd.Wait()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		t.Fatalf("ended by a signal: %s%s", stdout, stderr)
	}
	code := cmd.ProcessState.ExitCode()
	if code != exitInterrupt && code != 0 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	cold := check1(t, "-C", dir, "-no-cache", "net/http")
	got := check1(t, "-C", dir, "-cache", cache, "net/http")
	if got.verdict() != cold.verdict() || strings.Contains(got.stderr, "note:") {
		t.Errorf("after an interrupt: %+v\nwant %+v", got, cold)
	}
	t.Logf("interrupted with code %d\ncold  %safter %s", code, cold.stdout, got.stdout)
}
