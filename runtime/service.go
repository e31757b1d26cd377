package runtime

import (
	"fmt"

	"querygen.dev/runtime/codec"
)

// A Service is something that queries use and that is neither a key nor a value:
// an HTTP client, a logger, a connection. Each database is given its own when it
// is made, for life. A query's outcome must not depend on which one it is, only
// on its version: what differs in what it would answer must differ in version.
//
//	var HTTP = query.NewService[*http.Client]("rates.HTTP")
//
//	db := query.New(query.Options{Services: []query.Provision{HTTP.Provide(client, "1")}})
//
//	// in a query
//	resp, err := HTTP.Of(cx).Get(url)
type Service[T any] struct {
	name    string
	version *Query[struct{}, string]
}

// A Provision is a service for one database, for [Options].
type Provision struct {
	name    string
	value   any
	version string
	install func(db *DB)
}

// NewService declares a service. The name is unique in the program and the same
// in each process. It is called while packages are initialized.
func NewService[T any](name string) *Service[T] {
	version := Define[struct{}, string](Definition{Name: name, Kind: KindPure})
	version.PersistValue(codec.Type[string]{
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string], Equal: codec.EqualPlain[string], Schema: "string",
	})
	return &Service[T]{name: name, version: version}
}

// Provide says what the service is in a database. The version stands for all
// that an outcome may depend on; it is compared with the one that earlier
// results were made with.
func (s *Service[T]) Provide(v T, version string) Provision {
	return Provision{name: s.name, value: v, version: version, install: func(db *DB) {
		db.mu.Lock()
		defer db.mu.Unlock()
		t := db.tableOf(&s.version.query).(*table[struct{}, string])
		c := t.findLocked(struct{}{})
		old := db.g.Stamp(c.id)
		now := &outcome[string]{value: version, stamp: old}
		if !t.sameOutcome(c.out.Load(), now) {
			now.stamp = db.g.NewStamp(c.id)
			db.entered(c.id)
		}
		c.out.Store(now)
		db.g.Assign(c.id, old)
	}}
}

// Of returns the service of the database that cx belongs to. For a query it is a
// read of the version. It panics if the database was not given the service.
func (s *Service[T]) Of(cx *Context) T {
	p, ok := cx.db.services[s.name]
	if !ok {
		panic(fmt.Sprintf("querygen: service %s was not provided: put its Provide into Options.Services", s.name))
	}
	if cx.req != nil {
		s.version.Value(cx, struct{}{})
	}
	v, _ := p.value.(T) // a nil interface is a T as well
	return v
}

// provide installs the services of a new database.
func (db *DB) provide(list []Provision) {
	db.services = map[string]Provision{}
	for _, p := range list {
		if _, twice := db.services[p.name]; twice {
			panic(fmt.Sprintf("querygen: service %s is provided twice", p.name))
		}
		db.services[p.name] = p
		p.install(db)
	}
}
