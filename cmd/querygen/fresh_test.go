package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// published is what the proxy of these tests calls the checkout.
var published = module.Version{Path: "querygen.dev", Version: "v0.1.0"}

// TestFresh runs the scripts of testdata/fresh, and the example of the README.
// Each begins in an empty directory outside the checkout and types what a new
// user would, as far as the answers and the runs.
//
// Nothing comes from the network, and the module cache is empty at the start:
// one proxy in the file system, $PUBLISHED, has this checkout as a zip, another,
// $DEPENDENCIES, has the modules below it. Only the build cache is not a new
// user's; -trimpath lets it serve although the module cache is at another place
// each time.
func TestFresh(t *testing.T) {
	proxy, dependencies, buildCache := t.TempDir(), downloads(t), goVar(t, "GOCACHE")
	archive, err := publish(proxy, filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob(filepath.Join("testdata", "fresh", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: append(scripts, readmeScript(t)),
		Setup: func(env *testscript.Env) error {
			for _, v := range [][2]string{
				{"PUBLISHED", fileURL(proxy)},
				{"DEPENDENCIES", fileURL(dependencies)},
				{"GOMODCACHE", filepath.Join(env.WorkDir, ".mod")},
				{"GOCACHE", buildCache},
				{"GOFLAGS", "-modcacherw -trimpath"}, // rw, so that it can be removed
				{"GOSUMDB", "off"},                   // it does not know the checkout
				{"GOTOOLCHAIN", "local"},
				{"GOENV", "off"},
			} {
				env.Setenv(v[0], v[1])
			}
			// A checkout as it would lie beside the user's module.
			return zip.Unzip(filepath.Join(env.WorkDir, "querygen"), published, archive)
		},
	})
}

// publish writes to dir what a module proxy serves for one version of one
// module, the checkout. It returns the path of the zip.
func publish(dir, checkout string) (archive string, err error) {
	dir = filepath.Join(dir, published.Path, "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"list":                      published.Version + "\n",
		published.Version + ".info": `{"Version": "` + published.Version + `"}`,
		published.Version + ".mod":  string(mod),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return "", err
		}
	}
	f, err := os.Create(filepath.Join(dir, published.Version+".zip"))
	if err != nil {
		return "", err
	}
	err = zip.CreateFromDir(f, published, checkout)
	return f.Name(), errors.Join(err, f.Close())
}

// downloads returns the directory in which the go command keeps what it
// downloads, once all dependencies of the checkout are there. It has the layout
// of a proxy.
func downloads(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("go", "mod", "download").CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	return filepath.Join(goVar(t, "GOMODCACHE"), "cache", "download")
}

// readmeScript makes a script of the example in the README: its program, the
// commands that build it with a checkout beside it, and what it prints.
func readmeScript(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## A complete example\n")
	section, _, _ = strings.Cut(section, "\n## ")
	block := func(language string) string {
		_, code, _ := strings.Cut(section, "\n```"+language+"\n")
		code, _, ok := strings.Cut(code, "```")
		if !ok {
			t.Fatalf("README.md: no %s block in the section A complete example", language)
		}
		return code
	}
	script := "env GOPROXY=$DEPENDENCIES,off\ncd words\n"
	for command := range strings.Lines(block("sh")) {
		script += "exec " + command
	}
	script += "cmp stdout ../want\n-- words/main.go --\n" + block("go") + "-- want --\n" + block("text")
	path := filepath.Join(t.TempDir(), "readme.txtar")
	if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func fileURL(path string) string {
	return "file:///" + strings.TrimPrefix(filepath.ToSlash(path), "/")
}
