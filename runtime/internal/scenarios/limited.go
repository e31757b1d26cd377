package scenarios

import query "querygen.dev/runtime"

// limited does what the test says, for at most three names at once.
//
//query:pure limit=3
func limited(cx *query.Context, w World, name string) (int, error) {
	return w.outside().code(name)(cx)
}

// factorial calls itself though it may run only once at a time.
//
//query:pure limit=1
func factorial(cx *query.Context, n int) int {
	if n == 0 {
		return 1
	}
	return n * Factorial(cx, n-1)
}
