//go:build !linux && !darwin

package store

// remote knows nothing here: what is written is checked when it is read.
func remote(string) string { return "" }
