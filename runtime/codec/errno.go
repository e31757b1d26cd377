//go:build !plan9

package codec

import (
	goruntime "runtime"
	"syscall"
)

// The numbers of a system mean nothing on another one.
func init() {
	DefineError("syscall.Errno", Type[syscall.Errno]{
		Encode: EncodeUint[syscall.Errno],
		Decode: DecodeUint[syscall.Errno],
		Schema: goruntime.GOOS + "/" + goruntime.GOARCH,
	})
}
