package generator

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/mod/module"

	"github.com/insforge/forge/internal/spelling"
)

// Question is one thing to ask. It is data: the prompt, the flags, the
// completion and the errors about missing answers are all made from it.
type Question struct {
	Key     string `toml:"key" json:"key"`
	Message string `toml:"message" json:"message"`
	Help    string `toml:"help" json:"help,omitempty"`
	// Type is input, select, multiselect or confirm.
	Type    string   `toml:"type" json:"type"`
	Default string   `toml:"default" json:"default,omitempty"`
	Choices []Choice `toml:"choices" json:"choices,omitempty"`
	// ChoicesFrom makes the choices the catalog's providers of this kind.
	ChoicesFrom Kind `toml:"choices_from" json:"choices_from,omitempty"`
	// Pattern is an anchored RE2 expression; Shape says the same in words.
	Pattern string `toml:"pattern" json:"pattern,omitempty"`
	Shape   string `toml:"shape" json:"shape,omitempty"`
	// Format names a check that no expression can make: project-name,
	// module-path or origin.
	Format string `toml:"format" json:"format,omitempty"`
	// When asks the question only if another one got this answer.
	When *Condition `toml:"when" json:"when,omitempty"`
}

// Choice is one answer of a select or multiselect question.
type Choice struct {
	Value string `toml:"value" json:"value"`
	Label string `toml:"label" json:"label"`
	// Include names shared layers that this choice adds. Only questions of a
	// provider may have such choices.
	Include []string `toml:"include" json:"include,omitempty"`
	// Warning says what this choice gives up. It is printed when it is made.
	Warning string `toml:"warning" json:"warning,omitempty"`
}

// Condition is true when the question Key was answered with Is, or, where that is
// empty, with something else than Not.
type Condition struct {
	Key string `toml:"key" json:"key"`
	Is  string `toml:"is" json:"is,omitempty"`
	Not string `toml:"not" json:"not,omitempty"`
}

func (c Condition) problem() string {
	if c.Key == "" || (c.Is == "") == (c.Not == "") {
		return "needs a key, and either is or not"
	}
	return ""
}

// Holds reports whether c is true of a. A question without an answer is unlike
// every answer, so neither is true of it.
func (c Condition) Holds(a Answers) bool {
	value, ok := a.Get(c.Key)
	if c.Is != "" {
		return ok && value == c.Is
	}
	return ok && value != c.Not
}

// The keys of the questions every project answers. They are flags of their
// own; every other key is set by --set.
const (
	KeyName     = "name"
	KeyModule   = "module"
	KeyAuth     = "auth"
	KeyPayments = "payments"
)

// None is the explicit answer for choosing nothing: of a multiselect, and for auth
// a server at which nobody signs in.
const None = "none"

// Answers is what the user said. It is serialised as is, into answers files
// and manifests, and so never holds a secret. The zero value answers nothing.
type Answers struct {
	Name   string `json:"name" toml:"name"`
	Module string `json:"module" toml:"module"`
	Auth   string `json:"auth" toml:"auth"`
	// Payments is nil when unanswered and empty when the answer was none.
	Payments []string          `json:"payments" toml:"payments"`
	Values   map[string]string `json:"values,omitempty" toml:"values"`
}

// Get returns the answer to key, in the form Set takes, and whether it was given.
func (a Answers) Get(key string) (string, bool) {
	switch key {
	case KeyName:
		return a.Name, a.Name != ""
	case KeyModule:
		return a.Module, a.Module != ""
	case KeyAuth:
		return a.Auth, a.Auth != ""
	case KeyPayments:
		if a.Payments != nil && len(a.Payments) == 0 {
			return None, true
		}
		return strings.Join(a.Payments, ","), a.Payments != nil
	}
	v, ok := a.Values[key]
	return v, ok
}

// Set returns a copy of a with key answered by value: for payments a comma
// separated list or "none". It does not check the value; Question.Check does.
func (a Answers) Set(key, value string) Answers {
	switch key {
	case KeyName:
		a.Name = value
	case KeyModule:
		a.Module = value
	case KeyAuth:
		a.Auth = value
	case KeyPayments:
		a.Payments = SplitList(value)
	default:
		values := map[string]string{key: value}
		for k, v := range a.Values {
			if k != key {
				values[k] = v
			}
		}
		a.Values = values
	}
	return a
}

// SplitList reads a multiselect answer: comma separated, sorted, without
// repeats; "none" and "" give an empty list that is not nil.
func SplitList(value string) []string {
	list := []string{}
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" && item != None && !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	slices.Sort(list)
	return list
}

// Check reports why value does not answer q, or nil. The error reads after
// the name of a flag or a file: "--auth: …".
func (q Question) Check(value string) error {
	switch q.Type {
	case "confirm":
		if value != "true" && value != "false" {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	case "select":
		return q.checkChoice(value)
	case "multiselect":
		for _, item := range SplitList(value) {
			if err := q.checkChoice(item); err != nil {
				return err
			}
		}
		return nil
	}
	if q.Pattern != "" && !regexp.MustCompile(q.Pattern).MatchString(value) {
		return fmt.Errorf("%q is not %s", value, q.Shape)
	}
	if check, ok := formats[q.Format]; ok {
		return check(value)
	}
	return nil
}

func (q Question) checkChoice(value string) error {
	values := make([]string, len(q.Choices))
	for i, c := range q.Choices {
		values[i] = c.Value
	}
	if slices.Contains(values, value) {
		return nil
	}
	if near := spelling.Nearest(value, values); near != "" {
		return fmt.Errorf("unknown %q, did you mean %q? (choices: %s)", value, near, strings.Join(values, ", "))
	}
	return fmt.Errorf("unknown %q (choices: %s)", value, strings.Join(values, ", "))
}

// Applies reports whether q is asked at all, given the answers so far.
func (q Question) Applies(a Answers) bool {
	return q.When == nil || q.When.Holds(a)
}

func (q Question) problems() []string {
	var found []string
	if q.Key == "" || q.Message == "" {
		found = append(found, fmt.Sprintf("%q needs a key and a message", q.Key))
	}
	if !slices.Contains([]string{"input", "select", "multiselect", "confirm"}, q.Type) {
		found = append(found, fmt.Sprintf("%s: type %q is none of input, select, multiselect, confirm", q.Key, q.Type))
	}
	if q.Pattern != "" {
		if _, err := regexp.Compile(q.Pattern); err != nil {
			found = append(found, fmt.Sprintf("%s: pattern: %v", q.Key, err))
			return found
		}
		if q.Shape == "" {
			found = append(found, fmt.Sprintf("%s: pattern without a shape that says it in words", q.Key))
		}
	}
	if _, ok := formats[q.Format]; q.Format != "" && !ok {
		found = append(found, fmt.Sprintf("%s: unknown format %q", q.Key, q.Format))
	}
	if q.When != nil && q.When.problem() != "" {
		found = append(found, fmt.Sprintf("%s: when %s", q.Key, q.When.problem()))
	}
	if q.Default != "" && q.ChoicesFrom == "" {
		sample := Answers{Name: "shop", Module: "example.com/shop"}
		if err := q.Check(fillText(q.Default, sample)); err != nil {
			found = append(found, fmt.Sprintf("%s: default: %v", q.Key, err))
		}
	}
	return found
}

// formats are the checks a Question may name.
//
//nolint:gochecknoglobals // a table, never written
var formats = map[string]func(string) error{
	"project-name": checkName,
	"module-path":  checkModule,
	"origin":       checkOrigin,
}

// windowsNames cannot name a file on Windows, whatever their extension.
//
//nolint:gochecknoglobals // a table, never written
var windowsNames = regexp.MustCompile(`^(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])$`)

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a project needs a name")
	case len(name) > 63:
		return fmt.Errorf("%q is longer than 63 characters", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }):
		return fmt.Errorf("%q has characters outside ASCII, which look alike in paths and imports", name)
	case !regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(name):
		return fmt.Errorf("%q is not lower-case letters and digits in words joined by hyphens, starting with a letter", name)
	case name == "go" || name == "internal" || name == "vendor" || name == "testdata" || name == "main":
		return fmt.Errorf("%q has a meaning of its own to the Go tool", name)
	case windowsNames.MatchString(name):
		return fmt.Errorf("%q cannot name a folder on Windows", name)
	}
	return nil
}

func checkModule(path string) error {
	if err := module.CheckPath(path); err != nil {
		var detail string
		if invalid, ok := err.(*module.InvalidPathError); ok && invalid.Err != nil { //nolint:errorlint // CheckPath returns it bare
			detail = ": " + invalid.Err.Error()
		}
		return fmt.Errorf("%q is not a Go module path like example.com/shop%s", path, detail)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "internal" || part == "vendor" || part == "testdata" {
			return fmt.Errorf("%q has the element %q, which has a meaning of its own to the Go tool", path, part)
		}
	}
	return nil
}

// checkOrigin asks for what browsers send as Origin, which the server compares.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Port() == "443" || strings.HasSuffix(u.Host, ":") ||
		origin != "https://"+strings.ToLower(u.Host) {
		return fmt.Errorf("%q is not an origin like https://app.example.com (https, lower case, no port 443, no path, no slash at the end)", origin)
	}
	return nil
}
