package sqlguard

import "errors"

// Risk is how dangerous a dry run calls a migration.
type Risk string

// The risks, mildest first.
const (
	Safe    Risk = "SAFE"
	Warning Risk = "WARNING"
	Danger  Risk = "DANGER"
)

// The codes of risk factors.
const (
	CodeEmpty    = "EMPTY_SQL"
	CodeGuard    = "GUARD_VIOLATION"
	CodeDataLoss = "DESTRUCTIVE_DATA_LOSS"
	CodeBreaking = "SCHEMA_BREAKING_CHANGE"
)

// Assessment is what the backend's dry run says, short of executing anything.
type Assessment struct {
	Valid      bool // whether the guard lets the text through
	Statements int
	Risk       Risk
	Factors    []Factor // in order of position; empty when Risk is Safe
}

// Factor is one reason for an Assessment's risk.
type Factor struct {
	Position
	Code        string
	Risk        Risk
	Description string
	Statement   string // empty for what the guard refuses
}

// Assess tells how a dry run of sql would be rated. Like the backend it looks at
// whole statements only: a DROP inside a function or a DO block goes unseen, and
// so does a DELETE without a condition.
func Assess(sql string) Assessment {
	statements, _ := read(sql)
	a := Assessment{Valid: true, Statements: len(statements), Risk: Safe}
	var refused *Error
	if errors.As(Check(sql), &refused) {
		a.Valid, a.Risk = false, Danger
		for _, v := range refused.Violations {
			code := CodeGuard
			if v.Rule == RuleEmpty {
				code = CodeEmpty
			}
			a.Factors = append(a.Factors, Factor{Position: v.Position, Code: code, Risk: Danger, Description: v.Message})
		}
		return a
	}
	for _, s := range statements {
		for _, f := range risks(s) {
			f.Position, f.Statement = s.Position, s.Text
			a.Factors = append(a.Factors, f)
			if a.Risk != Danger {
				a.Risk = f.Risk
			}
		}
	}
	return a
}

func risks(s Statement) []Factor {
	switch s.node {
	case nodeTruncate:
		return []Factor{dataLoss("TRUNCATE removes every row")}
	case nodeDrop:
		switch s.body.number(fieldDropType) {
		case objectTable:
			return []Factor{dataLoss("the table and its rows are gone for good")}
		case objectSchema:
			return []Factor{dataLoss("the schema and what it holds are gone for good")}
		}
	case nodeAlterTable:
		var found []Factor
		for c := range s.body.each(fieldAlterCommands) {
			_, command := c.node()
			switch command.number(fieldCommandType) {
			case commandDropColumn:
				found = append(found, breaking("drops a column that code may still read"))
			case commandDropConstraint:
				found = append(found, breaking("drops a constraint that code may rely on"))
			case commandAlterColumnType:
				found = append(found, breaking("changes the type of a column"))
			}
		}
		return found
	}
	return nil
}

func dataLoss(description string) Factor {
	return Factor{Code: CodeDataLoss, Risk: Danger, Description: description}
}

func breaking(description string) Factor {
	return Factor{Code: CodeBreaking, Risk: Warning, Description: description}
}
