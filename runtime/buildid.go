package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/zeebo/xxh3"
)

// buildID returns what tells this program from others: the id that the linker gave
// it, or, where there is none to be found, a hash of the file.
var buildID = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return ""
	}
	if id, ok := noteID(head[:n]); ok {
		return id
	}
	h := xxh3.New()
	h.Write(head[:n])
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return fmt.Sprintf("%x", h.Sum128().Bytes())
})

// noteID finds the build id at the beginning of a program: in a note of ELF files, in
// other formats between texts of its own (cmd/internal/buildid).
func noteID(head []byte) (string, bool) {
	const before, after = "\xff Go build ID: \"", "\"\n \xff"
	if i := bytes.Index(head, []byte(before)); i >= 0 {
		rest := head[i+len(before):]
		if j := bytes.Index(rest, []byte(after)); j > 0 {
			return string(rest[:j]), true
		}
	}
	i := bytes.Index(head, []byte("\x04\x00\x00\x00Go\x00\x00")) // the type of the note, and who it is of
	if i < 8 {
		return "", false
	}
	size := binary.LittleEndian.Uint32(head[i-4:])
	id := head[i+8:]
	if binary.LittleEndian.Uint32(head[i-8:]) != 4 || size == 0 || uint64(size) > uint64(len(id)) {
		return "", false
	}
	return string(id[:size]), true
}
