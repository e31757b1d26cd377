package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts want")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"querygen": func() {
			main()
		},
	})
}

// TestScripts runs the scripts of testdata: each a session of a user who calls
// querygen in a module of his own.
func TestScripts(t *testing.T) {
	vars := goEnv(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Cmds:          scriptCommands,
		Setup: func(env *testscript.Env) error {
			for _, v := range vars {
				env.Setenv(v[0], v[1])
			}
			return writeModule(env.WorkDir)
		},
	})
}

// goEnv returns what the go command needs to find its caches in a script, where
// the home directory is another one.
func goEnv(t *testing.T) [][2]string {
	vars := [][2]string{{"GOWORK", "off"}, {"GOFLAGS", ""}, {"GOPROXY", "off"}}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		vars = append(vars, [2]string{name, goVar(t, name)})
	}
	return vars
}

// goVar returns a variable of the go command's environment.
func goVar(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

var requirement = regexp.MustCompile(`(?s)require \(.*?\n\)`)

// writeModule makes dir/go.mod and go.sum of a module that requires this one.
func writeModule(dir string) error {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		return err
	}
	text := fmt.Sprintf("module example.com/m\n\ngo 1.26.0\n\nrequire querygen.dev v0.0.0\n\nreplace querygen.dev => %s\n\n%s\n",
		checkout, strings.Join(requirement.FindAllString(string(mod), -1), "\n"))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666); err != nil {
		return err
	}
	sum, err := os.ReadFile("../../go.sum")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666)
}
