package merge

import (
	"slices"
	"strings"
)

// Lines merges what changed from base to target into user, line by line. Edits
// that touch or overlap conflict, unless they are equal. A line is its bytes
// with its ending, so a change of line endings is an edit, and a missing final
// newline stays missing.
//
// Lines never merges what git merge-file calls a conflict, and where both are
// clean they give the same bytes. It calls a few more merges a conflict,
// because it trusts a line to be unchanged only if every shortest diff does.
func Lines(base, user, target []byte, l Labels) Result {
	chunks := chunksOf(splitLines(base), splitLines(user), splitLines(target))
	return assemble(chunks, l, newlineOf(user, target))
}

func splitLines(data []byte) []string {
	return slices.Collect(strings.Lines(string(data)))
}

// newlineOf returns the line ending for conflict markers: the user's.
func newlineOf(user, target []byte) string {
	if len(user) == 0 {
		user = target
	}
	return source{text: string(user)}.newline()
}
