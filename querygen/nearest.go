package querygen

// nearest returns the candidate that a reader would take name for: at most two
// letters away, and less than half of the word.
func nearest(name string, candidates []string) (string, bool) {
	best, found := 3, ""
	for _, c := range candidates {
		if d := distance(name, c); d < best && 2*d < len(c) {
			best, found = d, c
		}
	}
	return found, found != ""
}

// distance is the number of letters to insert, delete, replace, or swap with
// their neighbour on the way from a to b (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1) // rows[i][j]: from a[:i] to b[:j]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			best := min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				best = min(best, rows[i-2][j-2]+1)
			}
			rows[i][j] = best
		}
	}
	return rows[len(a)][len(b)]
}
