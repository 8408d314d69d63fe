package merge

import (
	"errors"
	"fmt"
	"go/scanner"
	"slices"
)

// checkGo returns the chunks of a merged Go file. If all are clean and yet do
// not make a file that is as sound as each side is, those at fault are joined
// to a conflict.
func checkGo(chunks []chunk, sides ...goSource) []chunk {
	lines, clean := mergedLines(chunks)
	if !clean {
		return chunks
	}
	merged, err := parseGo(lines)
	if err != nil {
		var all scanner.ErrorList
		if errors.As(err, &all) && len(all) > 0 {
			err = errors.New(all[0].Msg) // without its place, in a file that nobody sees
		}
		return joinEdits(chunks, 0, len(chunks)-1, fmt.Sprintf("both sides parse as Go, but not together: %v", err))
	}
	for i, d := range merged.decls {
		first := slices.IndexFunc(merged.decls[:i], func(o goDecl) bool { return o.name == d.name })
		if first < 0 || slices.ContainsFunc(sides, func(s goSource) bool { return s.count(d.name) > 1 }) {
			continue
		}
		from, to := chunkAt(chunks, merged.decls[first].from), chunkAt(chunks, d.to-1)
		return joinEdits(chunks, from, to, fmt.Sprintf("both sides declare %s", d.name))
	}
	return chunks
}

// mergedLines returns the lines of a merge, or false if it has conflicts.
func mergedLines(chunks []chunk) (lines []string, clean bool) {
	for _, c := range chunks {
		if c.conflict {
			return nil, false
		}
		lines = append(lines, c.merged...)
	}
	return lines, true
}

// chunkAt returns the index of the chunk that a merged line is in.
func chunkAt(chunks []chunk, line int) int {
	for i, c := range chunks {
		if line -= len(c.merged); line < 0 {
			return i
		}
	}
	return len(chunks) - 1
}

// joinEdits makes one conflict of the edits in chunks from first to last.
func joinEdits(chunks []chunk, first, last int, reason string) []chunk {
	for first < last && !chunks[first].changed() {
		first++
	}
	for first < last && !chunks[last].changed() {
		last--
	}
	return slices.Concat(chunks[:first], []chunk{joined(chunks[first:last+1], reason)}, chunks[last+1:])
}
