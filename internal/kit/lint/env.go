package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

var (
	secretName = regexp.MustCompile(`(SECRET|PASSWORD|PASSPHRASE|PRIVATE|_TOKEN$|API_KEY$|_KEY$)`)
	publicName = regexp.MustCompile(`(PUBLIC|PUBLISHABLE|ANON)`)
	// platforms set these by themselves.
	platform = []string{"PORT"} //nolint:gochecknoglobals // a table, never written
)

// checkEnv holds a folder's variables against the Go that reads them.
func (l *linter) checkEnv(f *folder) {
	for _, r := range f.readings() {
		l.checkReading(f, r)
	}
	for i, e := range f.decl.Env {
		line := f.line("env[%d]", i)
		if !l.isRead(f, e.Name) {
			l.report(envRead, f.declaration, line, "nothing reads "+e.Name, "read it in LoadConfig, or take it out")
		}
		l.checkVariable(f, i, e)
		if other := l.declaredTwice(f, i, e.Name); other != "" {
			l.report(envOnce, f.declaration, line, fmt.Sprintf("%s is declared in %s, too", e.Name, other), "take one of them out")
		}
	}
}

// checkReading holds what Go does with a variable against its declaration.
func (l *linter) checkReading(f *folder, r reading) {
	if slices.Contains(platform, r.name) {
		return
	}
	for _, user := range l.users(f) {
		e, ok := l.variable(user, r.name)
		if !ok {
			l.report(envDeclared, r.file, r.line, r.name+" is declared nowhere", fmt.Sprintf("add it to %s as [[env]] with pattern, shape, example and comment", f.declaration))
			return
		}
		mandatory := r.method == "Required" || r.method == "Secret"
		switch {
		case e.Secret && !r.guarded:
			l.report(envSecretRead, r.file, r.line, r.name+" is a secret and is kept as a plain string", "read it with r.Secret, or put it into env.Secret")
		case r.pattern != nil && r.method != "List" && e.Example != "" && !strings.Contains(e.Example, "{{") && !r.pattern.MatchString(e.Example):
			l.report(envAgrees, r.file, r.line, fmt.Sprintf("the check refuses the declared example of %s", r.name), "make the pattern here and the one in the declaration say the same")
		case mandatory && !e.Required && !l.conditional(f, r):
			l.report(envRequired, r.file, r.line, r.name+" is required here and not in its declaration", "declare required = true, or read it with r.Optional")
		case !mandatory && e.Required && r.method != "List":
			l.report(envRequired, r.file, r.line, r.name+" is declared required, and the server starts without it", "read it with r.Required or r.Secret")
		}
	}
}

// conditional says whether a folder reads the variable in more than one way, as
// where one setting makes another one necessary.
func (l *linter) conditional(f *folder, r reading) bool {
	n := 0
	for _, other := range f.readings() {
		if other.name == r.name {
			n++
		}
	}
	return n > 1
}

// variable finds the declaration of a variable in the layers of a provider.
func (l *linter) variable(f *folder, name string) (generator.EnvVar, bool) {
	for _, g := range l.closure(f) {
		for _, e := range g.decl.Env {
			if e.Name == name {
				return e, true
			}
		}
	}
	return generator.EnvVar{}, false
}

// isRead says whether code names the variable, in a layer that a project with f
// has: Go as a whole string literal, other languages as a word.
func (l *linter) isRead(f *folder, name string) bool {
	word := regexp.MustCompile(`\b` + name + `\b`)
	for _, user := range l.users(f) {
		for _, g := range l.closure(user) {
			for _, x := range g.files {
				switch {
				case x.area != "files" || x.isTest() || strings.HasSuffix(x.output, ".md") || x.output == ".env.example":
				case x.isGo():
					if strings.Contains(string(x.data), `"`+name+`"`) {
						return true
					}
				case word.Match(x.data):
					return true
				}
			}
		}
	}
	return false
}

func (l *linter) checkVariable(f *folder, i int, e generator.EnvVar) {
	line := func(key string) int { return f.line("env[%d].%s", i, key) }
	if e.Pattern == "" {
		l.report(envPattern, f.declaration, f.line("env[%d]", i), e.Name+" has no pattern", "say with an anchored pattern, and with shape in words, what its values look like")
	}
	if e.Example == "" {
		l.report(envExample, f.declaration, f.line("env[%d]", i), e.Name+" has no example", "give a value of the right shape that opens nothing")
	}
	if secretName.MatchString(e.Name) && !publicName.MatchString(e.Name) && !e.Secret {
		l.report(envSecret, f.declaration, f.line("env[%d]", i), e.Name+" is called like a secret and is not marked as one", "write secret = true, or choose a name that says it is public")
	}
	if e.Secret && e.Default != "" {
		l.report(envSecretDefault, f.declaration, line("default"), e.Name+" is a secret with a default, which everybody can read", "take the default out")
	}
	if e.Required && e.Default != "" {
		l.report(envRequired, f.declaration, line("default"), e.Name+" is required and has a default, which is never used", "take out one of the two")
	}
}

// declaredTwice names the other declaration of a variable that a project may have.
func (l *linter) declaredTwice(f *folder, i int, name string) string {
	for j, e := range f.decl.Env[:i] {
		if e.Name == name {
			return fmt.Sprintf("env[%d]", j)
		}
	}
	for _, g := range l.folders {
		if g == f || !l.together(f, g) || l.scope[g.path] && before(f, g) {
			continue
		}
		for _, e := range g.decl.Env {
			if e.Name == name {
				return g.declaration
			}
		}
	}
	return ""
}
