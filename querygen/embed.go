package querygen

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// embedded writes the files that a variable embeds: their names, which a
// program can ask for, and their content.
func (n *normalizer) embedded(d *unitDecl) {
	p := d.file.pack
	for _, pattern := range d.embedPatterns() {
		n.text("embed", pattern)
		for _, name := range embeddedFiles(p.pack.dir, pattern) {
			hashFile(n.h, p.rel(name), name)
		}
	}
}

// embeddedFiles lists the files of one pattern, as the go command does: of a
// directory all files below it, those with a dot or an underscore in front only
// if the pattern begins with all:.
func embeddedFiles(dir, pattern string) []string {
	pattern, all := strings.CutPrefix(pattern, "all:")
	var list []string
	matches, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	for _, root := range matches {
		filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil // hashed as missing by nobody: the build fails
			case name != root && !all && (e.Name()[0] == '.' || e.Name()[0] == '_'), e.IsDir() && name != root && hasModule(name):
				if e.IsDir() {
					return fs.SkipDir
				}
			case e.Type().IsRegular():
				list = append(list, name)
			}
			return nil
		})
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// hasModule tells whether a directory is the root of a module.
func hasModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
