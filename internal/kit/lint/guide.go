package lint

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/insforge/forge/generator"
)

// checkGuide holds what a declaration tells people to the rules.
func (l *linter) checkGuide(f *folder) {
	p := f.decl
	for i, s := range p.Steps {
		if !strings.HasPrefix(s.Source, "https://") {
			l.report(stepSource, f.declaration, f.line("step[%d].source", i), fmt.Sprintf("the step %q does not say where that is written", s.Title),
				"link the provider's page that says so, with https")
		}
	}
	for i, u := range p.URLs {
		l.checkURL(f, i, u)
	}
	if f.id == "" {
		return
	}
	if utf8.RuneCountInString(p.Summary) > 70 || strings.HasSuffix(p.Summary, ".") || strings.Contains(p.Summary, "\n") {
		l.report(summaryShape, f.declaration, f.line("summary"), "the summary does not fit in a list", "write a phrase of at most 70 characters without a full stop")
	}
	if len(p.GoLive) == 0 {
		l.report(golivePresent, f.declaration, 1, "there is nothing to check before real users arrive", "add a [[golive]]: keys of production, addresses to take off lists")
	}
	if p.Kind == generator.KindAuth && p.Doctor == nil {
		l.report(doctorPresent, f.declaration, 1, "forge doctor has nothing to ask of this provider", "add [doctor] with issuer and jwks, or health")
	}
	if ownServer := p.Doctor != nil && p.Doctor.Health != ""; len(p.Steps) == 0 && !ownServer {
		l.report(stepPresent, f.declaration, 1, "nobody is told what to do in the provider's dashboard", "add a [[step]] for each thing to do there")
	}
	l.checkFilled(f)
}

// checkURL wants an address to have a field that some step speaks of, and the
// server to have the page.
func (l *linter) checkURL(f *folder, i int, u generator.URL) {
	line := f.line("url[%d]", i)
	if u.Field == "" {
		l.report(urlField, f.declaration, line, "it does not say which field takes it", "write the field's name as the dashboard spells it")
		return
	}
	for _, user := range l.users(f) {
		_, named := l.variable(user, u.Field) // whose comment says what it is
		served := u.Path == "" || u.Use != "callback" && u.Use != "redirect"
		for _, g := range l.closure(user) {
			for _, s := range g.decl.Steps {
				named = named || strings.Contains(s.Title+s.Text, u.Field)
				for _, field := range s.Fields {
					named = named || field.Name == u.Field
				}
			}
			for _, x := range g.files {
				served = served || x.isGo() && !x.isTest() && strings.Contains(string(x.data), u.Path+`"`)
			}
		}
		if !named {
			l.report(urlField, f.declaration, f.line("url[%d].field", i), fmt.Sprintf("no step speaks of the field %q", u.Field), "add it to the fields of the step in which it is filled in")
		}
		if !served {
			l.report(urlServed, f.declaration, f.line("url[%d].path", i), "no Go here handles "+u.Path, "correct the path, or add the route")
		}
	}
}

// action is one of ours: {{user.id}} and the like are the providers' own syntax.
var action = regexp.MustCompile(`\{\{-?\s*\.`)

// checkFilled wants no action to be left in a text of the guide: a slip in it would
// be printed as it stands.
func (l *linter) checkFilled(f *folder) {
	if l.catalog == nil {
		return
	}
	guide, ok := l.catalog.Guide(f.id)
	if !ok {
		return
	}
	for _, g := range l.closure(f) {
		if !l.scope[g.path] {
			continue
		}
		left := func(text string) bool {
			if !action.MatchString(text) {
				return false
			}
			for _, filled := range texts(guide) {
				if filled == text {
					return true
				}
			}
			return false
		}
		report := func(line int) {
			l.report(textFilled, g.declaration, line, "an action in it does not execute", "use .Name, .Module, .DevURL or .ProdURL")
		}
		for i, s := range g.decl.Steps {
			if left(s.Title) || left(s.Text) {
				report(g.line("step[%d].text", i))
			}
			for j, x := range s.Fields {
				if left(x.Name) || left(x.Value) {
					report(g.line("step[%d].fields[%d]", i, j))
				}
			}
		}
		for i, e := range g.decl.Env {
			if left(e.Comment) || left(e.Example) {
				report(g.line("env[%d].comment", i))
			}
		}
		for i, x := range g.decl.GoLive {
			if left(x.Text) {
				report(g.line("golive[%d].text", i))
			}
		}
	}
}

// texts are all that a guide prints.
func texts(p generator.Provider) []string {
	var all []string
	for _, e := range p.Env {
		all = append(all, e.Comment, e.Example, e.Shape)
	}
	for _, s := range p.Steps {
		all = append(all, s.Title, s.Text)
		for _, x := range s.Fields {
			all = append(all, x.Name, x.Value)
		}
	}
	for _, g := range p.GoLive {
		all = append(all, g.Text)
	}
	return all
}
