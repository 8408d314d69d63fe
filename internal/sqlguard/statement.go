package sqlguard

import (
	"fmt"
	"strings"
	"sync"

	"github.com/wasilibs/go-pgquery/parser"
)

// Kind says what a statement does, as far as callers need to know.
type Kind int

// The kinds of statement.
const (
	Other Kind = iota
	CreatePolicy
	AlterPolicy // renaming included
	DropPolicy
	RowSecurity // ALTER TABLE that switches row level security and does nothing else
	AlterTable
)

// Relation names a table or the like. Schema is empty when the statement leaves it out.
type Relation struct{ Schema, Name string }

func (r Relation) String() string {
	if r.Schema == "" {
		return r.Name
	}
	return r.Schema + "." + r.Name
}

// A Statement is one statement of a text.
type Statement struct {
	Position        // of its first word; comments before it are not part of it
	Offset   int    // the same in bytes
	Text     string // without the semicolon
	Kind     Kind
	Target   Relation // the zero value when Kind is Other

	node int // which message of the parse tree it is
	body message
}

// SyntaxError is why a text is no SQL.
type SyntaxError struct {
	Position
	Offset  int // in bytes
	Message string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s: %s", e.Position, e.Message) }

// Split parses sql and returns its statements in order, none for a text without
// any. The error is a *SyntaxError.
func Split(sql string) ([]Statement, error) {
	tree, err := parse(sql)
	if err != nil {
		return nil, err
	}
	var statements []Statement
	for raw := range tree.each(fieldStatements) {
		start := raw.number(fieldStatementStart)
		end := len(sql) // a length of 0 means to the end
		if n := raw.number(fieldStatementLength); n > 0 {
			end = start + n
		}
		start += blank(sql[start:end])
		s := Statement{
			Position: positionAt(sql, start),
			Offset:   start,
			Text:     strings.TrimRight(sql[start:end], " \t\r\n\f\v"),
		}
		s.node, s.body = raw.message(fieldStatement).node()
		s.Kind, s.Target = classify(s.node, s.body)
		statements = append(statements, s)
	}
	return statements, nil
}

// parse runs Postgres' parser. The parse tree comes in its binary form: printing
// it as JSON hangs in this build of the parser when expressions nest deeply.
func parse(sql string) (tree message, err error) {
	// The parser takes a C string and would ignore what follows.
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return nil, &SyntaxError{positionAt(sql, i), i, "invalid NUL byte"}
	}
	defer func() {
		// The parser's stack is finite, and it panics at the end of it.
		if r := recover(); r != nil {
			tree, err = nil, &SyntaxError{positionAt(sql, 0), 0, fmt.Sprintf("the parser gave up: %v", r)}
		}
	}()
	parsing.Lock()
	defer parsing.Unlock()
	out, err := parser.ParseToProtobuf(sql)
	if err == nil {
		return out, nil
	}
	at := 0
	message := err.Error()
	//nolint:errorlint // the parser returns this type bare or nothing
	if e, ok := err.(*parser.Error); ok {
		at = byteOffset(sql, e.Cursorpos)
	}
	return nil, &SyntaxError{positionAt(sql, at), at, message}
}

// parsing is held by who parses. The parser would make another of itself for each text
// that is parsed at the same time, which takes seconds where a text takes milliseconds.
var parsing sync.Mutex

// byteOffset turns the parser's position, in characters from 1, into bytes from 0.
func byteOffset(sql string, position int) int {
	for i := range sql {
		if position <= 1 {
			return i
		}
		position--
	}
	return len(sql)
}

func classify(node int, body message) (Kind, Relation) {
	switch node {
	case nodeCreatePolicy:
		return CreatePolicy, relation(body.message(fieldPolicyTable))
	case nodeAlterPolicy:
		return AlterPolicy, relation(body.message(fieldPolicyTable))
	case nodeRename:
		if body.number(fieldRenameType) == objectPolicy {
			return AlterPolicy, relation(body.message(fieldRenameRelation))
		}
	case nodeDrop:
		if body.number(fieldDropType) == objectPolicy {
			return DropPolicy, policyTable(body)
		}
	case nodeAlterTable:
		kind := RowSecurity
		for c := range body.each(fieldAlterCommands) {
			_, command := c.node()
			switch command.number(fieldCommandType) {
			case commandEnableRowSecurity, commandDisableRowSecurity, commandForceRowSecurity, commandNoForceRowSecurity:
			default:
				kind = AlterTable
			}
		}
		return kind, relation(body.message(fieldAlterRelation))
	}
	return Other, Relation{}
}

func relation(rangeVar message) Relation {
	return Relation{rangeVar.text(fieldRangeSchema), rangeVar.text(fieldRangeName)}
}

// policyTable reads the table from a DROP POLICY, where it stands as a list of
// names: the table's, qualified or not, then the policy's.
func policyTable(drop message) Relation {
	_, list := drop.message(fieldDropObjects).node()
	var names []string
	for item := range list.each(fieldListItems) {
		_, name := item.node()
		names = append(names, name.text(fieldStringValue))
	}
	switch n := len(names); {
	case n >= 3:
		return Relation{names[n-3], names[n-2]}
	case n == 2:
		return Relation{Name: names[0]}
	}
	return Relation{}
}
