package merge

import (
	"maps"
	"slices"
)

// goFile merges Go source by lines, with three differences. The imports are
// merged as a set, and as the merged code needs them. Formatting alone is never
// a conflict, nor is the alignment that gofmt gives to neighbouring lines. And a merge that is clean by lines but is not Go, or declares a
// name twice, is one.
func goFile(base, user, target []byte, l Labels) Result {
	newline := newlineOf(user, target)
	merged, ok := mergeGo(splitLines(base), splitLines(user), splitLines(target))
	if !ok {
		return Lines(base, user, target, l)
	}
	r := assemble(merged, l, newline)
	if len(r.Conflicts) == 0 {
		return r
	}
	plain, ok := plainGo(base, user, target)
	if !ok {
		return r
	}
	if merged, ok = mergeGo(plain.base, plain.user, plain.target); ok {
		if p := plain.pretty(assemble(merged, l, newline)); p.disputed() < r.disputed() {
			return p
		}
	}
	return r
}

// disputed is how much text stands between conflict markers.
func (r Result) disputed() int {
	n := 0
	for _, c := range r.Conflicts {
		n += 1 + len(c.User) + len(c.Base) + len(c.Target)
	}
	return n
}

// mergeGo returns the merged chunks, or false if a side does not parse.
func mergeGo(base, user, target []string) (merged []chunk, ok bool) {
	var sides [3]goSource
	for i, lines := range [][]string{base, user, target} {
		side, err := parseGo(lines)
		if err != nil {
			return nil, false
		}
		sides[i] = side
	}
	b, u, t := sides[0], sides[1], sides[2]
	if b.imports.plain && u.imports.plain && t.imports.plain {
		merged = chunksOf(b.head, u.head, t.head)
		tail := chunksOf(b.tail, u.tail, t.tail)
		imports := importMerge{base: b, user: u, target: t, uses: make(nameSet)}
		maps.Copy(imports.uses, u.uses)
		maps.Copy(imports.uses, t.uses)
		if lines, clean := mergedLines(tail); clean {
			imports.asTarget = slices.Equal(lines, t.tail)
			if code, err := parseGo(slices.Concat([]string{"package p\n"}, lines)); err == nil {
				imports.uses, imports.decls = code.uses, code.decls
			}
		}
		merged = append(append(merged, imports.chunk()), tail...)
	} else {
		merged = chunksOf(base, user, target)
	}
	return checkGo(merged, b, u, t), true
}
