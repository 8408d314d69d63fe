package merge

import "math/bits"

const (
	// maxOften is the most often that a line need occur to count as frequent.
	maxOften = 1024
	// stretchReach is how many lines to each side are looked at to tell
	// whether a line stands in a rewritten stretch.
	stretchReach = 100
	// stretchShare is by how many times lines that are gone must outnumber
	// the frequent ones in a rewritten stretch.
	stretchShare = 3
)

// alignable returns the indices of the lines of a that may be matched with a
// line of b. The others are changed however the files are aligned: those that b
// lacks, and those that git does not look at.
//
// Git leaves out a line that occurs often in the other file, such as a closing
// brace, where it stands in a rewritten stretch: among lines that the other
// file mostly lacks. Such a match would be a coincidence, and would cut one
// edit in two. We must follow to the letter, or we would merge edits that git
// sees overlap.
func alignable(a, b []int, distinct int) []int {
	head := commonPrefix(a, b)
	tail := commonSuffix(a[head:], b[head:])
	middle := kindsOf(a[head:len(a)-tail], b, distinct, len(a))

	kept := make([]int, 0, len(a))
	for i := range a {
		if m := i - head; m < 0 || m >= len(middle) || !ignored(middle, m) {
			kept = append(kept, i)
		}
	}
	return kept
}

// kind says what the other file has of a line.
type kind byte

const (
	rare     kind = iota // some
	gone                 // none
	frequent             // many
)

// kindsOf returns the kind of each line, in a file of size lines, by how often
// it occurs in other.
func kindsOf(lines, other []int, distinct, size int) []kind {
	count := make([]int, distinct)
	for _, id := range other {
		count[id]++
	}
	// Often is the square root of the file's size, rounded to a power of two.
	often := min(1<<((bits.Len(uint(size))+1)/2), maxOften)
	kinds := make([]kind, len(lines))
	for i, id := range lines {
		switch n := count[id]; {
		case n == 0:
			kinds[i] = gone
		case n >= often:
			kinds[i] = frequent
		}
	}
	return kinds
}

// ignored reports whether the line at index i is left out of the alignment.
func ignored(kinds []kind, i int) bool {
	if kinds[i] != frequent {
		return kinds[i] == gone
	}
	goneBefore, frequentBefore := 0, 0
	for n := 1; n <= min(i, stretchReach) && kinds[i-n] != rare; n++ {
		if kinds[i-n] == gone {
			goneBefore++
		} else {
			frequentBefore++
		}
	}
	goneAfter, frequentAfter := 0, 0
	for n := 1; n <= min(len(kinds)-1-i, stretchReach) && kinds[i+n] != rare; n++ {
		if kinds[i+n] == gone {
			goneAfter++
		} else {
			frequentAfter++
		}
	}
	if goneBefore == 0 || goneAfter == 0 {
		return false
	}
	// The line itself counts once for each side.
	return goneBefore+goneAfter > stretchShare*(frequentBefore+frequentAfter+2)
}
