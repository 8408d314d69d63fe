package merge

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSearch compares the two outermost alignments with all there are.
func TestSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		file := func() []int {
			lines := make([]int, r.IntN(8))
			for i := range lines {
				lines[i] = r.IntN(3)
			}
			return lines
		}
		a, b := file(), file()
		all := shortest(a, b)
		s := search{a: a, b: b}
		if !s.run() {
			t.Fatalf("run(%v, %v) gave up", a, b)
		}
		early, late := s.alignment(lateInsertions), s.alignment(lateDeletions)
		for i := range a {
			certain := all[0][i]
			for _, other := range all {
				if other[i] != certain {
					certain = -1
				}
			}
			got := -1
			if early[i] == late[i] {
				got = early[i]
			}
			if got != certain {
				t.Fatalf("line %d of %v is line %d of %v, want %d, as in each of %v", i, a, got, b, certain, all)
			}
		}
	}
}

// shortest returns every alignment of a and b that matches the most lines.
func shortest(a, b []int) [][]int {
	var best [][]int
	most := -1
	var extend func(matched []int, from, n int)
	extend = func(matched []int, from, n int) {
		if len(matched) == len(a) {
			if n > most {
				best, most = nil, n
			}
			if n == most {
				best = append(best, slices.Clone(matched))
			}
			return
		}
		extend(append(matched, -1), from, n)
		for j := from; j < len(b); j++ {
			if b[j] == a[len(matched)] {
				extend(append(matched, j), j+1, n+1)
			}
		}
	}
	extend(make([]int, 0, len(a)), 0, 0)
	return best
}

func TestSearch_givesUp(t *testing.T) {
	var a, b []int
	for i := range maxEdits {
		a, b = append(a, i), append(b, maxEdits-i)
	}
	if s := (search{a: a, b: b}); s.run() {
		t.Errorf("run() aligned two files that differ by %d lines", len(s.reach)-1)
	}
	if m := anchors(a, b, maxEdits+1); slices.Max(m) >= 0 {
		t.Errorf("anchors() = %v, want none", m)
	}
}
