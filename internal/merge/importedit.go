package merge

import (
	"go/format"
	"slices"
	"strings"
)

// edited returns b with the wanted imports and no others. What is in b keeps
// its place. What is not comes last in the group of its companions in like. If
// b is formatted, which sorts each group, so is the result.
func (b importBlock) edited(wanted []importSpec, like importBlock) []string {
	groups := make([][]importSpec, 0, len(b.specs))
	for i, s := range b.specs {
		if i == 0 || s.group != b.specs[i-1].group {
			groups = append(groups, nil)
		}
		if w := findImport(wanted, s.importKey); w != nil {
			last := len(groups) - 1
			groups[last] = append(groups[last], *w)
		}
	}
	for _, w := range wanted {
		if b.find(w.importKey) == nil {
			groups = placed(groups, w, like)
		}
	}
	lines := b.rendered(groups)
	if slices.Equal(b.lines, formattedImports(b.lines)) {
		lines = formattedImports(lines)
	}
	if around := slices.Concat(b.above, b.below); len(lines) == 0 && len(around) > 0 {
		return around[:1]
	}
	return slices.Concat(b.above, lines, b.below)
}

// placed returns groups with s added: to the group that holds a companion of s
// in like, else to one with imports of the same origin, else to a new group.
func placed(groups [][]importSpec, s importSpec, like importBlock) [][]importSpec {
	companion := func(o importSpec) bool {
		c := like.find(o.importKey)
		return c != nil && c.group == like.find(s.importKey).group
	}
	peer := func(o importSpec) bool { return originOf(o.path) == originOf(s.path) }
	for _, fits := range []func(importSpec) bool{companion, peer} {
		for i, g := range groups {
			if !slices.ContainsFunc(g, fits) {
				continue
			}
			groups[i] = append(g, s)
			return groups
		}
	}
	after := func(g []importSpec) bool { return len(g) > 0 && originOf(g[0].path) > originOf(s.path) }
	at := slices.IndexFunc(groups, after)
	if at < 0 {
		at = len(groups)
	}
	return slices.Insert(groups, at, []importSpec{s})
}

// origin is where a package comes from. Most Go files group their imports by
// that, in this order.
type origin byte

const (
	fromStandard origin = iota // the standard library
	fromModule                 // another module
	fromInternal               // the same module, as far as a path shows that
)

func originOf(importPath string) origin {
	first, _, _ := strings.Cut(importPath, "/")
	switch {
	case !strings.Contains(first, "."):
		return fromStandard
	case !strings.Contains(importPath, "/internal/"):
		return fromModule
	}
	return fromInternal
}

// rendered returns the lines of a declaration of all groups, or none if there
// is nothing to import.
func (b importBlock) rendered(groups [][]importSpec) []string {
	groups = slices.DeleteFunc(groups, func(g []importSpec) bool { return len(g) == 0 })
	if len(groups) == 0 {
		return nil
	}
	if first := groups[0][0]; !b.parens && len(groups) == 1 && len(groups[0]) == 1 {
		lines := splitLines([]byte(first.text + "\n"))
		lines[len(lines)-1] = "import " + lines[len(lines)-1]
		return lines
	}
	lines := []string{"import (\n"}
	for i, g := range groups {
		if i > 0 {
			lines = append(lines, "\n")
		}
		for _, s := range g {
			for text := range strings.Lines(s.text + "\n") {
				lines = append(lines, "\t"+text)
			}
		}
	}
	return append(lines, ")\n")
}

// formattedImports returns lines as gofmt has them: sorted within groups, and
// with the comments aligned.
func formattedImports(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	const clause = "package p\n\n"
	text, err := format.Source([]byte(clause + strings.Join(lines, "")))
	if err != nil {
		return lines // nothing that was parsed before comes here
	}
	return splitLines([]byte(strings.TrimPrefix(string(text), clause)))
}
