package runtime

import (
	"crypto/rand"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// image says what the results of q depend on.
func (q *Query[K, V]) image() imageQuery {
	d := &q.def
	key, value := q.schemas()
	return imageQuery{
		Name: d.Name, Key: key, Value: value, Code: d.Code, Version: d.Version,
		Options: fmt.Sprint(d.Kind, d.Params, d.Results, d.Fails, d.EqNever, d.Identity, d.NoPersist, q.rescue),
	}
}

// queriesOf returns the queries of a kind.
func queriesOf(kind Kind) []*query {
	registry.RLock()
	defer registry.RUnlock()
	var list []*query
	for _, q := range registry.list {
		if q.def.Kind == kind && !q.hidden {
			list = append(list, q)
		}
	}
	return list
}

// numberAll gives each query that has a table a number; under mu.
func (d *disk) numberAll() {
	for _, k := range *d.db.tables.Load() {
		if k == nil || !k.persists() {
			continue
		}
		name := k.query().def.Name
		if _, ok := d.number[name]; !ok {
			d.number[name] = len(d.numbers)
			d.numbers = append(d.numbers, name)
		}
	}
}

// program tells this program from others. One that can't be told is like no other.
var program = sync.OnceValue(func() string {
	if id := buildID(); id != "" {
		return id
	}
	return "unknown " + rand.Text()
})

// environment is what all results depend on: the version of Go, the system, how the
// program was built, and of which modules. The engine itself is none of them: what it
// writes has a version of its own.
var environment = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "build " + program()
	}
	lines := []string{info.GoVersion}
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "GO") || strings.HasPrefix(s.Key, "CGO_") || slices.Contains(settings, s.Key) {
			lines = append(lines, s.Key+"="+s.Value)
		}
	}
	for _, m := range info.Deps {
		if m.Path == engineModule && sumOf(m) == "" {
			continue // see trust
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Sum == "" { // its sources may be any
			lines = append(lines, "build "+program())
		}
		lines = append(lines, m.Path+" "+m.Version+" "+m.Sum)
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
})

// settings are flags that what a program does may depend on. The linker can set variables.
var settings = []string{"-tags", "-race", "-msan", "-asan", "-ldflags", "-compiler", "DefaultGODEBUG"}
