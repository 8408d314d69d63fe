package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/generator"
)

var questionKeyPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// checkQuestions holds a folder's questions to the rules.
func (l *linter) checkQuestions(f *folder) {
	for i, q := range f.decl.Questions {
		line := f.line("question[%d]", i)
		own := []string{generator.KeyName, generator.KeyModule, generator.KeyAuth, generator.KeyPayments}
		switch {
		case slices.Contains(own, q.Key):
			l.report(questionKey, f.declaration, f.line("question[%d].key", i), q.Key+" is a question that every project answers", "choose another key")
		case q.Key != "" && !questionKeyPattern.MatchString(q.Key):
			l.report(questionKey, f.declaration, f.line("question[%d].key", i), fmt.Sprintf("%q is no key for --set", q.Key), "write lower-case words joined by underscores")
		}
		if q.Help == "" {
			l.report(questionHelp, f.declaration, line, q.Key+" has no help", "say what follows from the answer")
		}
		if q.Default == "" && q.When == nil {
			l.report(questionDefault, f.declaration, line, q.Key+" has no default, so --defaults does not answer it", "give it the default that suits most")
		}
		l.checkChoices(f, i, q)
		if !l.isUsed(q) {
			l.report(questionUsed, f.declaration, line, "no template asks for "+q.Key, fmt.Sprintf("use .Values.%s, or include a layer in a choice, or take the question out", q.Key))
		}
		if other := l.askedTwice(f, i, q.Key); other != "" {
			l.report(questionOnce, f.declaration, line, fmt.Sprintf("%s is asked in %s, too", q.Key, other), "choose another key, or move the question into a layer that both include")
		}
	}
}

func (l *linter) checkChoices(f *folder, i int, q generator.Question) {
	choice := q.Type == "select" || q.Type == "multiselect"
	const fix = "give each answer a value and a label"
	switch {
	case choice && len(q.Choices) < 2:
		l.report(questionChoices, f.declaration, f.line("question[%d]", i), q.Key+" has nothing to choose from", "give it two choices or more, or take it out")
	case !choice && len(q.Choices) > 0:
		l.report(questionChoices, f.declaration, f.line("question[%d].choices[0]", i), fmt.Sprintf("%s has choices and the type %q", q.Key, q.Type), "make it a select")
	}
	seen := map[string]bool{}
	for j, c := range q.Choices {
		line := f.line("question[%d].choices[%d]", i, j)
		switch {
		case c.Value == "" || c.Label == "":
			l.report(questionChoices, f.declaration, line, "a choice of "+q.Key+" has no value or no label", fix)
		case seen[c.Value]:
			l.report(questionChoices, f.declaration, line, fmt.Sprintf("%s has the choice %q twice", q.Key, c.Value), fix)
		}
		seen[c.Value] = true
	}
}

// isUsed says whether the answer changes what is rendered.
func (l *linter) isUsed(q generator.Question) bool {
	for _, c := range q.Choices {
		if len(c.Include) > 0 {
			return true
		}
	}
	word := regexp.MustCompile(`\.Values\.` + regexp.QuoteMeta(q.Key) + `\b|"` + regexp.QuoteMeta(q.Key) + `"`)
	for _, f := range l.folders {
		for _, c := range f.when {
			if c.Key == q.Key {
				return true
			}
		}
		for _, other := range f.decl.Questions {
			if other.When != nil && other.When.Key == q.Key {
				return true
			}
		}
		for _, x := range f.files {
			switch {
			case x.renders() && strings.Contains(string(x.data), "{{") && word.Match(x.data):
				return true
			case x.path == f.declaration && regexp.MustCompile(`\.Values\.`+regexp.QuoteMeta(q.Key)+`\b`).Match(x.data):
				return true
			}
		}
	}
	return false
}

func (l *linter) askedTwice(f *folder, i int, key string) string {
	for _, q := range f.decl.Questions[:i] {
		if q.Key == key {
			return "this declaration"
		}
	}
	for _, g := range l.folders {
		if g == f || !l.together(f, g) || l.scope[g.path] && before(f, g) {
			continue
		}
		for _, q := range g.decl.Questions {
			if q.Key == key {
				return g.declaration
			}
		}
	}
	return ""
}
