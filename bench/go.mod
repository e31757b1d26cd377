module querygen.dev/bench

go 1.26.0

tool querygen.dev/cmd/querygen

require (
	github.com/vmihailenco/msgpack/v5 v5.4.1
	github.com/wcharczuk/go-incr v1.4.13
	golang.org/x/sync v0.24.0
	querygen.dev v0.0.0
)

require (
	github.com/dave/jennifer v1.7.1 // indirect
	github.com/gofrs/flock v0.13.1 // indirect
	github.com/klauspost/cpuid/v2 v2.2.10 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace querygen.dev => ../
