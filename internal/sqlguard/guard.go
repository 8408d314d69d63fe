package sqlguard

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// Check returns nil when the backend would take sql as a migration, and else an
// *Error with every objection. When a statement does not parse, the others are
// still looked at.
func Check(sql string) error {
	statements, violations := read(sql)
	for _, s := range statements {
		if rule, refused := refusedBy(s); refused {
			violations = append(violations, violation(sql, s.Offset, rule))
		}
	}
	for _, at := range setConfig.FindAllStringIndex(sql, -1) {
		violations = append(violations, violation(sql, at[0], RuleSetConfig))
	}
	if len(violations) == 0 {
		return nil
	}
	slices.SortStableFunc(violations, func(a, b Violation) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return &Error{violations}
}

// read parses sql, and on failure what can be parsed of it.
func read(sql string) ([]Statement, []Violation) {
	statements, err := Split(sql)
	if err == nil && len(statements) == 0 {
		return nil, []Violation{violation(sql, 0, RuleEmpty)}
	}
	if err == nil {
		return statements, nil
	}
	var violations []Violation
	var syntax *SyntaxError
	for _, piece := range pieces(sql) {
		found, err := Split(sql[piece.start:piece.end])
		if errors.As(err, &syntax) {
			violations = append(violations, unparsed(sql, piece.start+syntax.Offset, syntax.Message))
		}
		for _, s := range found {
			s.Offset += piece.start
			s.Position = positionAt(sql, s.Offset)
			statements = append(statements, s)
		}
	}
	// Cut up otherwise than the parser would: then the parser has the last word.
	if len(violations) == 0 && errors.As(err, &syntax) {
		return nil, []Violation{unparsed(sql, syntax.Offset, syntax.Message)}
	}
	return statements, violations
}

// setConfig is how the backend looks for the function: as a word anywhere in
// the text, in comments and strings too. The classes are spelled out because
// case folding in Go also accepts letters outside ASCII, as the backend's does not.
var setConfig = regexp.MustCompile(`\b[sS][eE][tT]_[cC][oO][nN][fF][iI][gG]\b`)

func refusedBy(s Statement) (Rule, bool) {
	switch s.node {
	case nodeCreateDatabase, nodeDropDatabase, nodeAlterDatabase, nodeAlterDatabaseSet, nodeAlterDatabaseCollation:
		return RuleDatabases, true
	case nodeCreateRole, nodeAlterRole, nodeAlterRoleSet, nodeDropRole, nodeGrantRole:
		return RuleRoles, true
	case nodeTransaction:
		return RuleTransaction, true
	case nodeVariableSet:
		return refusedSetting(s.body)
	}
	return "", false
}

func refusedSetting(body message) (Rule, bool) {
	if body.number(fieldSetKind) == setKindResetAll {
		return RuleResetAll, true
	}
	switch strings.ToLower(body.text(fieldSetName)) {
	case "role", "session_authorization":
		return RuleSessionRole, true
	case "search_path":
		return RuleSearchPath, true
	case "statement_timeout":
		return RuleStatementTimeout, true
	}
	return "", false
}

// answers holds the backend's message and our advice for each rule.
var answers = map[Rule]struct{ message, fix string }{
	RuleEmpty: {
		"Migration SQL must contain at least one statement.",
		"Add a statement, or remove the file.",
	},
	RuleSyntax: {
		"Query could not be parsed and was rejected for security reasons.",
		"Correct the statement.",
	},
	RuleSetConfig: {
		"Changing SQL session configuration is not allowed.",
		"Remove the word, also from comments and strings; a function can take settings in its own SET clause.",
	},
	RuleSessionRole: {
		"Changing SQL execution role or session authorization is not allowed.",
		"Leave it out: migrations run as project_admin.",
	},
	RuleSearchPath: {
		"Changing SQL search_path is not allowed.",
		"Name objects with their schema, and give functions `set search_path = ''` as an attribute.",
	},
	RuleStatementTimeout: {
		"Changing SQL statement_timeout is not allowed.",
		"Leave it out; `set local lock_timeout` is allowed, and long work can be split over several migrations.",
	},
	RuleResetAll: {
		"RESET ALL is not allowed.",
		"Leave it out, or reset settings by name.",
	},
	RuleRoles: {
		"Managing database roles is not allowed.",
		"Use anon, authenticated and project_admin, and grant rights on objects to them.",
	},
	RuleDatabases: {
		"Query contains restricted operations",
		"Leave it out: a project has one database, and the backend keeps it.",
	},
	RuleTransaction: {
		"Transaction control statements are not allowed.",
		"Leave it out: a migration runs in one transaction already.",
	},
}

func violation(sql string, offset int, rule Rule) Violation {
	a := answers[rule]
	return Violation{Position: positionAt(sql, offset), Rule: rule, Message: a.message, Fix: a.fix}
}

var createPolicyIfNotExists = regexp.MustCompile(`(?i)create\s+policy\s+if\s+$`)

// unparsed words the advice for mistakes that other SQL tools forgive.
func unparsed(sql string, offset int, detail string) Violation {
	v := violation(sql, offset, RuleSyntax)
	v.Detail = detail
	switch rest := sql[offset:]; {
	case strings.HasPrefix(rest, "\uFEFF"):
		v.Fix = "Save the file without a byte order mark."
	case strings.HasPrefix(rest, `\`):
		v.Fix = "Remove it: commands with a backslash are psql's, not SQL."
	case strings.HasPrefix(rest, "\x00"):
		v.Fix = "Remove the NUL byte."
	case createPolicyIfNotExists.MatchString(sql[:offset]):
		v.Fix = "Postgres has no such form: write `drop policy if exists` before `create policy`."
	}
	return v
}
