package merge

// anchors returns, for each line of a, the index of the line of b that it
// certainly is, or -1. Lines are numbers below distinct.
//
// Most files can be aligned in several ways that are all as short, and which
// one a diff shows is its author's choice. A merge must not depend on that: two
// edits that are apart in one alignment overlap in another. So a line is an
// anchor only if every shortest alignment matches it with the same line, and
// all between two anchors counts as changed.
//
// A diff library gives one alignment, and stops looking for a shortest one
// after some hundred edits. Hence a search of our own.
func anchors(a, b []int, distinct int) []int {
	keptA, keptB := alignable(a, b, distinct), alignable(b, a, distinct)
	s := search{a: pick(a, keptA), b: pick(b, keptB)}
	matched := make([]int, len(a))
	for i := range matched {
		matched[i] = -1
	}
	if s.run() {
		late := s.alignment(lateDeletions)
		for i, j := range s.alignment(lateInsertions) {
			if j >= 0 && late[i] == j {
				matched[keptA[i]] = keptB[j]
			}
		}
	}
	settle(matched, a, b)
	return matched
}

// pick returns the elements of lines at the given indices.
func pick(lines, indices []int) []int {
	picked := make([]int, len(indices))
	for n, i := range indices {
		picked[n] = lines[i]
	}
	return picked
}

// settle matches what both sides of a gap between anchors start with. An edit
// that could stand in several places, such as a new function, whose closing
// brace could also be the one above it, stands in the last of them, as in git.
// So no edit stands before lines that are equal: it would have slid past them,
// and two edits there would not be a shortest alignment.
func settle(matched, a, b []int) {
	i, j := 0, 0 // all before is settled
	for i < len(a) {
		if matched[i] == j {
			i, j = i+1, j+1
			continue
		}
		end, endB := i, len(b)
		for end < len(a) && matched[end] < 0 {
			end++
		}
		if end < len(a) {
			endB = matched[end]
		}
		for k := range commonPrefix(a[i:end], b[j:endB]) {
			matched[i+k] = j + k
		}
		i, j = end, endB
	}
}
