package sqlguard_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/internal/sqlguard"
)

func TestSplit(t *testing.T) {
	const sql = `-- é
alter table realtime.messages enable row level security;
  alter table only "Odd" force row level security, disable row level security;
alter table a.b enable row level security, add column c int; /* note */ create policy p on storage.objects to anon using (';' = '');
alter policy p on a.b using (true); alter policy p on b rename to q;
drop policy if exists p on storage.objects;
drop policy p on todos;
drop policy p on shop.a.b;
drop table a.b; alter table a.b rename to c
`
	type row struct {
		Position     string
		Kind         sqlguard.Kind
		Target, Text string
	}
	want := []row{
		{"2:1", sqlguard.RowSecurity, "realtime.messages", "alter table realtime.messages enable row level security"},
		{"3:3", sqlguard.RowSecurity, "Odd", `alter table only "Odd" force row level security, disable row level security`},
		{"4:1", sqlguard.AlterTable, "a.b", "alter table a.b enable row level security, add column c int"},
		{"4:73", sqlguard.CreatePolicy, "storage.objects", "create policy p on storage.objects to anon using (';' = '')"},
		{"5:1", sqlguard.AlterPolicy, "a.b", "alter policy p on a.b using (true)"},
		{"5:37", sqlguard.AlterPolicy, "b", "alter policy p on b rename to q"},
		{"6:1", sqlguard.DropPolicy, "storage.objects", "drop policy if exists p on storage.objects"},
		{"7:1", sqlguard.DropPolicy, "todos", "drop policy p on todos"},
		{"8:1", sqlguard.DropPolicy, "a.b", "drop policy p on shop.a.b"},
		{"9:1", sqlguard.Other, "", "drop table a.b"},
		{"9:17", sqlguard.Other, "", "alter table a.b rename to c"},
	}
	statements, err := sqlguard.Split(sql)
	if err != nil {
		t.Fatal(err)
	}
	var got []row
	for _, s := range statements {
		got = append(got, row{s.String(), s.Kind, s.Target.String(), s.Text})
		if !strings.HasPrefix(sql[s.Offset:], s.Text) {
			t.Errorf("offset %d is not where %q stands", s.Offset, s.Text)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Split (-want +got):\n%s", diff)
	}
}

func TestSplitFails(t *testing.T) {
	_, err := sqlguard.Split("select 'é';\n é selec")
	var syntax *sqlguard.SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("Split = %v, want a *SyntaxError", err)
	}
	if got, want := syntax.Error(), "2:2: syntax error at or near \"é\""; got != want {
		t.Errorf("Split: %s, want %s", got, want)
	}
}

func TestAssess(t *testing.T) {
	tests := []struct {
		sql        string
		valid      bool
		statements int
		risk       sqlguard.Risk
		want       []string
	}{
		{"create table public.t (id uuid primary key)", true, 1, sqlguard.Safe, nil},
		{"drop table public.t", true, 1, sqlguard.Danger, []string{"1:1 DESTRUCTIVE_DATA_LOSS DANGER"}},
		{"drop schema s cascade", true, 1, sqlguard.Danger, []string{"1:1 DESTRUCTIVE_DATA_LOSS DANGER"}},
		{"truncate a, b", true, 1, sqlguard.Danger, []string{"1:1 DESTRUCTIVE_DATA_LOSS DANGER"}},
		{"alter table t drop column a", true, 1, sqlguard.Warning, []string{"1:1 SCHEMA_BREAKING_CHANGE WARNING"}},
		{"alter table t drop constraint a", true, 1, sqlguard.Warning, []string{"1:1 SCHEMA_BREAKING_CHANGE WARNING"}},
		{"alter table t alter column a type text", true, 1, sqlguard.Warning, []string{"1:1 SCHEMA_BREAKING_CHANGE WARNING"}},
		{
			"select 1;\nalter table t drop column a, drop column b; drop table t; alter table t drop constraint c", true, 4, sqlguard.Danger,
			[]string{
				"2:1 SCHEMA_BREAKING_CHANGE WARNING", "2:1 SCHEMA_BREAKING_CHANGE WARNING",
				"2:45 DESTRUCTIVE_DATA_LOSS DANGER", "2:59 SCHEMA_BREAKING_CHANGE WARNING",
			},
		},
		{"drop index i; drop view v; drop policy p on t; drop function f(); drop trigger g on t", true, 5, sqlguard.Safe, nil},
		{"delete from t; alter table t add column a int; do $$ begin drop table t; end $$", true, 3, sqlguard.Safe, nil},
		{"set role a; drop table t", false, 2, sqlguard.Danger, []string{"1:1 GUARD_VIOLATION DANGER"}},
		{"selec", false, 0, sqlguard.Danger, []string{"1:1 GUARD_VIOLATION DANGER"}},
		{"-- nothing", false, 0, sqlguard.Danger, []string{"1:1 EMPTY_SQL DANGER"}},
	}
	for _, test := range tests {
		t.Run(test.sql, func(t *testing.T) {
			a := sqlguard.Assess(test.sql)
			var got []string
			for _, f := range a.Factors {
				got = append(got, f.String()+" "+f.Code+" "+string(f.Risk))
				if f.Description == "" || (f.Statement == "") == test.valid {
					t.Errorf("factor %+v lacks its description or statement", f)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("factors (-want +got):\n%s", diff)
			}
			if a.Valid != test.valid || a.Statements != test.statements || a.Risk != test.risk {
				t.Errorf("Assess = valid %v, %d statements, %s; want %v, %d, %s",
					a.Valid, a.Statements, a.Risk, test.valid, test.statements, test.risk)
			}
		})
	}
}

// Whatever the text: no panic, positions inside it, and what the parser takes
// and the guard refuses is refused for a reason in the text.
func FuzzCheck(f *testing.F) {
	for _, path := range golden(f) {
		sql, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(sql))
	}
	for _, seed := range []string{
		"", "\uFEFFselect 1", "begin;selec; reset all", "select 'a;b", "$a$;$a", "/* /* */", "E'\\';'", "\x00", "\xff;;\xff", "grant a to b",
	} {
		f.Add(seed)
	}
	// Compiling the parser takes longer than one run may, on a busy machine.
	_ = sqlguard.Check("select 1")
	f.Fuzz(func(t *testing.T, sql string) {
		err := sqlguard.Check(sql)
		statements, syntax := sqlguard.Split(sql)
		if err == nil && (syntax != nil || len(statements) == 0) {
			t.Errorf("Check passes what Split does not: %v", syntax)
		}
		if a := sqlguard.Assess(sql); a.Valid != (err == nil) {
			t.Errorf("Assess: valid %v, Check: %v", a.Valid, err)
		}
		end := 0
		for _, s := range statements {
			if s.Offset < end || s.Text == "" || !strings.HasPrefix(sql[s.Offset:], s.Text) {
				t.Fatalf("statement %+v overlaps or is not in the text", s)
			}
			end = s.Offset + len(s.Text)
		}
		var refused *sqlguard.Error
		if !errors.As(err, &refused) {
			return
		}
		lines := strings.Split(sql, "\n")
		for _, v := range refused.Violations {
			if v.Line < 1 || v.Line > len(lines) || v.Column < 1 || v.Column > len([]rune(lines[v.Line-1]))+1 {
				t.Errorf("%v is not a place in the text", v.Position)
			}
		}
	})
}
