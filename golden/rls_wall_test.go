package golden

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/insforgetest"
)

// wallSpec is a table whose wall is probed.
type wallSpec struct {
	schema, table string
	key           string // the column that rows are found by
	seed          string // SQL that brings back the rows to begin with
	owner, change string // the column that says whose a row is, and the one that updates write
	// target is the row that a caller means: its key, "" for any, and its owner.
	target func(who person, row string) (id, owner string)
	// fresh is a new row; named says whether it names its owner.
	fresh func(owner string, named bool) map[string]any
}

// wall is the table in a project, seen by the superuser.
type wall struct {
	wallSpec

	p     *insforgetest.Project
	db    *pgx.Conn
	start map[string]map[string]any
	dirty bool
}

func newWall(t *testing.T, p *insforgetest.Project, spec wallSpec) *wall {
	t.Helper()
	db, err := pgx.Connect(t.Context(), p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	w := &wall{wallSpec: spec, p: p, db: db, dirty: true}
	w.reset(t)
	w.start = w.rows(t)
	return w
}

func (w *wall) name() string { return pgx.Identifier{w.schema, w.table}.Sanitize() }

// reset brings back the rows to begin with, if they have changed.
func (w *wall) reset(t *testing.T) {
	t.Helper()
	if !w.dirty {
		return
	}
	if _, err := w.db.Exec(t.Context(), w.seed, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	w.dirty = false
}

// rows are all that the table holds, by their key.
func (w *wall) rows(t *testing.T) map[string]map[string]any {
	t.Helper()
	var data []byte
	if err := w.db.QueryRow(t.Context(), "select coalesce(jsonb_object_agg("+w.key+", to_jsonb(t) - '{created_at,updated_at,claimed_until,seen_at}'::text[]), '{}') from "+w.name()+" as t").Scan(&data); err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]any{}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// effect says what has happened to the table: who got a row, which row lost
// which value, and which is gone.
func (w *wall) effect(t *testing.T) string {
	t.Helper()
	var effects []string
	now := w.rows(t)
	for id, row := range now {
		old, ok := w.start[id]
		if !ok {
			effects = append(effects, fmt.Sprintf("added:%v", row[w.owner]))
			continue
		}
		for column, value := range row {
			if fmt.Sprint(value) != fmt.Sprint(old[column]) {
				effects = append(effects, fmt.Sprintf("changed:%v's:%s", old[w.owner], column))
			}
		}
	}
	for id, row := range w.start {
		if _, ok := now[id]; !ok {
			effects = append(effects, fmt.Sprintf("removed:%v's", row[w.owner]))
		}
	}
	w.dirty = len(effects) > 0
	slices.Sort(effects)
	return strings.Join(effects, ",")
}

// probe does one thing to one row and says what came of it. An answer that is not
// borne out by the table, or that shows another row than the one meant, is no
// cell of any table.
func (w *wall) probe(t *testing.T, who person, way, verb, row string) string {
	t.Helper()
	w.reset(t)
	id, owner := w.target(who, row)
	r := w.do(t, who, way, verb, id, owner, row)
	effect, want := w.effect(t), ""
	if r.code == "" && len(r.rows) == 1 {
		want = map[string]string{
			"select": "", "insert": "added:" + owner, "delete": "removed:" + owner + "'s",
			"update": "changed:" + owner + "'s:" + w.change, "upsert": "changed:" + owner + "'s:" + w.change,
		}[verb]
		if verb == "upsert" && w.start[id] == nil {
			want = "added:" + owner
		}
	}
	got := r.String()
	if effect != want {
		got += "(" + effect + ")"
	}
	for _, seen := range r.rows {
		if seen[w.owner] != owner || verb != "insert" && seen[w.key] != id {
			got += fmt.Sprintf("(shows:%v's)", seen[w.owner])
		}
	}
	return got
}

func (w *wall) do(t *testing.T, who person, way, verb, id, owner, row string) reply {
	t.Helper()
	fresh := w.fresh(owner, row != "own")
	if verb == "upsert" { // the whole row as it stands, with one new value
		if stored := maps.Clone(w.start[id]); stored != nil {
			fresh = stored
		}
		if w.table == "payments" {
			fresh["claimed_until"] = "infinity"
		}
		fresh[w.change] = "changed"
	}
	if way == "sql" {
		return w.sql(t, who, verb, id, fresh)
	}
	var headers []string
	path := w.table + "?" + w.key + "=eq." + id
	switch verb {
	case "insert":
		path = w.table + "?"
	case "upsert":
		path = w.table + "?on_conflict=" + w.key
	}
	if w.schema != "public" {
		headers = []string{"Accept-Profile", w.schema, "Content-Profile", w.schema}
		if way == "gateway" {
			headers = nil
			path += "&schema=" + w.schema
		}
	}
	switch verb {
	case "select":
		return who.ask(t, w.p, way, "GET", path, nil, headers...)
	case "update":
		return who.ask(t, w.p, way, "PATCH", path, map[string]any{w.change: "changed"}, append(headers, "Prefer", "return=representation")...)
	case "delete":
		return who.ask(t, w.p, way, "DELETE", path, nil, append(headers, "Prefer", "return=representation")...)
	case "upsert":
		return who.ask(t, w.p, way, "POST", path, []any{fresh}, append(headers, "Prefer", "return=representation,resolution=merge-duplicates")...)
	}
	return who.ask(t, w.p, way, "POST", path, []any{fresh}, append(headers, "Prefer", "return=representation")...)
}

func (w *wall) sql(t *testing.T, who person, verb, id string, fresh map[string]any) reply {
	t.Helper()
	columns := slices.Sorted(maps.Keys(fresh))
	args := []any{pgx.QueryExecModeSimpleProtocol} // values without a type, so that columns take them
	marks := make([]string, len(columns))
	if verb == "insert" || verb == "upsert" {
		for i, column := range columns {
			args = append(args, fresh[column])
			marks[i] = fmt.Sprintf("$%d", i+1)
		}
	} else {
		args = append(args, id)
	}
	insert := fmt.Sprintf("insert into %s as t (%s) values (%s)", w.name(), strings.Join(columns, ", "), strings.Join(marks, ", "))
	return w.run(t, who, map[string]string{
		"select": "select to_jsonb(t) from " + w.name() + " as t where " + w.key + " = $1",
		"insert": insert + " returning to_jsonb(t)",
		"update": "update " + w.name() + " as t set " + w.change + " = 'changed' where " + w.key + " = $1 returning to_jsonb(t)",
		"delete": "delete from " + w.name() + " as t where " + w.key + " = $1 returning to_jsonb(t)",
		"upsert": insert + " on conflict (" + w.key + ") do update set " + w.change + " = excluded." + w.change + " returning to_jsonb(t)",
	}[verb], args...)
}

// run is one statement under the caller's role, committed if it can be.
func (w *wall) run(t *testing.T, who person, sql string, args ...any) reply {
	t.Helper()
	var r reply
	err := who.refusal
	if err == nil {
		err = w.p.As(t.Context(), who.caller, func(tx pgx.Tx) error {
			rows, err := tx.Query(t.Context(), sql, args...)
			if err != nil {
				return err
			}
			r.rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (values map[string]any, err error) {
				var data []byte
				if err = row.Scan(&data); err == nil {
					err = json.Unmarshal(data, &values)
				}
				return values, err
			})
			return err
		})
	}
	r.code = errorCode(err)
	return r
}

// The rows of todos by their owner. The one of nobody has an empty owner, which is
// what a caller without an identity would have.
var todoIDs = map[string]string{
	"user_a": "00000000-0000-0000-0000-00000000000a", "user_b": "00000000-0000-0000-0000-00000000000b",
	"user_gone": "00000000-0000-0000-0000-00000000000c", "": "00000000-0000-0000-0000-00000000000d",
}

var todosWall = wallSpec{
	schema: "public", table: "todos", key: "id", owner: "user_id", change: "title",
	seed: `delete from public.todos; insert into public.todos (id, user_id, title) values
		('` + todoIDs["user_a"] + `', 'user_a', 'a'), ('` + todoIDs["user_b"] + `', 'user_b', 'b'),
		('` + todoIDs["user_gone"] + `', 'user_gone', 'c'), ('` + todoIDs[""] + `', '', 'd')`,
	target: func(who person, row string) (id, owner string) {
		switch {
		case row == "own":
			owner = who.sub
		case row == "unowned":
			owner = "user_gone"
		case who.sub == "user_a":
			owner = "user_b"
		default:
			owner = "user_a"
		}
		return todoIDs[owner], owner
	},
	fresh: func(owner string, named bool) map[string]any {
		row := map[string]any{"title": "new"}
		if named {
			row["user_id"] = owner
		}
		return row
	},
}

const (
	paymentID    = "00000000-0000-0000-0000-0000000000ff"
	paymentClaim = "00000000-0000-0000-0000-0000000000fe"
)

var paymentsWall = wallSpec{
	schema: "public", table: "payments", key: "id", owner: "payer", change: "resource",
	seed: `delete from public.payments; insert into public.payments (id, network, asset, payer, nonce, recipient, amount,
			valid_before, resource, fingerprint, facilitator, state, claim, claimed_until)
		values ('` + paymentID + `', 'eip155:196', '0xa', '0xb', '0x1', '0xc', 1, 9, '/r', 'f', 'okx', 'claimed', '` + paymentClaim + `', 'infinity')`,
	target: func(person, string) (id, owner string) { return paymentID, "0xb" },
	fresh: func(owner string, _ bool) map[string]any {
		return map[string]any{
			"network": "eip155:196", "asset": "0xa", "payer": owner, "nonce": "0x2", "recipient": "0xc", "amount": "1", "valid_before": "9",
			"resource": "/r", "fingerprint": "f", "facilitator": "okx", "state": "claimed",
			"claim": "00000000-0000-0000-0000-0000000000fd", "claimed_until": "infinity",
		}
	},
}

func betterAuthWall(table string) wallSpec {
	name := pgx.Identifier{"better_auth", table}.Sanitize()
	return wallSpec{
		schema: "better_auth", table: table, key: "id", owner: "email", change: "name",
		seed:   "delete from " + name + "; insert into " + name + " values ('u1', 'ada@example.com', 'Ada')",
		target: func(person, string) (id, owner string) { return "u1", "ada@example.com" },
		fresh: func(owner string, _ bool) map[string]any {
			return map[string]any{"id": "u2", "email": owner, "name": "Eve"}
		},
	}
}
