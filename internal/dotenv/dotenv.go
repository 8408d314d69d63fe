// Package dotenv reads a project's settings: the environment in front of its
// .env, which is read as `make run` reads it.
package dotenv

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// File is the name of the file with a project's settings.
const File = ".env"

const environment = "the environment"

// Settings are a project's variables, from wherever they are.
type Settings struct {
	// InFile is what .env says; Example what .env.example says
	// or, where it leaves a variable empty, gives as its example.
	InFile, Example map[string]string

	getenv   func(string) string
	declared string // .env.example, or "" if there is none
	err      error  // why .env cannot be read; fs.ErrNotExist if there is none
}

// Read reads the settings of the project in files.
func Read(files fs.FS, getenv func(string) string) Settings {
	s := Settings{getenv: getenv}
	var data []byte
	if data, s.err = fs.ReadFile(files, File); s.err == nil {
		s.InFile = parse(string(data))
	}
	if data, err := fs.ReadFile(files, File+".example"); err == nil {
		s.Example, s.declared = examples(string(data)), string(data)
	}
	return s
}

// parse reads NAME=VALUE lines as the project's Makefile does: the last one
// counts, and everything behind the sign is the value.
func parse(text string) map[string]string {
	set := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(line, "#") {
			set[name] = value
		}
	}
	return set
}

// examples are the values in .env.example, and for a variable that is empty there
// the one that the line above it names.
func examples(text string) map[string]string {
	set := parse(text)
	above := ""
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, found := strings.Cut(line, "="); found && value == "" && above != "" {
			set[name] = above
		}
		_, above, _ = strings.Cut(line, "# Example: ")
	}
	return set
}

// Get returns a variable's value and, for people, where it is from. The
// environment goes before the file, unless it is empty there.
func (s Settings) Get(name string) (value, from string) {
	if value = s.getenv(name); value != "" {
		return value, environment
	}
	return s.InFile[name], File
}

// InEnvironment is the variable's value in the environment alone.
func (s Settings) InEnvironment(name string) string { return s.getenv(name) }

// Declares says that .env.example has a line for the variable, commented out or
// not. Without that file every variable counts as declared.
func (s Settings) Declares(name string) bool {
	if s.declared == "" {
		return true
	}
	for line := range strings.SplitSeq(s.declared, "\n") {
		if strings.HasPrefix(strings.TrimPrefix(line, "# "), name+"=") {
			return true
		}
	}
	return false
}

// Problem is why a variable's value cannot be used. It never repeats the value,
// which may be a secret in the wrong place.
type Problem struct {
	// Where is the environment or .env; empty if the variable is in neither.
	Where string
	// What follows the variable's name.
	What string
	// Fix is what to do about it.
	Fix string
}

// Check returns the variable's value if it is set, stands there without quotes
// and white space, and wrong finds nothing to say about it. meaning says, after
// "to", what the right value is and who knows it.
func (s Settings) Check(name, meaning string, wrong func(value string) (what string)) (string, *Problem) {
	value, from := s.Get(name)
	p := &Problem{Where: from, Fix: Set(name, from, meaning)}
	switch {
	case value == "" && s.err == nil:
		p.Where, p.What = "", "is not set, neither in the environment nor in .env"
	case value == "" && errors.Is(s.err, fs.ErrNotExist):
		p.Where, p.What = "", "is not set, and there is no .env"
		p.Fix = "cp .env.example .env, and " + Set(name, "it", meaning)
	case value == "":
		p.Where, p.What = "", "is not set, and .env cannot be read"
		p.Fix = "make .env a file that you can read"
	case strings.Trim(value, `"'`) != value:
		p.What = "is in quotes, and they count as part of it"
	case strings.TrimSpace(value) != value:
		p.What = "begins or ends in white space (lines that end as on Windows count too)"
	default:
		p.What = wrong(value)
	}
	if p.What == "" {
		return value, nil
	}
	return "", p
}

// Set says what to do about a variable that is wrong in some place.
func Set(name, place, meaning string) string {
	return fmt.Sprintf("set %s in %s to %s", name, place, meaning)
}
