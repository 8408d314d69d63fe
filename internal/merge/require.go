package merge

import (
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// bareRequires returns the paths that the user requires on one line, with no
// other comments on and above it than in base.
func bareRequires(base source, was *modfile.File, user source, mine *modfile.File) map[string]bool {
	comments := func(s source, r *modfile.Require) string {
		start, line := r.Syntax.Start.Byte, r.Syntax.End.Byte
		above := s.text[s.commentsAbove(start, "//"):s.lineStart(start)]
		return unindented(above + s.text[line:s.lineEnd(line)])
	}
	earlier := make(map[string]string)
	for _, r := range was.Require {
		earlier[r.Mod.Path] = comments(base, r)
	}
	bare := make(map[string]bool)
	for _, r := range mine.Require {
		_, twice := bare[r.Mod.Path]
		bare[r.Mod.Path] = !twice && comments(user, r) == earlier[r.Mod.Path]
	}
	return bare
}

// refuseExcluded returns an error if the user excludes a version that forge's
// step from was makes necessary.
func (m *goModMerge) refuseExcluded(was goMod) error {
	for _, path := range m.forge.sorted() {
		if m.forge.requires[path] == was.requires[path] {
			continue
		}
		version := m.outcome.requires[path].version
		for _, e := range m.file.Exclude {
			if e.Mod.Path == path && e.Mod.Version == version {
				return m.user.errorf(e.Syntax.Start.Byte, "%s %s is excluded, but forge needs it; remove the line, or require a higher version", path, version)
			}
		}
	}
	return nil
}

// surplus returns the lines that the outcome lacks: requirements, with their
// comments, blocks that hold nothing else, and the toolchain.
func (m *goModMerge) surplus() lineSet {
	user, drop := m.user, make(lineSet)
	if t := m.file.Toolchain; t != nil && m.outcome.toolchain == "" {
		drop[user.lineStart(t.Syntax.Start.Byte)] = true
	}
	for _, r := range m.file.Require {
		if m.outcome.requires[r.Mod.Path].lines == 0 {
			drop.add(user, user.commentsAbove(r.Syntax.Start.Byte, "//"), user.lineEnd(r.Syntax.End.Byte))
		}
	}
	for _, stmt := range m.file.Syntax.Stmt {
		b, ok := stmt.(*modfile.LineBlock)
		if !ok || verb(b) != "require" || len(b.Line) == 0 {
			continue
		}
		start, end := user.lineEnd(b.LParen.Pos.Byte), user.lineStart(b.RParen.Pos.Byte)
		if drop.holds(user, start, end) {
			drop.add(user, user.lineStart(b.Start.Byte), user.lineEnd(b.RParen.Pos.Byte))
		}
	}
	return drop
}

// requirements returns the edits that bring the user's requirements up to g,
// except for removals. A line whose requirement becomes direct or indirect
// stays where it is; moving it is go mod tidy's business.
func (g goMod) requirements(user source, file *modfile.File) []edit {
	has, newest := readGoMod(file).requires, newest(file.Require)
	var edits []edit
	var direct, indirect []module.Version
	for _, path := range g.sorted() {
		is, must := has[path], g.requires[path]
		switch {
		case is.lines == 0 && must.direct:
			direct = append(direct, module.Version{Path: path, Version: must.version})
			continue
		case is.lines == 0:
			indirect = append(indirect, module.Version{Path: path, Version: must.version})
			continue
		}
		if is.version != must.version {
			edits = append(edits, replaceLast(user, newest[path].Syntax, must.version))
		}
		if must.direct && !is.direct {
			edits = append(edits, unmarkIndirect(newest[path].Syntax))
		}
		for _, r := range file.Require {
			if !must.direct && !r.Indirect && r.Mod.Path == path {
				edits = append(edits, markIndirect(r.Syntax))
			}
		}
	}

	added, block := addRequires(user, file, direct, "")
	edits = append(edits, added...)
	added, indirectBlock := addRequires(user, file, indirect, " // indirect")
	edits = append(edits, added...)
	if block += indirectBlock; block != "" {
		edits = append(edits, addBlocks(user, file, block))
	}
	return edits
}

// newest returns the requirement of each path. A go.mod may name one twice, and
// the go command then takes the highest version.
func newest(requires []*modfile.Require) map[string]*modfile.Require {
	found := make(map[string]*modfile.Require)
	for _, r := range requires {
		if f := found[r.Mod.Path]; f == nil || semver.Compare(f.Mod.Version, r.Mod.Version) < 0 {
			found[r.Mod.Path] = r
		}
	}
	return found
}

// markIndirect puts the indirect mark on a line, before a comment it may have.
func markIndirect(l *modfile.Line) edit {
	if len(l.Suffix) == 0 {
		return edit{start: l.End.Byte, end: l.End.Byte, text: " // indirect"}
	}
	after := l.Suffix[0].Start.Byte + len("//")
	return edit{start: after, end: after, text: " indirect;"}
}

// unmarkIndirect takes the indirect mark from a line, and only the mark if the
// comment goes on after it.
func unmarkIndirect(l *modfile.Line) edit {
	comment := l.Suffix[0]
	start := comment.Start.Byte
	if _, rest, more := strings.Cut(comment.Token, "indirect;"); more {
		return edit{start: start, end: start + len(comment.Token) - len(rest), text: "//"}
	}
	return edit{start: l.End.Byte, end: start + len(comment.Token)}
}

// addRequires returns the edits that add requirements of one sort, direct or,
// by their mark, indirect, to the user's last block of that sort; without such
// a block, the text of a new one. In a sorted block each goes where sorting would put it.
func addRequires(user source, mine *modfile.File, add []module.Version, mark string) (edits []edit, block string) {
	if len(add) == 0 {
		return nil, ""
	}
	var into *modfile.LineBlock
	for _, stmt := range mine.Syntax.Stmt {
		b, ok := stmt.(*modfile.LineBlock)
		if ok && b.Token[0] == "require" && len(b.Line) > 0 && allIndirect(mine, b) == (mark != "") {
			into = b
		}
	}
	if into == nil {
		for _, r := range add {
			block += requireLine(r, mark)
		}
		return nil, "\nrequire (\n" + block + ")\n"
	}
	for _, r := range add {
		at := user.lineEnd(into.LParen.Pos.Byte)
		for _, l := range slices.Backward(into.Line) {
			if l.Token[0] < r.Path {
				at = user.lineEnd(l.End.Byte)
				break
			}
		}
		edits = append(edits, user.insertLines(at, requireLine(r, mark)))
	}
	return edits, ""
}

func allIndirect(file *modfile.File, block *modfile.LineBlock) bool {
	for _, r := range file.Require {
		if !r.Indirect && slices.Contains(block.Line, r.Syntax) {
			return false
		}
	}
	return true
}

func requireLine(m module.Version, mark string) string {
	return "\t" + modfile.AutoQuote(m.Path) + " " + m.Version + mark + "\n"
}

// addBlocks returns the edit that puts new blocks after the user's last
// requirement, or where the first one belongs: after the lines that say what
// module this is.
func addBlocks(user source, mine *modfile.File, blocks string) edit {
	end := 0
	for _, verbs := range [][]string{{"module", "go", "toolchain"}, {"require"}} {
		for _, stmt := range mine.Syntax.Stmt {
			if slices.Contains(verbs, verb(stmt)) {
				_, stop := stmt.Span()
				end = stop.Byte
			}
		}
	}
	at := user.lineEnd(end)
	if next := user.text[at:user.lineEnd(at)]; strings.TrimSpace(next) != "" {
		blocks += "\n"
	}
	return user.insertLines(at, blocks)
}
