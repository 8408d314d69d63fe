package merge

import (
	"maps"
	"slices"
	"strings"
)

// edited adds in a second step, because what to add finds its place by what the
// first one leaves.
func (m *tomlMerge) edited() (string, error) {
	edits := append(m.user.without(m.surplus()), m.changes()...)
	user, err := parseTOML(m.user.with(m.user.apply(edits)))
	if err != nil {
		return "", err
	}
	return m.additions(user), nil
}

// surplus returns the lines of keys and tables to remove, with their comments.
func (m *tomlMerge) surplus() lineSet {
	user, drop := m.user, make(lineSet)
	for _, c := range m.choices {
		if c.action == removeKey {
			k := user.key(c.base.path)
			drop.add(user.source, user.commentStart(k.parts[0]), user.lineEnd(k.end))
		}
	}
	for i, t := range user.tables {
		was := m.base.header(t.path)
		if was != nil && m.want.header(t.path) == nil && !t.array {
			m.dropHeader(i, was, drop)
		}
	}
	return drop
}

// dropHeader adds to drop the header of a table that forge dropped, if nothing
// of the user's is left in the table, be it a comment.
func (m *tomlMerge) dropHeader(i int, was *tomlTable, drop lineSet) {
	user := m.user
	t := user.tables[i]
	about := func(f *tomlFile, t *tomlTable) string {
		return unindented(f.comment(t.start) + f.text[t.end:f.lineEnd(t.end)])
	}
	if about(user, t) != about(m.base, was) {
		return
	}
	forges := unindented(m.base.body(slices.Index(m.base.tables, was)))
	all := make(lineSet)
	body := user.body(i)
	start := user.lineEnd(t.end)
	for at := start; at < start+len(body); at = user.lineEnd(at) {
		line := strings.TrimSpace(user.text[at:user.lineEnd(at)])
		comment := strings.HasPrefix(line, "#") && strings.Contains("\n"+forges, "\n"+line+"\n")
		if line != "" && !drop[at] && !comment {
			return
		}
		if line != "" {
			all[at] = true
		}
	}
	all.add(user.source, user.commentStart(t.start), start)
	maps.Copy(drop, all)
}

// body returns the lines under the i-th header, up to the comment above the
// next.
func (f *tomlFile) body(i int) string {
	end := len(f.text)
	if i+1 < len(f.tables) {
		end = f.commentStart(f.tables[i+1].start)
	}
	return f.text[f.lineEnd(f.tables[i].end):end]
}

// changes returns the edits to keys and headers that all three have.
func (m *tomlMerge) changes() []edit {
	user := m.user
	var edits []edit
	for _, t := range user.tables {
		was, will := m.base.header(t.path), m.want.header(t.path)
		if len(t.path) == 0 || t.array || was == nil || will == nil {
			continue
		}
		edits = append(edits, user.mergeComment(user.commentStart(t.start), t.start, m.base.comment(was.start), m.want.comment(will.start))...)
		if user.statement(t.start, t.end) == m.base.statement(was.start, was.end) {
			edits = append(edits, user.restate(t.start, t.end, m.want.statement(will.start, will.end))...)
		}
	}
	for _, c := range m.choices {
		if c.base == nil {
			continue
		}
		if k := user.key(c.base.path); k != nil {
			edits = append(edits, m.changeKey(k, c)...)
		}
	}
	return edits
}

// changeKey returns the edits to a key that forge had before.
func (m *tomlMerge) changeKey(k *tomlKey, c tomlChoice) []edit {
	user := m.user
	base, want := c.values()
	var edits []edit
	if c.want != nil && !k.inline {
		was, will := c.base.parts[0], c.want.parts[0]
		edits = user.mergeComment(user.commentStart(k.parts[0]), k.parts[0], m.base.comment(was), m.want.comment(will))
		if user.statement(k.parts[0], k.end) == m.base.statement(was, c.base.end) {
			return append(edits, user.restate(k.parts[0], k.end, m.want.statement(will, c.want.end))...)
		}
	}
	switch c.action {
	case takeValue:
		edits = append(edits, edit{start: k.value.start, end: k.value.end, text: m.want.text[want.start:want.end]})
	case uniteValues:
		edits = append(edits, user.retract(k.value, base, want)...)
	default: // nothing else changes in place
	}
	return edits
}

// commentStart returns the offset of the comment lines right above the line
// that holds offset, or of the line itself. A line of a string over several
// lines may look like a comment.
func (f *tomlFile) commentStart(offset int) int {
	start := f.commentsAbove(offset, "#")
	for _, t := range f.tables {
		for _, k := range t.keys {
			if k.end < offset {
				start = max(start, f.lineEnd(k.end))
			}
		}
	}
	return min(start, f.lineStart(offset))
}

// comment returns the comment lines right above a line.
func (f *tomlFile) comment(offset int) string {
	return f.text[f.commentStart(offset):f.lineStart(offset)]
}

// statement returns the lines from start to end, without indentation.
func (f *tomlFile) statement(start, end int) string {
	return plainNewlines(strings.TrimSpace(f.text[f.lineStart(start):f.lineEnd(end)]))
}

// restate returns the edit that writes another text in place of a statement.
func (f *tomlFile) restate(start, end int, text string) []edit {
	if text == f.statement(start, end) {
		return nil
	}
	start = f.lineStart(start)
	line := strings.TrimRight(f.text[start:f.lineEnd(end)], "\r\n")
	return []edit{{start: start + len(f.indentAt(start)), end: start + len(line), text: text}}
}

func (m *tomlMerge) disputes(text string) ([]dispute, error) {
	f, err := parseTOML(m.user.with(text))
	if err != nil {
		return nil, err
	}
	var found []dispute
	for _, c := range m.choices {
		if c.action != disputeKey {
			continue
		}
		k := f.key(c.path())
		indent, prefix := f.indentAt(k.parts[0]), f.text[k.parts[0]:k.parts[len(k.parts)-1]]
		found = append(found, dispute{
			start:  f.lineStart(k.parts[0]),
			end:    f.lineEnd(k.end),
			base:   indent + prefix + m.base.statement(c.base.parts[0], c.base.end) + "\n",
			target: indent + prefix + m.want.statement(c.want.parts[0], c.want.end) + "\n",
			reason: differs(dots(k.path)),
		})
	}
	slices.SortFunc(found, func(a, b dispute) int { return a.start - b.start })
	return found, nil
}
