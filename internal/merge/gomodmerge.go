package merge

import (
	"go/version"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// goMod is what a go.mod says, apart from how it is written.
type goMod struct {
	module, goVersion, toolchain string
	requires                     map[string]requirement
	rest                         []string // lines that are the user's alone
}

// requirement is what a go.mod says about one module it needs.
type requirement struct {
	version string // the highest one, which is what the go command takes
	direct  bool
	lines   int
}

func readGoMod(file *modfile.File) goMod {
	g := goMod{requires: make(map[string]requirement)}
	if file.Module != nil {
		g.module = file.Module.Mod.Path
	}
	if file.Go != nil {
		g.goVersion = file.Go.Version
	}
	if file.Toolchain != nil {
		g.toolchain = file.Toolchain.Name
	}
	for _, r := range file.Require {
		all := g.requires[r.Mod.Path]
		if all.lines == 0 || semver.Compare(all.version, r.Mod.Version) < 0 {
			all.version = r.Mod.Version
		}
		all.direct = all.direct || !r.Indirect
		all.lines++
		g.requires[r.Mod.Path] = all
	}
	for _, stmt := range file.Syntax.Stmt {
		switch verb(stmt) {
		case "", "module", "go", "toolchain", "require":
			continue
		}
		switch stmt := stmt.(type) {
		case *modfile.Line:
			g.rest = append(g.rest, strings.Join(stmt.Token, " "))
		case *modfile.LineBlock:
			for _, l := range stmt.Line {
				g.rest = append(g.rest, stmt.Token[0]+" "+strings.Join(l.Token, " "))
			}
		}
	}
	return g
}

// mergeGoMod returns what user must come to after forge's step from base to
// want. It takes back only requirements whose paths are in bare: those that the
// user added no comment to.
//
// A requirement too many builds, and one too few does not. So the higher
// version wins, and what forge no longer needs goes only if no module of the
// user's own could need it.
func mergeGoMod(base, user, want goMod, bare map[string]bool) goMod {
	out := user
	if user.module == base.module {
		out.module = want.module
	}
	out.goVersion = newer(user.goVersion, want.goVersion, "go")
	out.toolchain = mergeToolchain(base.toolchain, user.toolchain, want.toolchain)

	out.requires = maps.Clone(user.requires)
	forges := maps.Clone(base.requires)
	maps.Copy(forges, want.requires)
	own := false
	for path := range user.requires {
		own = own || forges[path].lines == 0
	}
	for path := range forges {
		was, had := base.requires[path]
		will, wants := want.requires[path]
		is, has := user.requires[path]
		untouched := is == was && bare[path] && !own
		switch {
		case has && wants:
			out.requires[path] = is.merge(was, will, untouched)
		case wants && was != will:
			// Even one the user removed: new code of forge's may need it.
			out.requires[path] = requirement{version: will.version, direct: will.direct, lines: 1}
		case has && had && untouched:
			delete(out.requires, path)
		}
	}
	return out
}

func mergeToolchain(base, user, want string) string {
	switch {
	case user == "" && base != "":
		return "" // declined; the go line alone says what is needed
	case want == "" && user == base:
		return ""
	}
	return newer(user, want, "")
}

// merge returns is after forge's step from was, which is zero if forge had no
// such requirement, to will.
func (is requirement) merge(was, will requirement, untouched bool) requirement {
	out := is
	switch {
	case will.version == was.version:
	case untouched, semver.Compare(is.version, will.version) < 0:
		out.version = will.version
	}
	switch {
	case was.lines == 0:
		out.direct = is.direct || will.direct
	case will.direct != was.direct:
		out.direct = will.direct
	}
	return out
}

// newer returns the higher of two versions, of which either may be missing.
func newer(a, b, prefix string) string {
	if a == "" || b != "" && version.Compare(prefix+a, prefix+b) < 0 {
		return b
	}
	return a
}

// sorted returns the paths of g's requirements in order.
func (g goMod) sorted() []string { return slices.Sorted(maps.Keys(g.requires)) }
