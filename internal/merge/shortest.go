package merge

// maxEdits bounds the search. It counts lines that both files hold and that
// are out of place. Two files that differ by more are not aligned at all: at
// that size git settles for an alignment that need not be a shortest one.
const maxEdits = 512

// search finds the shortest alignments of two files with Myers' greedy
// algorithm. A point (x, y) stands for x lines of a and y lines of b gone
// through, and lies on the diagonal x-y.
type search struct {
	a, b []int
	// reach[d] holds the furthest x that d edits reach on each of the
	// diagonals -d, -d+2, … d, or -1 where they reach none.
	reach [][]int
}

// run fills s.reach until it gets to the end of both files, and reports whether
// maxEdits were enough for that.
func (s *search) run() bool {
	for d := range maxEdits + 1 {
		s.reach = append(s.reach, make([]int, d+1))
		for k := -d; k <= d; k += 2 {
			x := s.furthest(d, k)
			s.reach[d][(k+d)/2] = x
			if x == len(s.a) && x-k == len(s.b) {
				return true
			}
		}
	}
	return false
}

// furthest returns the furthest x that d edits reach on diagonal k, from what
// d-1 edits reach.
func (s *search) furthest(d, k int) int {
	if k < -len(s.b) || k > len(s.a) {
		return -1
	}
	x := 0
	if d > 0 {
		x = max(s.reached(d-1, k-1)+1, s.reached(d-1, k+1))
	}
	x = min(x, len(s.a), len(s.b)+k)
	if x < 0 || x < k {
		return -1
	}
	return x + commonPrefix(s.a[x:], s.b[x-k:])
}

// reached returns the entry of s.reach for d edits on diagonal k.
func (s *search) reached(d, k int) int {
	if d < 0 || k < -d || k > d {
		return -1
	}
	return s.reach[d][(k+d)/2]
}

// The two outermost shortest alignments. All others lie between them, so a
// match that these two share is in every one.
const (
	lateDeletions  = true
	lateInsertions = false
)

// alignment returns an outermost alignment, as the line of b that each line of
// a matches, or -1. It walks back from the end, where a step that matches is
// never worse than one that edits.
func (s *search) alignment(deletionsLate bool) []int {
	matched := make([]int, len(s.a))
	for i := range matched {
		matched[i] = -1
	}
	x, y, d := len(s.a), len(s.b), len(s.reach)-1
	for x > 0 || y > 0 {
		k := x - y
		canDelete := x > 0 && s.reached(d-1, k-1) >= x-1
		canInsert := y > 0 && s.reached(d-1, k+1) >= x
		canMatch := x > 0 && y > 0 && s.a[x-1] == s.b[y-1]
		switch {
		case canDelete && (deletionsLate || !canMatch && !canInsert):
			x, d = x-1, d-1
		case canInsert && (!deletionsLate || !canMatch):
			y, d = y-1, d-1
		default:
			x, y = x-1, y-1
			matched[x] = y
		}
	}
	return matched
}
