// Package spelling finds the word that a slip of the keyboard was meant to be.
package spelling

import "strings"

// Nearest returns the first of words with the fewest edits to typed, two at most
// and in whatever case, or "".
func Nearest(typed string, words []string) string {
	best, bestDistance := "", 3
	for _, word := range words {
		if d := Distance(strings.ToLower(typed), word); d < bestDistance {
			best, bestDistance = word, d
		}
	}
	return best
}

// Distance returns how many bytes have to be put in, taken out or changed to
// make a into b.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, change)
		}
	}
	return row[len(b)]
}
