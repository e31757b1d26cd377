package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	query "querygen.dev/runtime"
)

// A TargetList is what the patterns stand for.
type TargetList struct {
	Packages []string // canonical import paths, sorted
	Dirs     []string // the directories that were searched: where a new package could appear
	Problems []string // of patterns that name one package, which is not there
	Unused   []string // patterns with "..." that match nothing
}

// targets expands the patterns.
//
//query:pure
func targets(cx *query.Context) (TargetList, error) {
	env, err := Environment(cx)
	if err != nil {
		return TargetList{}, err
	}
	var list TargetList
	for _, p := range Patterns(cx) {
		if err := list.expand(cx, env, p); err != nil {
			return TargetList{}, err
		}
	}
	for _, l := range []*[]string{&list.Packages, &list.Dirs} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	return list, nil
}

// expand adds what one pattern stands for.
func (l *TargetList) expand(cx *query.Context, env Env, pattern string) error {
	local := pattern == "." || pattern == ".." || strings.HasPrefix(pattern, "./") ||
		strings.HasPrefix(pattern, "../") || filepath.IsAbs(pattern)
	wild := pattern == "std" || strings.Contains(pattern, "...")
	switch {
	case local:
		return l.expandDir(cx, env, pattern, wild)
	case wild:
		return l.expandPath(cx, env, pattern)
	}
	pattern = path.Clean(pattern)
	loc, err := Locate(cx, pattern)
	if err != nil {
		l.Problems = append(l.Problems, err.Error())
		return nil
	}
	l.add(cx, pattern, loc.Dir)
	return nil
}

// add adds a package that was asked for by its name or place. What is wrong
// with its files is reported with the mistakes of others; that there are none
// is a mistake of whoever asked.
func (l *TargetList) add(cx *query.Context, importPath, dir string) {
	l.Dirs = append(l.Dirs, dir)
	_, err := DirList(cx, dir)
	if err == nil {
		_, err = PackageName(cx, dir)
		var none *NoSourcesError
		if !errors.As(err, &none) {
			err = nil
		}
	}
	if err != nil {
		l.Problems = append(l.Problems, err.Error())
		return
	}
	l.Packages = append(l.Packages, importPath)
}

// expandDir adds the package of a directory, or those below it.
func (l *TargetList) expandDir(cx *query.Context, env Env, pattern string, wild bool) error {
	from, err := WorkDir(cx)
	if err != nil {
		return err
	}
	dir := inDir(from, pattern)
	root := dir
	if wild {
		before, _, _ := strings.Cut(dir, "...")
		root = filepath.Dir(before + "x") // the directory that the first "..." stands in
	}
	importPath, err := pathOf(cx, env, root)
	switch {
	case err != nil:
		// Nothing below root is in a module either, and that may be all of the disk.
		l.Problems = append(l.Problems, "pattern "+pattern+": "+err.Error())
		return nil
	case !wild:
		l.add(cx, importPath, dir)
		return nil
	}
	match := wildcard(filepath.ToSlash(dir))
	n := len(l.Packages) + len(l.Problems)
	err = l.search(cx, root, func(d string) (string, bool) {
		if !match(filepath.ToSlash(d)) {
			return "", false
		}
		importPath, err := pathOf(cx, env, d)
		return importPath, err == nil
	})
	if len(l.Packages)+len(l.Problems) == n {
		l.Unused = append(l.Unused, pattern)
	}
	return err
}

// expandPath adds the packages whose import path matches, of the standard
// library or of the build list.
func (l *TargetList) expandPath(cx *query.Context, env Env, pattern string) error {
	n := len(l.Packages)
	if isStdPath(pattern) {
		match := wildcard(pattern)
		err := l.search(cx, env.std(), func(d string) (string, bool) {
			importPath := below(env.std(), d)
			return importPath, importPath != "" && !noPackage[importPath] && (pattern == "std" || match(importPath))
		})
		if err != nil {
			return err
		}
	}
	if pattern != "std" {
		if err := l.expandModules(cx, pattern); err != nil {
			return err
		}
	}
	if len(l.Packages) == n {
		l.Unused = append(l.Unused, pattern)
	}
	return nil
}

// expandModules adds packages of the modules that can have matching ones.
func (l *TargetList) expandModules(cx *query.Context, pattern string) error {
	list, err := Modules(cx)
	if err != nil {
		return err
	}
	match := wildcard(pattern)
	literal, _, _ := strings.Cut(pattern, "...")
	for _, m := range list {
		if !strings.HasPrefix(m.Path, literal) && !strings.HasPrefix(literal, m.Path) {
			continue
		}
		if _, err := DirList(cx, m.Dir); err != nil {
			continue // not downloaded
		}
		err := l.search(cx, m.Dir, func(d string) (string, bool) {
			importPath := path.Join(m.Path, below(m.Dir, d))
			return importPath, match(importPath)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// noPackage are directories of the standard library that patterns pass by:
// documentation, and what is of use to cgo only.
var noPackage = map[string]bool{"builtin": true, "runtime/cgo": true}

// search goes through the tree below root and adds the packages that accept
// names. Directories that hold none for this platform are passed over.
func (l *TargetList) search(cx *query.Context, root string, accept func(dir string) (importPath string, ok bool)) error {
	dirs, err := Subtree(cx, root)
	if err != nil {
		l.Problems = append(l.Problems, err.Error())
		return nil
	}
	ignored, err := ignoredDirs(cx)
	if err != nil {
		return err
	}
	l.Dirs = append(l.Dirs, dirs...)
	found, err := query.Map(cx, dirs, func(cx *query.Context, dir string) (string, error) {
		importPath, ok := accept(dir)
		if !ok || slices.ContainsFunc(ignored, func(i string) bool { return inside(dir, i) }) {
			return "", nil
		}
		if !isPackage(cx, dir) {
			return "", nil
		}
		return importPath, nil
	})
	for _, importPath := range found {
		if importPath != "" {
			l.Packages = append(l.Packages, importPath)
		}
	}
	return err
}

// isPackage reports whether a directory has files for this platform. One whose
// files cannot be read does: that is reported with the mistakes of others.
func isPackage(cx *query.Context, dir string) bool {
	if _, err := DirList(cx, dir); errors.Is(err, fs.ErrNotExist) {
		return false // it vanished since its parent was listed
	}
	_, err := PackageName(cx, dir)
	var none *NoSourcesError
	return !errors.As(err, &none)
}

func ignoredDirs(cx *query.Context) ([]string, error) {
	list, err := Modules(cx)
	var dirs []string
	for _, m := range list {
		dirs = append(dirs, m.Ignore...)
	}
	return dirs, err
}

// subtree lists the directories that a pattern with "..." looks into: dir and
// those below it, but for hidden ones, testdata, and other modules.
//
//query:pure
func subtree(cx *query.Context, dir string) ([]string, error) {
	entries, err := DirList(cx, dir)
	if err != nil {
		return nil, err
	}
	env, err := Environment(cx)
	if err != nil {
		return nil, err
	}
	if filepath.Base(dir) == "vendor" && !inside(dir, env.std()) {
		return []string{dir}, nil // copies of other modules
	}
	var children []string
	for _, e := range entries {
		child := filepath.Join(dir, e.Name)
		switch {
		case !e.Dir, strings.HasPrefix(e.Name, "."), strings.HasPrefix(e.Name, "_"), e.Name == "testdata":
		case hasFile(cx, child, "go.mod"):
		default:
			children = append(children, child)
		}
	}
	below, err := query.Map(cx, children, func(cx *query.Context, child string) ([]string, error) {
		dirs, err := Subtree(cx, child)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it vanished since its parent was listed
		}
		return dirs, err
	})
	return append([]string{dir}, slices.Concat(below...)...), err
}

// pathOf is the import path of the package in a directory of a main module, of
// a module on this machine, or of the standard library.
func pathOf(cx *query.Context, env Env, dir string) (string, error) {
	if inside(dir, env.std()) && !inside(dir, filepath.Join(env.std(), "cmd")) {
		return below(env.std(), dir), nil
	}
	list, err := Modules(cx)
	if err != nil {
		return "", err
	}
	var best Module
	for _, m := range list {
		if inside(dir, m.Dir) && len(m.Dir) > len(best.Dir) {
			best = m
		}
	}
	if best.Dir == "" || nested(cx, best.Dir, dir) {
		return "", fmt.Errorf("directory %s is outside the main module and its dependencies", dir)
	}
	return path.Join(best.Path, below(best.Dir, dir)), nil
}

// below is dir relative to root, with slashes; "" for root itself.
func below(root, dir string) string {
	rel, err := filepath.Rel(root, dir)
	if err != nil || rel == "." {
		return ""
	}
	return filepath.ToSlash(rel)
}

// wildcard compiles a pattern: "..." stands for any string, and a final "/..."
// also for nothing.
func wildcard(pattern string) func(string) bool {
	expr := regexp.QuoteMeta(pattern)
	expr = strings.ReplaceAll(expr, `\.\.\.`, `.*`)
	if short, ok := strings.CutSuffix(expr, `/.*`); ok {
		expr = short + `(/.*)?`
	}
	return regexp.MustCompile(`^` + expr + `$`).MatchString
}
