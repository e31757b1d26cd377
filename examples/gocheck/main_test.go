package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// actAsCommand has the test binary be the command, for tests that need processes.
const actAsCommand = "GOCHECK_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(actAsCommand) != "" {
		main()
	}
	home, err := newHome()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// newHome gives the tests a home of their own, so that nobody's cache is touched. The
// go command goes on with the caches that it has.
func newHome() (string, error) {
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return "", fmt.Errorf("go env %s: %w", name, err)
		}
		os.Setenv(name, strings.TrimSpace(string(out)))
	}
	home, err := os.MkdirTemp("", "gocheck-home-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "USERPROFILE"} {
		os.Setenv(name, home)
	}
	return home, nil
}
