package main

import (
	"bytes"
	"fmt"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/gcexportdata"
	query "querygen.dev/runtime"
)

// A universe is the packages that one package sees, decoded from the export
// data of its imports. It is made anew for each type-check and thrown away
// with it.
//
// Two imports may both describe a type of a third package. Within a universe
// these are one object: what is there already is not decoded again, and since
// all data is of one revision, the descriptions agree.
type universe struct {
	packages map[string]*types.Package // by canonical path; some of them only in part
	direct   map[string]string         // canonical paths by the spelling of an import
}

// newUniverse decodes the imports. One that has no API, because it does not
// type-check, is left out: the type checker takes it as empty, and does not
// complain about its uses.
func newUniverse(cx *query.Context, list []Import) (*universe, error) {
	u := &universe{packages: map[string]*types.Package{"unsafe": types.Unsafe}, direct: map[string]string{}}
	apis, _ := query.Map(cx, list, func(cx *query.Context, i Import) ([]byte, error) {
		if i.Path == "unsafe" {
			return nil, nil
		}
		data, err := ExportedAPI(cx, i.Path)
		if err != nil {
			return nil, nil
		}
		return data, nil
	})
	fset := token.NewFileSet() // stays empty: the data has no positions
	for i, data := range apis {
		path := list[i].Path
		if data != nil {
			if _, err := gcexportdata.Read(bytes.NewReader(data), fset, u.packages, path); err != nil {
				return nil, fmt.Errorf("reading export data of %s: %w", path, err)
			}
		}
		if data != nil || path == "unsafe" {
			u.direct[list[i].Spec] = path
		}
	}
	return u, nil
}

// Import implements types.Importer.
func (u *universe) Import(spec string) (*types.Package, error) {
	path, ok := u.direct[spec]
	if !ok {
		return nil, fmt.Errorf("package %s cannot be used", spec)
	}
	return u.packages[path], nil
}
