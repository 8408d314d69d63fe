package generator

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/insforge/forge/internal/spelling"
)

// Check reports every answer that cannot stand, given or not all are there.
func (c *Catalog) Check(a Answers) error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, &AnswerError{Key: key, Reason: fmt.Sprintf(format, args...)})
	}
	known := map[string]bool{}
	for _, q := range c.Questions(a) {
		known[q.Key] = true
		if q.ChoicesFrom == KindPayment {
			// Why one of them cannot be chosen here is said below, not that it is unknown.
			q.Choices = c.choices(q.Key)
		}
		value, ok := a.Get(q.Key)
		switch {
		case !ok:
		case slices.ContainsFunc(SplitList(value), c.looksSecret):
			// Before anything that would repeat it.
			wrong(q.Key, "looks like a secret, and answers are written into the project: put secrets in .env instead")
		default:
			if err := q.Check(value); err != nil {
				wrong(q.Key, "%v", err)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(a.Values)) {
		switch value := a.Values[key]; {
		case c.secrets[key] != nil:
			wrong(key, "is a secret, and answers are written into the project: put it in .env instead")
		case known[key]:
		case c.looksSecret(value):
			wrong(key, "looks like a secret, and answers are written into the project: put secrets in .env instead")
		default:
			wrong(key, "%s", c.unknownKey(key, known))
		}
	}
	chosen := c.chosen(a)
	for _, what := range c.withoutUsers(a, chosen) {
		wrong(KeyPayments, "%s", what)
	}
	for _, p := range chosen {
		for _, other := range chosen {
			if slices.Contains(p.Conflicts, other.ID) {
				wrong(KeyPayments, "%s and %s cannot be chosen together", p.ID, other.ID)
			}
		}
	}
	return errors.Join(errs...)
}

// withoutUsers says what cannot be chosen where nobody signs in.
func (c *Catalog) withoutUsers(a Answers, chosen []Provider) []string {
	if a.Auth != None {
		return nil
	}
	var can []string
	for _, p := range c.Payments {
		if !p.NeedsUser {
			can = append(can, p.ID)
		}
	}
	way := fmt.Sprintf("sell by %s, or choose who signs users in (--auth)", strings.Join(can, ", "))
	if a.Payments != nil && len(a.Payments) == 0 {
		return []string{"a server without sign-in has nothing but what it sells, so it needs a way to pay: " + way}
	}
	var found []string
	for _, p := range chosen {
		if p.NeedsUser {
			found = append(found, fmt.Sprintf("%s sells to signed-in users, and nobody signs in here: %s", p.ID, way))
		}
	}
	return found
}

// choices returns those of a question that every project answers.
func (c *Catalog) choices(key string) []Choice {
	i := slices.IndexFunc(c.questions, func(q Question) bool { return q.Key == key })
	return c.questions[i].Choices
}

func (c *Catalog) unknownKey(key string, known map[string]bool) string {
	for _, q := range c.AllQuestions() {
		if q.Key == key {
			return "is not asked with these choices"
		}
	}
	names := slices.Sorted(maps.Keys(known))
	names = slices.DeleteFunc(names, func(k string) bool { return strings.HasPrefix(Flag(k), "--"+k) })
	if near := spelling.Nearest(key, names); near != "" {
		return fmt.Sprintf("there is no such question, did you mean %q?", near)
	}
	return "there is no such question (keys: " + strings.Join(names, ", ") + ")"
}

// findSecrets maps the name of every secret variable to its pattern.
func (c *Catalog) findSecrets() {
	c.secrets = map[string]*regexp.Regexp{}
	for _, l := range c.everyLayer() {
		for _, e := range l.Env {
			if e.Secret {
				c.secrets[e.Name] = regexp.MustCompile(e.Pattern)
			}
		}
	}
}

// looksSecret reports whether value has the shape of a secret that can be told
// from its beginning, so that no ordinary answer is refused.
func (c *Catalog) looksSecret(value string) bool {
	for _, pattern := range c.secrets {
		if secretPrefix.MatchString(pattern.String()) && pattern.MatchString(value) {
			return true
		}
	}
	return privateKey.MatchString(value)
}

// secretPrefix matches a pattern whose values begin alike, such as ^ik_.
var secretPrefix = regexp.MustCompile(`^\^[A-Za-z]+[_-]`)

// privateKey is 32 bytes of hex: no answer looks like it, every EVM key does.
var privateKey = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{64}$`)
