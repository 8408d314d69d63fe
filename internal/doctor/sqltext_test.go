package doctor

import "testing"

func TestNormal(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"", ""},
		{"-- nothing", ""},
		{" select  1 ;\r\n\r\n", "select 1"},
		{"select 1; -- one\nselect/* /* nested */ ; */2;", "select 1; select 2"},
		{"select 1 ;select 2", "select 1; select 2"},
		{"select '--  no;', \"a  --\", 'it''s  '", "select '--  no;', \"a  --\", 'it''s  '"},
		{"do $$ begin  -- kept\n end $$;", "do $$ begin  -- kept\n end $$"},
		{"do $a$ $$ $b$ ; $a$ ;", "do $a$ $$ $b$ ; $a$"},
		{"select $1,  $2", "select $1, $2"},
		{"select 'open", "select 'open"},
		{"select $$open", "select $$open"},
		{"/* open", ""},
	} {
		if got := normal(c.sql); got != c.want {
			t.Errorf("normal(%q) = %q, want %q", c.sql, got, c.want)
		}
	}
}

func TestBetterName(t *testing.T) {
	for file, want := range map[string]string{
		"0005_Add_Notes.sql": "0005_add-notes.sql",
		"5_a.b c.SQL":        "5_a-b-c.sql",
		"README.md":          "",
		"db_init.sql":        "",
		"init.sql":           "",
		"5_.sql":             "",
		"5_ü.sql":            "",
	} {
		if got := betterName(file); got != want {
			t.Errorf("betterName(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestNext(t *testing.T) {
	for version, want := range map[string]string{"0": "1", "9": "10", "20260101000059": "20260101000060", "99999999999999999999": "100000000000000000000"} {
		if got := next(version); got != want || compare(got, version) <= 0 {
			t.Errorf("next(%s) = %s, want %s", version, got, want)
		}
	}
}
