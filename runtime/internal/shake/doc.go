// Package shake lets tests meet schedules that are rare. With the build tag
// shake, a goroutine yields or sleeps now and then at each Point, and before and
// after it takes or leaves a Mutex; so what happens between two steps of the
// engine that are not one step gets a chance to happen. Without the tag there is
// nothing of it: Point is empty, and a Mutex is a [sync.Mutex].
//
//	go test -tags shake ./runtime -run Differential -diff.for 2m
package shake
