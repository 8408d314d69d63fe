package merge

import (
	"slices"
	"strings"
)

// chunk is a stretch of the file as each side has it, and what becomes of it.
// Between two chunks all sides agree on where they are.
type chunk struct {
	base, user, target []string
	merged             []string // the lines to write, unless it is a conflict
	conflict           bool
	reason             string // see Conflict.Reason
}

// reasonAmbiguous explains the one conflict whose sides look the same.
const reasonAmbiguous = "both sides have the same lines here, but diffs can disagree on which of them are new; keep either side"

// chunksOf aligns the files and merges them chunk by chunk.
func chunksOf(base, user, target []string) []chunk {
	ids := make(map[string]int)
	b, u, t := number(base, ids), number(user, ids), number(target, ids)
	inUser := append(anchors(b, u, len(ids)), len(user))
	inTarget := append(anchors(b, t, len(ids)), len(target))
	shared := func(i int) bool { return i < len(base) && inUser[i] >= 0 && inTarget[i] >= 0 }

	var chunks []chunk
	var atBase, atUser, atTarget int // all before is in chunks
	for atBase <= len(base) {
		end := atBase
		for end < len(base) && !shared(end) {
			end++
		}
		changed := chunk{base: base[atBase:end], user: user[atUser:inUser[end]], target: target[atTarget:inTarget[end]]}
		if len(changed.base)+len(changed.user)+len(changed.target) > 0 {
			changed.merge()
			chunks = append(chunks, changed)
		}
		run := end
		for shared(run) && inUser[run]-inUser[end] == run-end && inTarget[run]-inTarget[end] == run-end {
			run++
		}
		if run == end {
			break // the end of the file
		}
		same := base[end:run]
		chunks = append(chunks, chunk{base: same, user: same, target: same, merged: same})
		atBase, atUser, atTarget = run, inUser[run-1]+1, inTarget[run-1]+1
	}
	return chunks
}

// number gives each distinct line a number, and returns those of lines.
func number(lines []string, ids map[string]int) []int {
	numbers := make([]int, len(lines))
	for i, l := range lines {
		id, known := ids[l]
		if !known {
			id = len(ids)
			ids[l] = id
		}
		numbers[i] = id
	}
	return numbers
}

// merge decides what becomes of c.
func (c *chunk) merge() {
	switch {
	case slices.Equal(c.user, c.base):
		c.merged = c.target
	case slices.Equal(c.target, c.base):
		c.merged = c.user
	case !slices.Equal(c.user, c.target):
		c.conflict = true
	case haveCommon(c.base, c.user):
		// Some line of base is still there, but alignments need not agree on
		// where. Aligned in two ways, equal edits are different ones, and git
		// can see them overlap.
		c.conflict, c.reason = true, reasonAmbiguous
	default:
		c.merged = c.user
	}
}

// haveCommon reports whether some line is in both a and b.
func haveCommon(a, b []string) bool {
	in := make(map[string]bool, len(a))
	for _, line := range a {
		in[line] = true
	}
	return slices.ContainsFunc(b, func(line string) bool { return in[line] })
}

// changed reports whether a side edited c.
func (c *chunk) changed() bool {
	return !slices.Equal(c.user, c.base) || !slices.Equal(c.target, c.base)
}

// joined returns chunks as one conflict.
func joined(chunks []chunk, reason string) chunk {
	whole := chunk{conflict: true, reason: reason}
	for _, c := range chunks {
		whole.base = append(whole.base, c.base...)
		whole.user = append(whole.user, c.user...)
		whole.target = append(whole.target, c.target...)
	}
	return whole
}

// assemble writes the chunks one after the other.
func assemble(chunks []chunk, l Labels, newline string) Result {
	var r Result
	line := 1
	write := func(lines ...string) {
		for _, text := range lines {
			r.Data = append(r.Data, text...)
			line += strings.Count(text, "\n")
		}
	}
	for _, c := range chunks {
		if !c.conflict {
			write(c.merged...)
			continue
		}
		head, tail := c.agreed()
		write(head...)
		conflict := Conflict{
			Line:   line,
			User:   strings.Join(c.user, ""),
			Base:   strings.Join(c.base, ""),
			Target: strings.Join(c.target, ""),
			Reason: c.reason,
		}
		write(conflict.marked(l, newline))
		r.Conflicts = append(r.Conflicts, conflict)
		write(tail...)
	}
	return r
}

// agreed takes the lines at the head and at the tail of a conflict that are the
// same on both sides out of it, and returns them. They need no markers.
func (c *chunk) agreed() (head, tail []string) {
	if slices.Equal(c.user, c.target) {
		return nil, nil // then the conflict is about something else
	}
	n := commonPrefix(c.user, c.target)
	head, c.user, c.target = c.user[:n], c.user[n:], c.target[n:]
	c.base = c.base[commonPrefix(c.base, head):]

	n = commonSuffix(c.user, c.target)
	tail, c.user, c.target = c.user[len(c.user)-n:], c.user[:len(c.user)-n], c.target[:len(c.target)-n]
	c.base = c.base[:len(c.base)-commonSuffix(c.base, tail)]
	return head, tail
}

// commonPrefix returns how many elements a and b start with in common.
func commonPrefix[T comparable](a, b []T) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// commonSuffix returns how many elements a and b end with in common.
func commonSuffix[T comparable](a, b []T) int {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}
