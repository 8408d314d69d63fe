package sqlguard

import (
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// The parts of the parser's tree that the guard looks at, by their numbers in
// libpg_query's protobuf schema for Postgres 17. They are read here by hand
// because the generated Go types come in a package that compiles the whole
// parser from C wherever cgo is on. Tests run every one of them, so numbers
// that moved with a newer parser do not go unnoticed.
const (
	fieldStatements = 2 // of the tree

	fieldStatement       = 1
	fieldStatementStart  = 2
	fieldStatementLength = 3

	nodeAlterTable             = 141
	nodeGrantRole              = 149
	nodeVariableSet            = 152
	nodeCreatePolicy           = 172
	nodeAlterPolicy            = 173
	nodeCreateRole             = 179
	nodeAlterRole              = 180
	nodeAlterRoleSet           = 181
	nodeDropRole               = 182
	nodeDrop                   = 191
	nodeTruncate               = 192
	nodeRename                 = 209
	nodeTransaction            = 219
	nodeCreateDatabase         = 226
	nodeAlterDatabase          = 227
	nodeAlterDatabaseCollation = 228
	nodeAlterDatabaseSet       = 229
	nodeDropDatabase           = 230

	fieldSetKind = 1
	fieldSetName = 2

	setKindResetAll = 6

	fieldPolicyTable    = 2
	fieldRenameType     = 1
	fieldRenameRelation = 3
	fieldDropObjects    = 1
	fieldDropType       = 2
	fieldListItems      = 1
	fieldStringValue    = 1

	fieldAlterRelation = 1
	fieldAlterCommands = 2
	fieldCommandType   = 1

	fieldRangeSchema = 2
	fieldRangeName   = 3

	objectPolicy = 29
	objectSchema = 37
	objectTable  = 42

	commandDropColumn         = 15
	commandDropConstraint     = 24
	commandAlterColumnType    = 26
	commandEnableRowSecurity  = 56
	commandDisableRowSecurity = 57
	commandForceRowSecurity   = 58
	commandNoForceRowSecurity = 59
)

// A message is one encoded protobuf message. Absent fields read as their zero value.
type message []byte

// fields yields each field with its bytes, or with its number when it is one.
func (m message) fields() iter.Seq2[protowire.Number, field] {
	return func(yield func(protowire.Number, field) bool) {
		for rest := []byte(m); len(rest) > 0; {
			number, kind, n := protowire.ConsumeTag(rest)
			if n < 0 {
				return
			}
			rest = rest[n:]
			var f field
			switch kind {
			case protowire.VarintType:
				f.number, n = protowire.ConsumeVarint(rest)
			case protowire.BytesType:
				f.bytes, n = protowire.ConsumeBytes(rest)
			default:
				n = protowire.ConsumeFieldValue(number, kind, rest)
			}
			if n < 0 || !yield(number, f) {
				return
			}
			rest = rest[n:]
		}
	}
}

type field struct {
	number uint64
	bytes  []byte
}

// each yields the messages of a repeated field.
func (m message) each(number protowire.Number) iter.Seq[message] {
	return func(yield func(message) bool) {
		for n, f := range m.fields() {
			if n == number && !yield(f.bytes) {
				return
			}
		}
	}
}

// message is a field's message, the first one's if it is repeated.
func (m message) message(number protowire.Number) message {
	for sub := range m.each(number) {
		return sub
	}
	return nil
}

func (m message) text(number protowire.Number) string { return string(m.message(number)) }

func (m message) number(number protowire.Number) int {
	for n, f := range m.fields() {
		if n == number {
			return int(f.number) //nolint:gosec // offsets and enumerations, all small
		}
	}
	return 0
}

// node opens a node of the parse tree: a message with one field, whose number
// says what kind it is.
func (m message) node() (int, message) {
	for n, f := range m.fields() {
		return int(n), f.bytes
	}
	return 0, nil
}
