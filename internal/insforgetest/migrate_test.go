package insforgetest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/insforge/forge/internal/insforgetest"
)

var admin = insforgetest.Caller{Role: "project_admin"}

func TestMigrate(t *testing.T) {
	t.Parallel()
	d := database(t)
	migrate(t, d, "create table notes (id int); -- done\ninsert into notes values (1)")
	ledger, err := d.Migrations(t.Context())
	if err != nil || len(ledger) != 1 || ledger[0].Version != "1" || ledger[0].Name != "test" || len(ledger[0].Statements) != 2 {
		t.Errorf("ledger %+v, %v", ledger, err)
	}
	if owner, err := ask(t, d, admin, `select tableowner from pg_tables where schemaname = 'public' and tablename = 'notes'`); owner != "project_admin" {
		t.Errorf("the table belongs to %s, %v", owner, err)
	}
	for file, status := range map[string]int{
		"0001_again.sql":     http.StatusConflict,
		"1_again.sql":        http.StatusConflict,
		"0_older.sql":        http.StatusConflict,
		"2_under_score.sql":  0,
		"db_init.sql":        0,
		"0002_Upper.sql":     0,
		"0002_a.sql.bak":     0,
		"README.md":          0,
		"0002_a b.sql":       0,
		"0002_.sql":          0,
		"00000002-dash.sql":  0,
		"0002_two_parts.sql": 0,
	} {
		if err := d.Migrate(t.Context(), file, "select 1"); err == nil || apiStatus(err) != status {
			t.Errorf("%s: %v with status %d, want %d", file, err, apiStatus(err), status)
		}
	}
	for sql, status := range map[string]int{
		"-- only words":               http.StatusBadRequest,
		"/* set nothing */ ; ;":       http.StatusBadRequest,
		"begin; select 1; commit":     http.StatusForbidden,
		"select 1 -- set_config":      http.StatusForbidden,
		"set role postgres":           http.StatusForbidden,
		"create role x":               http.StatusForbidden,
		"create table auth.x (a int)": http.StatusForbidden, // 42501
		"select from nowhere":         http.StatusBadRequest,
		"select 1/0":                  http.StatusInternalServerError,
		"insert into notes (id) values (1); alter table notes add unique (id)": http.StatusConflict,
	} {
		if err := d.Migrate(t.Context(), "2_x.sql", sql); apiStatus(err) != status {
			t.Errorf("%s: %v with status %d, want %d", sql, err, apiStatus(err), status)
		}
	}
	// Nothing of a failed migration stays.
	if n, err := ask(t, d, admin, "select count(*) from notes"); n != "1" || err != nil {
		t.Errorf("%s notes, %v, want 1", n, err)
	}
	if ledger, _ := d.Migrations(t.Context()); len(ledger) != 1 {
		t.Errorf("%d rows in the ledger, want 1", len(ledger))
	}
}

func TestMigrationsRunAsTheBackendRunsThem(t *testing.T) {
	t.Parallel()
	d := database(t)
	migrate(t, d, `create table seen as select current_user::text as role, session_user::text as session,
		auth.jwt() as claims, auth.role() as claimed, current_schemas(false)::text as path`)
	got, err := ask(t, d, admin, "select to_jsonb(s) from seen as s")
	const want = `{"path": "{public}", "role": "project_admin", "claims": {"role": "project_admin"}, "claimed": "project_admin", "session": "postgres"}`
	if got != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
}

func TestMigrateAll(t *testing.T) {
	t.Parallel()
	d := database(t)
	file := func(sql string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(sql)} }
	folder := fstest.MapFS{
		"2_first.sql":    file("create table t (a int)"),
		"10_second.sql":  file("alter table t add b int"),
		"0011_third.sql": file("insert into t values (1, 2)"),
	}
	for range 2 { // the second time there is nothing to do
		if err := d.MigrateAll(t.Context(), folder); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := ask(t, d, admin, "select count(*) from t"); n != "1" {
		t.Errorf("%s rows, %v, want 1", n, err)
	}
	for name, extra := range map[string]string{"another entry": "README.md", "a folder": "sub/1_a.sql", "a number twice": "011_x.sql", "an older one": "5_x.sql"} {
		folder := fstest.MapFS{extra: file("select 1"), "0011_third.sql": folder["0011_third.sql"]}
		if err := d.MigrateAll(t.Context(), folder); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	d := database(t)
	migrate(t, d, "create table t (a int, b int)")
	for sql, want := range map[string]string{
		"create table u (a int); select 1":                         "true 2 SAFE []",
		"alter table t add c int default 1, alter a set default 2": "true 1 SAFE []",
		"alter table only public.t drop column b":                  "true 1 WARNING [SCHEMA_BREAKING_CHANGE]",
		"alter table if exists t alter a type bigint":              "true 1 WARNING [SCHEMA_BREAKING_CHANGE]",
		"alter table t add check (a > 0), drop b":                  "true 1 WARNING [SCHEMA_BREAKING_CHANGE]",
		"drop table t":                     "true 1 DANGER [DESTRUCTIVE_DATA_LOSS]",
		"truncate t":                       "true 1 DANGER [DESTRUCTIVE_DATA_LOSS]",
		"do $$ begin drop table t; end $$": "true 1 SAFE []",
		"select * from nowhere":            "false 1 DANGER [SYNTAX_OR_EXECUTION_ERROR]",
		"select 1; begin":                  "false 2 DANGER [GUARD_VIOLATION]",
		"-- nothing":                       "false 0 DANGER [EMPTY_SQL]",
	} {
		r, err := d.DryRun(t.Context(), sql)
		codes := []string{}
		for _, f := range r.RiskFactors {
			codes = append(codes, f.Code)
		}
		if got := fmt.Sprintf("%v %d %s %v", r.Valid, r.StatementCount, r.RiskLevel, codes); got != want || err != nil || r.Valid != (r.Error == "") {
			t.Errorf("%s\n\tis %s, %v; want %s", sql, got, err, want)
		}
	}
	if columns, err := ask(t, d, admin, "select count(*) from information_schema.columns where table_name = 't'"); columns != "2" {
		t.Errorf("%s columns afterwards, %v, want 2", columns, err)
	}
}
