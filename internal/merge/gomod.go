package merge

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// goModMerge is a merge of three go.mod files. It edits the text at the places
// the parser reports, because printing the parsed file would also reformat
// what is not forge's to touch.
type goModMerge struct {
	user, want source
	file       *modfile.File // the user's
	forge      goMod         // what forge wants
	outcome    goMod         // what the result must say
}

// adoptGoMod is the merge without an earlier file of forge's.
func adoptGoMod(user, want source) (string, error) {
	m, err := newGoModMerge(source{}, user, want)
	if err != nil {
		return "", err
	}
	if line := m.file.Module; line != nil && line.Mod.Path != m.forge.module {
		return "", user.errorf(line.Syntax.Start.Byte, "the module is %s, but forge was asked for %s; give forge the module path %s", line.Mod.Path, m.forge.module, line.Mod.Path)
	}
	text, err := m.edited()
	if err != nil {
		return "", err
	}
	return text, m.check(text)
}

func openGoMod(base, user, target source) (structure, error) {
	return newGoModMerge(base, user, target)
}

func newGoModMerge(base, user, want source) (*goModMerge, error) {
	wanted, err := parseGoMod(want)
	if err != nil {
		return nil, err
	}
	if err := onlyRequires(want, wanted); err != nil {
		return nil, err
	}
	was, err := parseGoMod(base)
	if err != nil {
		return nil, err
	}
	mine, err := parseGoMod(user)
	if err != nil {
		return nil, err
	}
	m := &goModMerge{user: user, want: want, file: mine, forge: readGoMod(wanted)}
	if !hasStatements(mine) {
		m.outcome = m.forge
		return m, nil
	}
	if mine.Module == nil {
		return nil, user.errorf(0, "has no module line; add module %s", m.forge.module)
	}
	earlier := readGoMod(was)
	m.outcome = mergeGoMod(earlier, readGoMod(mine), m.forge, bareRequires(base, was, user, mine))
	return m, m.refuseExcluded(earlier)
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
		switch verb(stmt) {
		case "", "module", "go", "toolchain", "require":
		default:
			start, _ := stmt.Span()
			return s.errorf(start.Byte, "forge does not add %s lines to a go.mod", verb(stmt))
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

// verb returns the word a statement starts with, or "" for a comment.
func verb(stmt modfile.Expr) string {
	switch stmt := stmt.(type) {
	case *modfile.Line:
		return stmt.Token[0]
	case *modfile.LineBlock:
		return stmt.Token[0]
	}
	return ""
}

func hasStatements(file *modfile.File) bool {
	return slices.ContainsFunc(file.Syntax.Stmt, func(stmt modfile.Expr) bool { return verb(stmt) != "" })
}

func (m *goModMerge) edited() (string, error) {
	if !hasStatements(m.file) {
		return m.user.apply([]edit{m.user.addition(m.want.text)}), nil
	}
	user := m.user.with(m.user.apply(m.user.without(m.surplus())))
	file, err := parseGoMod(user)
	if err != nil {
		return "", err
	}
	edits := slices.Concat(m.outcome.header(user, file), m.outcome.requirements(user, file))
	return user.apply(edits), nil
}

func (m *goModMerge) check(text string) error {
	result := m.user.with(text)
	file, err := modfile.Parse(result.name, []byte(text), nil)
	if err != nil {
		return result.errorf(0, "the merged file would not parse: %v", err)
	}
	if !reflect.DeepEqual(readGoMod(file), m.outcome) {
		return result.errorf(0, "the merged file would not hold the lines it must")
	}
	return nil
}

// disputes returns none: of two versions, the higher is right for both sides.
func (m *goModMerge) disputes(string) ([]dispute, error) { return nil, nil }

// header returns the edits that bring the lines before the requirements up to g.
func (g goMod) header(user source, file *modfile.File) []edit {
	var edits []edit
	if file.Module.Mod.Path != g.module {
		edits = append(edits, replaceLast(user, file.Module.Syntax, modfile.AutoQuote(g.module)))
	}
	at := user.lineEnd(file.Module.Syntax.End.Byte)
	switch {
	case file.Go == nil && g.goVersion != "":
		edits = append(edits, user.insertLines(at, "\ngo "+g.goVersion+"\n"))
	case file.Go != nil:
		at = user.lineEnd(file.Go.Syntax.End.Byte)
		if file.Go.Version != g.goVersion {
			edits = append(edits, replaceLast(user, file.Go.Syntax, g.goVersion))
		}
	}
	switch {
	case file.Toolchain == nil && g.toolchain != "":
		edits = append(edits, user.insertLines(at, "\ntoolchain "+g.toolchain+"\n"))
	case file.Toolchain != nil && file.Toolchain.Name != g.toolchain:
		edits = append(edits, replaceLast(user, file.Toolchain.Syntax, g.toolchain))
	}
	return edits
}

// replaceLast replaces the last word of a line.
func replaceLast(s source, l *modfile.Line, word string) edit {
	end := l.End.Byte
	start := l.Start.Byte + strings.LastIndexAny(s.text[l.Start.Byte:end], " \t") + 1
	return edit{start: start, end: end, text: word}
}
