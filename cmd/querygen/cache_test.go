package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are for the scripts about caches.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"each":           eachCacheCommand,
	"futuremanifest": futureManifest,
}

// eachCacheCommand says that every command of querygen cache ends with exit code 2 and
// this message: each DIR REGEXP.
func eachCacheCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: each DIR REGEXP")
	}
	want := regexp.MustCompile("(?m)^querygen: " + args[1])
	for name := range cacheTasks {
		if err := ts.Exec("querygen", "cache", name, args[0]); err == nil {
			ts.Fatalf("cache %s: no error", name)
		} else if err.Error() != "exit status 2" {
			ts.Fatalf("cache %s: %v, want exit status 2", name, err)
		}
		if got := ts.ReadFile("stderr"); !want.MatchString(got) || ts.ReadFile("stdout") != "" {
			ts.Fatalf("cache %s: %s%s\nwant %q", name, ts.ReadFile("stdout"), got, want)
		}
	}
}

// futureManifest writes the manifest of a later version of the format.
func futureManifest(ts *testscript.TestScript, neg bool, args []string) {
	b := bytes.NewBufferString("qgman\r\n\x1a")
	binary.Write(b, binary.LittleEndian, uint32(9))
	binary.Write(b, binary.NativeEndian, uint32(0x01020304))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o666))
}
