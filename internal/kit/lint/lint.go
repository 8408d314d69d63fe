package lint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

// Finding is one place in the templates that breaks a rule.
type Finding struct {
	// File is below the folder of templates, slash-separated.
	File string `json:"file"`
	// Line starts at 1. What concerns a whole file is at its first line.
	Line    int    `json:"line"`
	Rule    Rule   `json:"rule"`
	Problem string `json:"problem"`
	Fix     string `json:"fix"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s; %s", f.File, f.Line, f.Rule, f.Problem, f.Fix)
}

// UnknownError is an ID that no folder of the templates has.
type UnknownError struct {
	ID    string
	Known []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no provider %q (there are: %s)", e.ID, strings.Join(e.Known, ", "))
}

// Run holds the folders of the providers ids, and the shared layers that nobody
// else builds on, to every rule; without ids all folders. Findings come in order of
// file and line. The error is about the templates as a whole: they cannot be read,
// or have no such provider, which is an *UnknownError.
func Run(fsys fs.FS, ids ...string) ([]Finding, error) {
	l := &linter{fsys: fsys, folders: map[string]*folder{}, seen: map[Finding]bool{}}
	if err := l.read(); err != nil {
		return nil, err
	}
	if err := l.choose(ids); err != nil {
		return nil, err
	}
	l.load()
	for _, name := range slices.Sorted(maps.Keys(l.scope)) {
		f := l.folders[name]
		l.checkPaths(f)
		l.checkTexts(f)
		l.checkGo(f)
		l.checkModules(f)
		if f.broken {
			continue
		}
		l.checkEnv(f)
		l.checkQuestions(f)
		l.checkGuide(f)
	}
	if l.catalog != nil {
		l.checkRendered()
	}
	slices.SortFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Problem, b.Problem))
	})
	return l.found, nil
}

// linter is the state of one Run.
type linter struct {
	fsys    fs.FS
	folders map[string]*folder // by path: base, auth/clerk, auth/_jwks
	scope   map[string]bool    // those that findings are wanted of
	catalog *generator.Catalog // nil when it does not load
	found   []Finding
	seen    map[Finding]bool
}

// report adds a finding, once.
func (l *linter) report(rule Rule, file string, line int, problem, fix string) {
	f := Finding{File: file, Line: max(line, 1), Rule: rule, Problem: problem, Fix: fix}
	if !l.seen[f] {
		l.seen[f] = true
		l.found = append(l.found, f)
	}
}

// choose sets the scope.
func (l *linter) choose(ids []string) error {
	l.scope = map[string]bool{}
	if len(ids) == 0 {
		for name := range l.folders {
			l.scope[name] = true
		}
		return nil
	}
	var errs []error
	for _, id := range ids {
		own := l.provider(id)
		if own == nil {
			errs = append(errs, &UnknownError{ID: id, Known: l.ids()})
			continue
		}
		l.scope[own.path] = true
		for _, f := range l.closure(own) {
			if users := l.users(f); f.shared() && len(users) == 1 && users[0] == own {
				l.scope[f.path] = true
			}
		}
	}
	return errors.Join(errs...)
}

func (l *linter) provider(id string) *folder {
	for _, f := range l.folders {
		if f.id == id && id != "" {
			return f
		}
	}
	return nil
}

func (l *linter) ids() []string {
	var ids []string
	for _, f := range l.providers() {
		ids = append(ids, f.id)
	}
	return ids
}

// providers are the folders of providers, by path.
func (l *linter) providers() []*folder {
	var all []*folder
	for _, name := range slices.Sorted(maps.Keys(l.folders)) {
		if l.folders[name].id != "" {
			all = append(all, l.folders[name])
		}
	}
	return all
}

// closure lists the folders that a project with a provider may be made of, itself
// last, whatever else is answered; for a shared layer the base and itself.
func (l *linter) closure(f *folder) []*folder {
	var all []*folder
	add := func(name string) {
		if g := l.folders[name]; g != nil && !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	add("base")
	if f.decl.NeedsUser {
		add("auth/_common") // which every way to sign in has
	}
	add(path.Join(f.kind, "_common"))
	for _, name := range f.includes() {
		shared := path.Join(f.kind, name)
		add(shared)
		if g := l.folders[shared]; g != nil {
			for _, more := range g.includes() {
				add(path.Join(f.kind, more))
			}
		}
	}
	add(f.path)
	return all
}

// users are the providers that build on a shared layer, or the provider itself.
func (l *linter) users(f *folder) []*folder {
	var all []*folder
	for _, p := range l.providers() {
		if slices.Contains(l.closure(p), f) {
			all = append(all, p)
		}
	}
	return all
}

// together reports whether one project can have files of both folders: there is
// one auth provider in it, and any number for payments.
func (l *linter) together(f, g *folder) bool {
	if exclusive(f, g) {
		return false
	}
	for _, p := range l.users(f) {
		for _, q := range l.users(g) {
			if p == q || p.kind != q.kind || p.kind != string(generator.KindAuth) {
				return true
			}
		}
	}
	return false
}

// exclusive says whether the conditions of two shared layers contradict each other.
func exclusive(f, g *folder) bool {
	for _, c := range f.when {
		for _, d := range g.when {
			switch {
			case c.Key != d.Key:
			case c.Is != "" && d.Is != "" && c.Is != d.Is, c.Is != "" && c.Is == d.Not, d.Is != "" && d.Is == c.Not:
				return true
			}
		}
	}
	return false
}
