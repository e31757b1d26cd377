package querygen

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCodecs runs the cases of testdata/codec: what is generated is tested by
// the tests that each case brings along.
func TestCodecs(t *testing.T) {
	root := newModule(t)
	names, err := filepath.Glob("testdata/codec/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(id, func(t *testing.T) {
			c := newCase(t, name, filepath.Join(root, id))
			c.generate(t)
			c.check(t)
			if c.result.Failed() {
				return
			}
			cmd := exec.Command("go", "test", "./"+id+"/...")
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
