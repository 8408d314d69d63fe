package sqlguard_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/internal/sqlguard"
)

// rules lists what Check found, each with its place.
func rules(t testing.TB, sql string) []string {
	t.Helper()
	err := sqlguard.Check(sql)
	if err == nil {
		return nil
	}
	var refused *sqlguard.Error
	if !errors.As(err, &refused) || len(refused.Violations) == 0 {
		t.Fatalf("Check(%q) = %v, no *Error with violations", sql, err)
	}
	var found []string
	for _, v := range refused.Violations {
		if v.Message == "" || v.Fix == "" {
			t.Errorf("Check(%q): %+v lacks a message or a fix", sql, v)
		}
		found = append(found, v.Position.String()+" "+string(v.Rule))
	}
	return found
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name, sql string
		want      []string
	}{
		{"set_config", "select set_config('a.b', 'c', false)", []string{"1:8 set-config"}},
		{"set_config qualified", "select pg_catalog.\"set_config\"('role', 'x', false)", []string{"1:20 set-config"}},
		{"set_config in a comment", "select 1;\n-- no Set_Config here\n", []string{"2:7 set-config"}},
		{"set_config in a string", "select 'set_config'", []string{"1:9 set-config"}},
		{"set_config in a function", "do $$ begin perform set_config('a.b', '', true); end $$", []string{"1:21 set-config"}},

		{"set role", "set role postgres", []string{"1:1 session-role"}},
		{"set local role", "set local role postgres", []string{"1:1 session-role"}},
		{"set quoted role", `set "Role" = 'postgres'`, []string{"1:1 session-role"}},
		{"reset role", "reset role", []string{"1:1 session-role"}},
		{"set session authorization", "set session authorization postgres", []string{"1:1 session-role"}},
		{"reset session authorization", "reset session authorization", []string{"1:1 session-role"}},
		{"set search_path", "set search_path to public", []string{"1:1 search-path"}},
		{"set local search_path", "set local search_path = ''", []string{"1:1 search-path"}},
		{"reset search_path", "reset search_path", []string{"1:1 search-path"}},
		{"set schema", "set schema 'public'", []string{"1:1 search-path"}},
		{"set statement_timeout", "set statement_timeout = 0", []string{"1:1 statement-timeout"}},
		{"reset statement_timeout", "reset statement_timeout", []string{"1:1 statement-timeout"}},
		{"reset all", "reset all", []string{"1:1 reset-all"}},

		{"create role", "create role app", []string{"1:1 roles"}},
		{"create user", "create user app", []string{"1:1 roles"}},
		{"alter role", "alter role app nologin", []string{"1:1 roles"}},
		{"alter role set", "alter role app set search_path = public", []string{"1:1 roles"}},
		{"drop role", "drop role app", []string{"1:1 roles"}},
		{"grant role", "grant authenticated to project_admin", []string{"1:1 roles"}},
		{"revoke role", "revoke authenticated from project_admin", []string{"1:1 roles"}},

		{"create database", "create database shop", []string{"1:1 databases"}},
		{"drop database", "drop database shop", []string{"1:1 databases"}},
		{"alter database", "alter database shop with connection limit 5", []string{"1:1 databases"}},
		{"alter database set", "alter database shop set work_mem = '8MB'", []string{"1:1 databases"}},
		{"alter database collation", "alter database shop refresh collation version", []string{"1:1 databases"}},

		{"begin", "begin", []string{"1:1 transaction"}},
		{"start transaction", "start transaction", []string{"1:1 transaction"}},
		{"commit", "commit", []string{"1:1 transaction"}},
		{"rollback", "rollback", []string{"1:1 transaction"}},
		{"savepoint", "savepoint a", []string{"1:1 transaction"}},

		{"no SQL", "selec 1", []string{"1:1 syntax"}},
		{"psql", "select 1;\n\\d todos", []string{"2:1 syntax"}},
		{"byte order mark", "\uFEFFselect 1", []string{"1:1 syntax"}},
		{"policy if not exists", "create policy if not exists a on b", []string{"1:18 syntax"}},
		{"open string", "select 'abc", []string{"1:8 syntax"}},
		{"NUL", "select 1\x00; begin", []string{"1:9 syntax", "1:12 transaction"}},

		{"nothing", "", []string{"1:1 empty"}},
		{"white space", " \n\t", []string{"1:1 empty"}},
		{"semicolons", ";;\n;", []string{"1:1 empty"}},
		{"comments only", "-- first\n/* second */\n", []string{"1:1 empty"}},

		{
			"everything at once",
			"-- set_config\n\n/* é */ begin;\n  create role a;\nselec;\ncreate table public.t (id int); set role x; select 'é' from from;\ncommit",
			[]string{
				"1:4 set-config", "3:9 transaction", "4:3 roles", "5:1 syntax", "6:33 session-role", "6:61 syntax", "7:1 transaction",
			},
		},
		{
			"cut at the right semicolons",
			"selec;\nselect ';', \";\", $a$;$a$, E'\\';', $$;$$ /* ; /* ; */ ; */ -- ;\n;\nbegin;\ncreate rule r as on insert to a do also (select 1; select 2);\nreset all",
			[]string{"1:1 syntax", "4:1 transaction", "6:1 reset-all"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, rules(t, test.sql)); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	for name, sql := range map[string]string{
		"function attribute":       "create function public.f() returns int language sql set search_path = '' as 'select 1'",
		"alter function set":       "alter function public.f() set search_path = ''",
		"lock timeout":             "set lock_timeout = '2s'; set local lock_timeout = 0; reset lock_timeout",
		"other settings":           "set time zone 'UTC'; set transaction isolation level serializable",
		"do block":                 "do $$ begin raise notice 'commit'; execute 'reset role'; end $$",
		"notify":                   "notify pgrst, 'reload schema'",
		"grants":                   "grant select on public.t to anon; revoke all on schema public from anon",
		"default privileges":       "alter default privileges in schema public revoke all on tables from anon",
		"CRLF":                     "create table public.t (id int);\r\n-- note\r\ninsert into public.t values (1);\r\n",
		"UTF-8 comment":            "-- naïve ☃\nselect 1;",
		"no last semicolon":        "select 1; select 2",
		"words in strings":         "select 'BEGIN; SET ROLE x', $$drop database a$$",
		"words in comments":        "-- set search_path to public\nselect 1 /* reset all */",
		"part of a longer word":    "select my_set_config(), set_configs()",
		"a letter that folds to s": "select '\u017fet_config'",
		"rename role":              "alter role a rename to b", // seen by the backend as any other rename
		"create schema":            "create schema if not exists better_auth",
		"atomic body":              "create function public.f() returns int language sql begin atomic; select 1; select 2; end",
		"deep nesting":             "select " + strings.Repeat("coalesce(", 2000) + "1" + strings.Repeat(")", 2000),
		"long chain":               "select 1" + strings.Repeat(" + 1", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			if err := sqlguard.Check(sql); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSyntaxErrorInAtomicBodyIsOne(t *testing.T) {
	got := rules(t, "create function public.f() returns int language sql begin atomic; select 1; end;\nselec")
	if got[len(got)-1] != "2:1 syntax" {
		t.Errorf("Check = %q, want the misspelt word in it", got)
	}
}

func TestMessage(t *testing.T) {
	const want = `1:1: session-role: Changing SQL execution role or session authorization is not allowed. ` +
		`Leave it out: migrations run as project_admin.
2:18: syntax: Query could not be parsed and was rejected for security reasons. (syntax error at or near "not") ` +
		"Postgres has no such form: write `drop policy if exists` before `create policy`."
	err := sqlguard.Check("set role a;\ncreate policy if not exists a on b for select using (true);")
	if err == nil || err.Error() != want {
		t.Errorf("Check = %v\nwant %s", err, want)
	}
}

func TestStatus(t *testing.T) {
	for sql, want := range map[string]int{"": 400, "begin": 403, "selec": 403} {
		var refused *sqlguard.Error
		if err := sqlguard.Check(sql); !errors.As(err, &refused) || refused.Violations[0].Status() != want {
			t.Errorf("Check(%q) = %v, want status %d", sql, err, want)
		}
	}
}

// golden lists the migrations of the complete generated projects, those alike once.
func golden(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob("../../golden/*/migrations/*.sql")
	if err != nil || len(found) == 0 {
		t.Fatalf("no golden migrations: %v", err)
	}
	known := map[string]bool{}
	return slices.DeleteFunc(found, func(path string) bool {
		sql, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		again := known[string(sql)]
		known[string(sql)] = true
		return again
	})
}

func TestGoldenMigrationsAreTakenAndSafe(t *testing.T) {
	for _, path := range golden(t) {
		sql, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlguard.Check(string(sql)); err != nil {
			t.Errorf("%s:\n%v", path, err)
		}
		if got := sqlguard.Assess(string(sql)); !got.Valid || got.Risk != sqlguard.Safe || len(got.Factors) > 0 {
			t.Errorf("%s: %+v, want SAFE", path, got)
		}
	}
}
