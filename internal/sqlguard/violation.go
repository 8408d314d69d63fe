package sqlguard

import (
	"fmt"
	"strings"
)

// Rule names what the backend objects to.
type Rule string

// The rules of the backend's guard.
const (
	RuleEmpty            Rule = "empty"
	RuleSyntax           Rule = "syntax"
	RuleSetConfig        Rule = "set-config"
	RuleSessionRole      Rule = "session-role"
	RuleSearchPath       Rule = "search-path"
	RuleStatementTimeout Rule = "statement-timeout"
	RuleResetAll         Rule = "reset-all"
	RuleRoles            Rule = "roles"
	RuleDatabases        Rule = "databases"
	RuleTransaction      Rule = "transaction"
)

// A Violation is one thing the backend refuses, and where.
type Violation struct {
	Position
	Rule    Rule
	Message string // what the backend answers, so that its users can search for it
	Detail  string // what Postgres' parser says; empty unless Rule is RuleSyntax
	Fix     string // what to do instead
}

// Status is the HTTP status of the backend's answer.
func (v Violation) Status() int {
	if v.Rule == RuleEmpty {
		return 400
	}
	return 403
}

func (v Violation) String() string {
	message := v.Message
	if v.Detail != "" {
		message += " (" + v.Detail + ")"
	}
	return fmt.Sprintf("%s: %s: %s %s", v.Position, v.Rule, message, v.Fix)
}

// Error is everything the backend refuses in one text, in order of position.
type Error struct {
	Violations []Violation // never empty
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		lines[i] = v.String()
	}
	return strings.Join(lines, "\n")
}

// Position is a place in a text. Both numbers start at 1; columns count characters.
type Position struct{ Line, Column int }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// positionAt is the place of a byte offset.
func positionAt(text string, offset int) Position {
	before := text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return Position{Line: strings.Count(before, "\n") + 1, Column: len([]rune(before[start:])) + 1}
}
