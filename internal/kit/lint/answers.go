package lint

import (
	"slices"

	"github.com/insforge/forge/generator"
)

// answers are those to render with: for each provider in the scope alone and with
// what can be chosen besides, each answer to each question once, and short and long
// names.
func (l *linter) answers() []generator.Answers {
	var all []generator.Answers
	for _, p := range l.providers() {
		if !l.scope[p.path] {
			continue
		}
		for _, a := range l.choices(p) {
			a.Name, a.Module = "shop", "example.com/shop"
			plain := l.complete(a)
			all = append(all, plain)
			for _, q := range l.catalog.Questions(plain) {
				if !l.concerns(p, q) {
					continue
				}
				for _, value := range l.values(q) {
					all = append(all, l.complete(a.Set(q.Key, value)))
				}
			}
			a.Name, a.Module = "s", "a.io"
			all = append(all, l.complete(a))
			a.Name, a.Module = "a-shop-with-a-rather-long-name", "zz.example.com/of/many/elements/and/a-long-last-one/v2"
			all = append(all, l.complete(a))
		}
	}
	return all
}

// concerns says whether a question is p's to answer for: every project's, or one of
// the layers that p builds on. Those of others are tried when they are linted.
func (l *linter) concerns(p *folder, q generator.Question) bool {
	asks := func(f *folder) bool {
		return slices.ContainsFunc(f.decl.Questions, func(other generator.Question) bool { return other.Key == q.Key })
	}
	if slices.ContainsFunc(l.closure(p), asks) {
		return true
	}
	for _, f := range l.folders {
		if asks(f) {
			return false
		}
	}
	return true
}

// choices are the providers to render p with.
func (l *linter) choices(p *folder) []generator.Answers {
	valid := func(a generator.Answers) bool {
		a.Name, a.Module = "shop", "example.com/shop"
		return l.catalog.Check(l.complete(a)) == nil
	}
	var all []generator.Answers
	if p.kind == string(generator.KindPayment) {
		for _, auth := range []string{l.catalog.Auth[0].ID, generator.None} {
			if a := (generator.Answers{Auth: auth, Payments: []string{p.id}}); valid(a) {
				all = append(all, a)
			}
		}
		return all
	}
	alone := generator.Answers{Auth: p.id, Payments: []string{}}
	if valid(alone) {
		all = append(all, alone)
	}
	with := alone
	for _, q := range l.catalog.Payments {
		more := with
		more.Payments = append(slices.Clone(with.Payments), q.ID)
		if valid(more) {
			with = more
		}
	}
	if len(with.Payments) > 0 {
		all = append(all, with)
	}
	return all
}

// values are the answers to try besides the default.
func (l *linter) values(q generator.Question) []string {
	var values []string
	switch q.Type {
	case "confirm":
		values = []string{"true", "false"}
	case "select":
		if q.ChoicesFrom != "" {
			return nil
		}
		for _, c := range q.Choices {
			values = append(values, c.Value)
		}
	case "input":
		if q.Key == generator.KeyName || q.Key == generator.KeyModule {
			return nil
		}
		values = samples
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == q.Default || q.Check(v) != nil })
}

// samples are short and long texts, of which a question's own check takes some.
var samples = []string{ //nolint:gochecknoglobals // a table, never written
	"1", "123456.654321", "https://app.example.com", "a", "a-rather-long-answer-to-a-question-that-takes-any-words",
}

// complete answers what is left open: by its default, or by the first sample that
// its check takes.
func (l *linter) complete(a generator.Answers) generator.Answers {
	for range len(l.catalog.AllQuestions()) {
		i := slices.IndexFunc(l.catalog.Questions(a), func(q generator.Question) bool {
			_, ok := a.Get(q.Key)
			return !ok
		})
		if i < 0 {
			break
		}
		q := l.catalog.Questions(a)[i]
		value := q.Default
		if j := slices.IndexFunc(samples, func(v string) bool { return q.Check(v) == nil }); value == "" && j >= 0 && q.Type == "input" {
			value = samples[j]
		}
		a = a.Set(q.Key, value)
	}
	return a
}
