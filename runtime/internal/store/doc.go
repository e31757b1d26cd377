// Package store keeps the files of a persistent cache.
package store
