package merge

import (
	"errors"
	"go/version"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// adoptGoMod edits the text at the places the parser reports, because printing
// the parsed file would also reformat what is not forge's to touch.
func adoptGoMod(user, want source) (string, error) {
	wanted, err := parseGoMod(want)
	if err != nil {
		return "", err
	}
	if err := onlyRequires(want, wanted); err != nil {
		return "", err
	}
	mine, err := parseGoMod(user)
	if err != nil {
		return "", err
	}
	if !hasStatements(mine) {
		if err := user.refuseMark(); err != nil {
			return "", err
		}
		return user.apply([]edit{user.addition(want.text)}), nil
	}
	if mine.Module == nil {
		return "", user.errorf(0, "has no module line; add module %s", wanted.Module.Mod.Path)
	}
	if is, must := mine.Module.Mod.Path, wanted.Module.Mod.Path; is != must {
		return "", user.errorf(mine.Module.Syntax.Start.Byte, "the module is %s, but forge was asked for %s; give forge the module path %s", is, must, is)
	}

	edits := goLine(user, mine, wanted)
	more, err := requirements(user, mine, wanted)
	if err != nil {
		return "", err
	}
	text := user.apply(append(edits, more...))
	return text, checkGoMod(source{name: user.name, text: text}, mine, wanted)
}

// parseGoMod parses s strictly, as the go command does for the main module.
func parseGoMod(s source) (*modfile.File, error) {
	if err := s.refuseMark(); err != nil {
		return nil, err
	}
	file, err := modfile.Parse(s.name, []byte(s.text), nil)
	var list modfile.ErrorList
	if !errors.As(err, &list) {
		return file, err
	}
	// The parser leaves out a column of one, and prints a module path before
	// the reason only for some errors. Say it the way the other files do.
	problems := make([]error, len(list))
	for i, e := range list {
		problems[i] = s.errorf(min(e.Pos.Byte, len(s.text)), "%v", e.Err)
	}
	return nil, errors.Join(problems...)
}

// onlyRequires returns an error if want holds more than this package merges.
// The rest of a go.mod belongs to the user alone.
func onlyRequires(s source, want *modfile.File) error {
	if want.Module == nil {
		return s.errorf(0, "has no module line")
	}
	for _, stmt := range want.Syntax.Stmt {
		verb := ""
		switch stmt := stmt.(type) {
		case *modfile.Line:
			verb = stmt.Token[0]
		case *modfile.LineBlock:
			verb = stmt.Token[0]
		}
		switch verb {
		case "", "module", "go", "require":
		default:
			start, _ := stmt.Span()
			return s.errorf(start.Byte, "forge does not add %s lines to a go.mod", verb)
		}
	}
	for _, r := range want.Require {
		// The parser lets paths pass that would not parse inside a block.
		if err := module.CheckPath(r.Mod.Path); err != nil {
			return s.errorf(r.Syntax.Start.Byte, "%v", err)
		}
	}
	return nil
}

func hasStatements(file *modfile.File) bool {
	return slices.ContainsFunc(file.Syntax.Stmt, func(stmt modfile.Expr) bool {
		_, comment := stmt.(*modfile.CommentBlock)
		return !comment
	})
}

// goLine raises the go line to the higher of the two, or adds it.
func goLine(user source, mine, want *modfile.File) []edit {
	switch {
	case want.Go == nil:
		return nil
	case mine.Go == nil:
		at := user.lineEnd(mine.Module.Syntax.End.Byte)
		return []edit{user.insertLines(at, "\ngo "+want.Go.Version+"\n")}
	case version.Compare("go"+want.Go.Version, "go"+mine.Go.Version) <= 0:
		return nil
	}
	return []edit{replaceLast(user, mine.Go.Syntax, want.Go.Version)}
}

// replaceLast replaces the last word of a line.
func replaceLast(s source, l *modfile.Line, word string) edit {
	end := l.End.Byte
	start := l.Start.Byte + strings.LastIndexAny(s.text[l.Start.Byte:end], " \t") + 1
	return edit{start: start, end: end, text: word}
}

// checkGoMod parses the result again and compares it with both sides.
func checkGoMod(result source, mine, want *modfile.File) error {
	file, err := modfile.Parse(result.name, []byte(result.text), nil)
	if err != nil {
		return result.errorf(0, "the merged file would not parse: %v", err)
	}
	got := newest(file.Require)
	for _, r := range slices.Concat(mine.Require, want.Require) {
		g := got[r.Mod.Path]
		if g == nil || semver.Compare(g.Mod.Version, r.Mod.Version) < 0 {
			return result.errorf(0, "the merged file would lose %s %s", r.Mod.Path, r.Mod.Version)
		}
	}
	for _, r := range want.Require {
		if !r.Indirect && !hasDirect(file, r.Mod.Path) {
			return result.errorf(0, "the merged file would leave %s indirect", r.Mod.Path)
		}
	}
	others := func(f *modfile.File) [5]int {
		return [5]int{len(f.Replace), len(f.Exclude), len(f.Retract), len(f.Tool), len(f.Godebug)}
	}
	if others(file) != others(mine) || len(got) != len(newest(slices.Concat(mine.Require, want.Require))) {
		return result.errorf(0, "the merged file would not hold the same lines")
	}
	return nil
}
