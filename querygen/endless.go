package querygen

import (
	"errors"
	"go/types"
	"strings"
)

// An instantiation cycle, type G[T any] struct{ next *G[[]T] }, is an error of
// Go. Its type is made all the same, and who walks over it never comes to an
// end: so nobody gets to see the types of such a package.
var errEndless = errors.New("instantiation cycle")

// isEndless tells whether the type checker has found an instantiation cycle. It
// looks for them only if there is no other error.
func isEndless(err error) bool {
	e, ok := err.(types.Error)
	return ok && strings.HasPrefix(e.Msg, errEndless.Error())
}

// maxInstances is how many instances of one type may lie within each other.
const maxInstances = 12

// endlessType returns a generic type of the package that holds ever larger
// instances of itself, or nil.
func endlessType(pkg *types.Package) *types.TypeName {
	for _, name := range pkg.Scope().Names() {
		obj, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || obj.IsAlias() {
			continue
		}
		if n, ok := obj.Type().(*types.Named); ok && n.TypeParams() != nil {
			g := growth{make(map[string]bool), make(map[*types.TypeName]int)}
			if g.endless(n) {
				return obj
			}
		}
	}
	return nil
}

// A growth is a walk over the instances of generic types in a type.
type growth struct {
	seen map[string]bool
	path map[*types.TypeName]int // how many instances of each lie around
}

func (g *growth) endless(n *types.Named) bool {
	key, obj := typeKey(n), n.Origin().Obj()
	if g.seen[key] {
		return false
	}
	g.seen[key] = true
	if g.path[obj]++; g.path[obj] > maxInstances {
		return true
	}
	defer func() { g.path[obj]-- }()
	found := false
	walkType(n.Underlying(), func(t types.Type) bool {
		if inner, ok := t.(*types.Named); ok && inner.TypeArgs() != nil {
			found = found || g.endless(inner)
		}
		return !found
	})
	return found
}
