package main

import (
	"cmp"
	"fmt"
	"go/version"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	query "querygen.dev/runtime"
)

// A Module is a directory tree that packages are looked for in.
type Module struct {
	Path, Version string
	Dir           string
	GoVersion     string // of the language, such as "go1.26"; "" if only its own go.mod says it
	Local         bool   // its files may be edited: they are not in the module cache
	Main          bool
	Ignore        []string // directories that patterns pass by, absolute
}

// modules is the build list: the main modules and those they require, longest
// path first, so that the first one that has a package is the one that
// provides it.
//
// A go.mod of Go 1.17 or later names every module that its packages need, so
// nothing has to be read but that file. That keeps the list a pure function of
// files, where asking the go command would be a fact about the world again.
//
//query:pure
func modules(cx *query.Context) ([]Module, error) {
	env, err := Environment(cx)
	if err != nil {
		return nil, err
	}
	mains, replace, err := mainModules(cx, env)
	if err != nil {
		return nil, err
	}
	list := make([]Module, 0, len(mains))
	versions := map[string]string{}
	for _, m := range mains {
		list = append(list, m.Module)
		raise(versions, m.requires)
		versions[m.Path] = ""
		if m.early {
			err = cmp.Or(err, requireMore(cx, env, replace, versions))
		}
	}
	if err != nil {
		return nil, err
	}
	if vendored(cx, env, mains) {
		deps, err := vendorModules(cx, filepath.Dir(env.GoMod))
		list = append(list, deps...)
		return longestFirst(list), err
	}
	for path, v := range versions {
		if v != "" {
			list = append(list, replace.module(env, module.Version{Path: path, Version: v}))
		}
	}
	return longestFirst(list), nil
}

func longestFirst(list []Module) []Module {
	slices.SortFunc(list, func(a, b Module) int {
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// A mainModule is one whose go.mod has the say about others.
type mainModule struct {
	Module
	requires []module.Version
	early    bool // before Go 1.17: go.mod does not name indirect requirements
	vendors  bool // Go 1.14 or later: a vendor directory is used if it is there
}

// mainModules reads the go.mod of the main module, or those of the workspace.
func mainModules(cx *query.Context, env Env) ([]mainModule, replacements, error) {
	replace := replacements{}
	if env.GoWork == "" {
		if env.GoMod == "" {
			return nil, replace, nil
		}
		m, err := readMain(cx, env.GoMod, replace)
		return []mainModule{m}, replace, err
	}
	data, err := Content(cx, env.GoWork)
	if err != nil {
		return nil, nil, err
	}
	work, err := modfile.ParseWork(env.GoWork, data, nil)
	if err != nil {
		return nil, nil, err
	}
	var mains []mainModule
	for _, use := range work.Use {
		m, err := readMain(cx, filepath.Join(inDir(filepath.Dir(env.GoWork), use.Path), "go.mod"), replace)
		if err != nil {
			return nil, nil, err
		}
		mains = append(mains, m)
	}
	replace.add(filepath.Dir(env.GoWork), work.Replace) // last: the workspace overrides
	return mains, replace, nil
}

// readMain reads one go.mod, and adds what it replaces.
func readMain(cx *query.Context, path string, replace replacements) (mainModule, error) {
	data, err := Content(cx, path)
	if err != nil {
		return mainModule{}, err
	}
	file, err := modfile.Parse(path, data, nil)
	if err != nil {
		return mainModule{}, err
	}
	if file.Module == nil {
		return mainModule{}, fmt.Errorf("%s: no module declaration", path)
	}
	dir := filepath.Dir(path)
	lang := languageVersion(file)
	m := mainModule{
		Module:  Module{Path: file.Module.Mod.Path, Dir: dir, GoVersion: lang, Local: true, Main: true},
		early:   version.Compare(lang, "go1.17") < 0,
		vendors: version.Compare(lang, "go1.14") >= 0,

		requires: requirements(file),
	}
	for _, i := range file.Ignore {
		m.Ignore = append(m.Ignore, filepath.Join(dir, filepath.FromSlash(i.Path)))
	}
	replace.add(dir, file.Replace)
	return m, nil
}

// languageVersion is what a go.mod says, or means by not saying it.
func languageVersion(file *modfile.File) string {
	if file.Go == nil {
		return "go1.16"
	}
	return version.Lang("go" + file.Go.Version)
}

// replacements are keyed by what they replace; the version may be "".
type replacements map[module.Version]module.Version

func (r replacements) add(dir string, list []*modfile.Replace) {
	for _, l := range list {
		to := l.New
		if to.Version == "" {
			to.Path = inDir(dir, to.Path)
		}
		r[l.Old] = to
	}
}

// of is what stands for a module. With no version, its path is a directory.
func (r replacements) of(v module.Version) module.Version {
	if to, ok := r[v]; ok {
		return to
	}
	if to, ok := r[module.Version{Path: v.Path}]; ok {
		return to
	}
	return v
}

// module finds the place of a required module.
func (r replacements) module(env Env, v module.Version) Module {
	m := Module{Path: v.Path, Version: v.Version}
	to := r.of(v)
	if to.Version == "" {
		m.Dir, m.Local = to.Path, true
	} else if path, ver, err := escape(to); err == nil {
		m.Dir = filepath.Join(env.ModCache, path+"@"+ver)
	}
	return m
}

// goMod is the file that says what a required module requires.
func (r replacements) goMod(env Env, v module.Version) (string, error) {
	to := r.of(v)
	if to.Version == "" {
		return filepath.Join(to.Path, "go.mod"), nil
	}
	path, ver, err := escape(to)
	return filepath.Join(env.ModCache, "cache", "download", path, "@v", ver+".mod"), err
}

// escape is how the module cache spells a module.
func escape(v module.Version) (path, ver string, err error) {
	path, err1 := module.EscapePath(v.Path)
	ver, err2 := module.EscapeVersion(v.Version)
	return filepath.FromSlash(path), ver, cmp.Or(err1, err2)
}

// inDir is path, which dir's file names, as an absolute one.
func inDir(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// raise notes requirements. The highest version wins; "" stays, it is a main
// module.
func raise(versions map[string]string, requires []module.Version) (raised []module.Version) {
	for _, r := range requires {
		if have, ok := versions[r.Path]; ok && (have == "" || semver.Compare(have, r.Version) >= 0) {
			continue
		}
		versions[r.Path] = r.Version
		raised = append(raised, r)
	}
	return raised
}

// requireMore follows the requirements of required modules, which a go.mod of
// before Go 1.17 leaves out (minimal version selection, by research.swtch.com/vgo-mvs).
func requireMore(cx *query.Context, env Env, replace replacements, versions map[string]string) error {
	var todo []module.Version
	for path, v := range versions {
		if v != "" {
			todo = append(todo, module.Version{Path: path, Version: v})
		}
	}
	module.Sort(todo)
	for len(todo) > 0 {
		more, err := query.Map(cx, todo, func(cx *query.Context, v module.Version) ([]module.Version, error) {
			file, err := replace.goMod(env, v)
			if err != nil {
				return nil, err
			}
			data, err := Content(cx, file)
			if err != nil {
				return nil, nil // not downloaded: none of its packages was ever built
			}
			mod, err := modfile.ParseLax(file, data, nil)
			if err != nil {
				return nil, err
			}
			return requirements(mod), nil
		})
		if err != nil {
			return err
		}
		todo = raise(versions, slices.Concat(more...))
	}
	return nil
}

func requirements(file *modfile.File) []module.Version {
	var list []module.Version
	for _, r := range file.Require {
		list = append(list, r.Mod)
	}
	return list
}

// vendored reports whether dependencies are to come out of the main module's
// vendor directory.
func vendored(cx *query.Context, env Env, mains []mainModule) bool {
	if len(mains) != 1 || env.GoWork != "" || env.ModFlag == "mod" || env.ModFlag == "readonly" {
		return false
	}
	return (env.ModFlag == "vendor" || mains[0].vendors) && hasFile(cx, filepath.Join(mains[0].Dir, "vendor"), "modules.txt")
}

// vendorModules reads the list that go mod vendor leaves.
func vendorModules(cx *query.Context, root string) ([]Module, error) {
	data, err := Content(cx, filepath.Join(root, "vendor", "modules.txt"))
	if err != nil {
		return nil, err
	}
	var list []Module
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 2 && fields[0] == "#":
			m := Module{Path: fields[1], GoVersion: "go1.16", Local: true}
			if len(fields) > 2 && fields[2] != "=>" {
				m.Version = fields[2]
			}
			m.Dir = filepath.Join(root, "vendor", filepath.FromSlash(m.Path))
			list = append(list, m)
		case len(fields) >= 2 && fields[0] == "##" && len(list) > 0:
			if _, v, ok := strings.Cut(line, "; go "); ok {
				list[len(list)-1].GoVersion = version.Lang("go" + strings.TrimSpace(v))
			}
		}
	}
	return list, nil
}

// moduleLanguage is the language version that a required module asks for.
//
//query:pure
func moduleLanguage(cx *query.Context, dir string) (string, error) {
	path := filepath.Join(dir, "go.mod")
	if !hasFile(cx, dir, "go.mod") {
		return "go1.16", nil
	}
	data, err := Content(cx, path)
	if err != nil {
		return "", err
	}
	file, err := modfile.ParseLax(path, data, nil)
	if err != nil {
		return "", err
	}
	return languageVersion(file), nil
}
