package runtime

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var crashKills = flag.Int("crash.kills", 20, "how often TestKilled kills a process that saves")

// crashDir makes this test binary the process that is killed.
const crashDir = "QUERYGEN_TEST_CRASH"

// TestKilled kills a process that sets, demands and saves in a loop, at random moments.
// Each time the next one finds a state that was saved whole: what it computes is right, and
// no older than the last save that had ended.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		saveForEver(t, dir)
		return
	}
	dir := t.TempDir()
	for kill := range *crashKills {
		saved := killed(t, dir)
		p := openShop(t, dir, Options{}, crashPages(saved)...)
		want := ""
		for _, s := range crashPages(saved) {
			want += fmt.Sprint(len(s), " ")
		}
		got, err := shopBook.Get(p.cx, len(crashPages(0)))
		if err != nil || got != want {
			t.Fatalf("kill %d: %q, %v, want %q", kill, got, err, want)
		}
		if saved > 0 && len(shopLog.ran) > 3*3 { // it may have been killed behind some saves more
			t.Errorf("kill %d: %d runs", kill, len(shopLog.ran))
		}
		p.close()
	}
}

// killed runs the process for a while, and returns the last state that it has saved.
func killed(t *testing.T, dir string) (saved int) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the process says nothing")
	}
	timer := time.AfterFunc(time.Duration(rand.IntN(30_000))*time.Microsecond, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for {
		if n, ok := strings.CutPrefix(lines.Text(), "saved "); ok {
			fmt.Sscan(n, &saved)
		}
		if !lines.Scan() {
			break
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process has ended by itself")
	}
	return saved
}

// crashPages is what the pages of the shop are in state i: each state is another one.
func crashPages(i int) []string {
	pages := make([]string, 20)
	for k := range pages {
		pages[k] = strings.Repeat("x", (i+len(pages)-1-k)/len(pages))
	}
	return pages
}

// saveForEver is the process.
func saveForEver(t *testing.T, dir string) {
	p := openShop(t, dir, Options{}, crashPages(1)...)
	fmt.Println("began")
	for i := 1; ; i++ {
		p.set(crashPages(i)...)
		if _, err := shopBook.Get(p.cx, len(crashPages(0))); err != nil {
			t.Fatal(err)
		}
		if err := p.db.Save(context.Background()); err != nil {
			t.Fatal(err)
		}
		fmt.Println("saved", i)
	}
}
