package lint

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

var (
	portable      = regexp.MustCompile(`^[A-Za-z0-9._@+-]*[A-Za-z0-9_@+-]$`)
	reserved      = regexp.MustCompile(`^(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$`)
	migrationPath = regexp.MustCompile(`^migrations/([0-9]{1,18})_([a-z0-9-]+)\.sql$`)
)

// checkPaths holds the names of a folder's files to the rules.
func (l *linter) checkPaths(f *folder) {
	for _, x := range f.files {
		l.checkPlace(f, x)
		switch {
		case x.mode.Type() != 0:
			l.report(noSymlink, x.path, 1, "it is no ordinary file, so it would not be embedded", "put the text itself here")
			continue
		case x.mode.Perm()&0o111 != 0:
			l.report(noExecutable, x.path, 1, "its executable bit is set, which nothing reads", "clear the bit; a file is made executable when its first line starts with #!")
		}
		if !x.renders() {
			continue
		}
		switch {
		case strings.Contains(x.path, "{{"):
			l.report(pathActions, x.path, 1, "its path has an action", "use a fixed path; where a file is wanted with some answers only, give it to a layer that the choice includes")
		default:
			l.checkPortable(x)
		}
		if strings.HasPrefix(x.output, "migrations/") || x.area == "removal" {
			l.checkMigrationName(f, x)
		}
	}
	l.checkOwners(f)
	if f.shared() && path.Base(f.path) != "_common" && len(l.users(f)) == 0 {
		l.report(layerUsed, f.declaration, 1, "no provider builds on this layer", "include it in a provider.toml, or in a choice of a question there, or delete it")
	}
	l.checkIncludes(f)
}

func (l *linter) checkIncludes(f *folder) {
	for i, name := range f.decl.Include {
		line := f.line("include[%d]", i)
		switch {
		case name == "_common":
			l.report(includeOnce, f.declaration, line, "_common is included by itself", "take it out of include")
		case slices.Index(f.decl.Include, name) < i:
			l.report(includeOnce, f.declaration, line, name+" is included twice", "take one of them out")
		}
	}
}

// checkPlace wants a file where something reads it.
func (l *linter) checkPlace(f *folder, x file) {
	beside := []string{path.Base(f.declaration), "modules.lock", "README.md"}
	switch x.area {
	case "":
		if !slices.Contains(beside, x.output) {
			l.report(folderLayout, x.path, 1, "nothing reads it here", "a file of the project belongs in files/, at its path there, with .tmpl behind it")
		}
	case "files", "fragments", "removal":
		if !strings.HasSuffix(x.path, ".tmpl") {
			l.report(templateSuffix, x.path, 1, "it does not end in .tmpl", "add .tmpl, which the project's file will not have")
		}
	case "cases":
		if !strings.HasSuffix(x.path, ".txtar") {
			l.report(folderLayout, x.path, 1, "a case is a .txtar file", "rename it, or move it away")
		}
	default:
		l.report(folderLayout, x.path, 1, fmt.Sprintf("nothing reads a folder %q", x.area), "a file of the project belongs in files/, at its path there")
	}
}

// checkPortable wants a path that every system can write and that is the
// templates' to write.
func (l *linter) checkPortable(x file) {
	for element := range strings.SplitSeq(x.output, "/") {
		switch {
		case !portable.MatchString(element):
			l.report(pathPortable, x.path, 1, fmt.Sprintf("%q has characters that not every system can write", element), "use letters, digits and . _ - + @, with no full stop at the end")
		case reserved.MatchString(element):
			l.report(pathPortable, x.path, 1, fmt.Sprintf("%q cannot name a file on Windows", element), "choose another name")
		case strings.EqualFold(element, ".git") || element == generator.RecordDir:
			l.report(pathPortable, x.path, 1, element+"/ is not for templates", "choose another folder")
		}
	}
	for _, owned := range []string{"go.mod", "go.sum"} {
		if x.output == owned {
			l.report(oneOwner, x.path, 1, owned+" is made from the requirements of the layers", "declare [[require]] and run make modules")
		}
	}
}

func (l *linter) checkMigrationName(f *folder, x file) {
	m := migrationPath.FindStringSubmatch(x.output)
	if m == nil {
		l.report(migrationName, x.path, 1, "InsForge's CLI refuses the whole folder for a file of this name", "call it migrations/01_what-it-makes.sql.tmpl")
		return
	}
	for _, y := range f.files {
		n := migrationPath.FindStringSubmatch(y.output)
		if y.area == x.area && y.path < x.path && n != nil && strings.TrimLeft(n[1], "0") == strings.TrimLeft(m[1], "0") {
			l.report(migrationName, x.path, 1, "it has the number of "+path.Base(y.path), "give it the next number")
		}
	}
}

// checkOwners wants each path of a project to come from one layer.
func (l *linter) checkOwners(f *folder) {
	for _, name := range slices.Sorted(maps.Keys(l.folders)) {
		g := l.folders[name]
		if g == f || !l.together(f, g) || l.scope[g.path] && before(f, g) {
			continue
		}
		for _, x := range f.files {
			for _, y := range g.files {
				if x.area == "files" && y.area == "files" {
					l.checkOwner(x, y)
				}
			}
		}
	}
}

// before orders layers from the general to the particular: of two that collide,
// the later one is wrong.
func before(f, g *folder) bool {
	rank := func(h *folder) int {
		switch {
		case h.kind == "":
			return 0
		case h.shared():
			return 1
		}
		return 2
	}
	if rank(f) != rank(g) {
		return rank(f) < rank(g)
	}
	return f.path < g.path
}

func (l *linter) checkOwner(x, y file) {
	a, b := owned(x), owned(y)
	const fix = "choose another path, or let one of them grow by a fragment"
	switch {
	case a == b:
		l.report(oneOwner, x.path, 1, "it makes the same file as "+y.path, fix)
	case strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/"):
		l.report(oneOwner, x.path, 1, "one is the folder of the other: "+y.path, fix)
	case strings.EqualFold(a, b):
		l.report(pathCase, x.path, 1, "it differs from "+y.path+" in case alone, which is one file on many systems", fix)
	}
}

// owned is the path of a file, for a migration without its number, which is given
// when the project is rendered.
func owned(x file) string {
	if m := migrationPath.FindStringSubmatch(x.output); m != nil {
		return "migrations/" + m[2]
	}
	return x.output
}
