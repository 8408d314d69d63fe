package lint

import (
	"slices"
	"strings"
)

// rerun wants a statement to do no harm, and not to fail, the second time.
func (m *migration) rerun(i int, s statement) {
	if why, fix := m.unrepeatable(i, s); why != "" {
		m.report(sqlRerun, s, why, fix)
	}
}

// unrepeatable says why the statement at i fails the second time, "" if it does not.
func (m *migration) unrepeatable(i int, s statement) (why, fix string) {
	b := s.body
	switch s.kind {
	case "CreateStmt", "CreateSeqStmt", "CreateSchemaStmt", "CreateTableAsStmt":
		if !b.bool("if_not_exists") {
			return "it fails where what it makes is there already", "write if not exists"
		}
	case "IndexStmt":
		if !b.bool("if_not_exists") || b.text("idxname") == "" {
			return "it fails, or makes a second index, where the index is there already", "give the index a name and write create index if not exists"
		}
	case "CreateFunctionStmt", "ViewStmt":
		if !b.bool("replace") {
			return "it fails where what it makes is there already", "write create or replace"
		}
	case "CreatePolicyStmt":
		if !m.droppedBefore(i, "OBJECT_POLICY", relation(b.node("table")), b.text("policy_name")) {
			return "it fails where the policy is there already", "put drop policy if exists … on … in front of it"
		}
	case "CreateTrigStmt":
		if !b.bool("replace") && !m.droppedBefore(i, "OBJECT_TRIGGER", relation(b.node("relation")), b.text("trigname")) {
			return "it fails where the trigger is there already", "put drop trigger if exists … on … in front of it"
		}
	case "InsertStmt":
		if b.node("onConflictClause") == nil {
			return "it inserts a second row, or fails, where the row is there already", "write on conflict … do nothing"
		}
	case "DropStmt":
		if !b.bool("missing_ok") {
			return "it fails where what it drops is gone already", "write if exists"
		}
	case "CreateEnumStmt", "CompositeTypeStmt", "CreateDomainStmt":
		return "Postgres cannot be told to make a type only if it is missing", "use text with a check constraint"
	case "RenameStmt":
		return "it fails where the name has been changed already", "make the new one beside the old"
	case "AlterTableStmt":
		return m.unrepeatableAlter(s)
	}
	return "", ""
}

func (m *migration) unrepeatableAlter(s statement) (why, fix string) {
	var dropped []string
	for _, t := range m.list {
		if t.kind == "AlterTableStmt" && t.offset <= s.offset && relation(t.body.node("relation")) == relation(s.body.node("relation")) {
			for _, c := range t.body.list("cmds") {
				if command := c.node("AlterTableCmd"); command.text("subtype") == "AT_DropConstraint" && command.bool("missing_ok") {
					dropped = append(dropped, command.text("name"))
				}
			}
		}
	}
	for _, c := range s.body.list("cmds") {
		command := c.node("AlterTableCmd")
		switch command.text("subtype") {
		case "AT_AddColumn":
			if !command.bool("missing_ok") {
				return "it fails where the column is there already", "write add column if not exists"
			}
		case "AT_DropColumn", "AT_DropConstraint":
			if !command.bool("missing_ok") {
				return "it fails where what it drops is gone already", "write if exists"
			}
		case "AT_AddConstraint":
			if name := command.node("def").node("Constraint").text("conname"); !slices.Contains(dropped, name) {
				return "it fails where the constraint is there already", "put drop constraint if exists in front of it"
			}
		}
	}
	return "", ""
}

// droppedBefore says whether a statement before the one at i drops a policy or a
// trigger of that name, if there is one.
func (m *migration) droppedBefore(i int, kind, table, name string) bool {
	return slices.ContainsFunc(m.list[:i], func(s statement) bool {
		if s.kind != "DropStmt" || s.body.text("removeType") != kind || !s.body.bool("missing_ok") {
			return false
		}
		return slices.ContainsFunc(s.body.list("objects"), func(object node) bool {
			return strings.Join(object.node("List").names("items"), ".") == table+"."+name
		})
	})
}
