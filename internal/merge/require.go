package merge

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// requirements returns the edits that bring the user's requirements up to
// forge's: the higher version wins, and a direct requirement stays or becomes
// direct. A line that becomes direct stays where it is; moving it is go mod
// tidy's business.
func requirements(user source, mine, want *modfile.File) ([]edit, error) {
	has, wanted := newest(mine.Require), newest(want.Require)
	var edits []edit
	var direct, indirect []module.Version
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		h, isDirect := has[path], hasDirect(want, path)
		version := wanted[path].Mod.Version
		switch {
		case h != nil:
			if semver.Compare(h.Mod.Version, version) < 0 {
				edits = append(edits, replaceLast(user, h.Syntax, version))
			} else {
				version = h.Mod.Version
			}
			if isDirect && !hasDirect(mine, path) {
				edits = append(edits, unmarkIndirect(h.Syntax))
			}
		case isDirect:
			direct = append(direct, wanted[path].Mod)
		default:
			indirect = append(indirect, wanted[path].Mod)
		}
		for _, e := range mine.Exclude {
			if e.Mod.Path == path && e.Mod.Version == version {
				return nil, user.errorf(e.Syntax.Start.Byte, "%s %s is excluded, but forge needs it; remove the line, or require a higher version", path, version)
			}
		}
	}

	added, block := addRequires(user, mine, direct, "")
	edits = append(edits, added...)
	added, indirectBlock := addRequires(user, mine, indirect, " // indirect")
	edits = append(edits, added...)
	if block += indirectBlock; block != "" {
		edits = append(edits, addBlocks(user, mine, block))
	}
	return edits, nil
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

func hasDirect(file *modfile.File, path string) bool {
	return slices.ContainsFunc(file.Require, func(r *modfile.Require) bool {
		return r.Mod.Path == path && !r.Indirect
	})
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
			verb := ""
			switch stmt := stmt.(type) {
			case *modfile.Line:
				verb = stmt.Token[0]
			case *modfile.LineBlock:
				verb = stmt.Token[0]
			}
			if slices.Contains(verbs, verb) {
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
