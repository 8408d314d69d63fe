package database

import (
	"fmt"
	"testing"
)

// TestBetterAuth: password hashes and sessions are for the Better Auth server.
func TestBetterAuth(t *testing.T) {
	f := open(t)
	const revoke = "revoke all on schema better_auth from public, anon, authenticated;"
	if f.do(root, `select count(*) from pg_class where relnamespace = 'better_auth'::regnamespace`) == "0" {
		// Better Auth has not been here yet. Everybody gets all rights first.
		f.do(server, `create table better_auth.session (token text); create sequence better_auth.numbers`)
		f.again("better-auth-schema", `grant all on schema better_auth to public, anon, authenticated;
			grant all on all tables in schema better_auth to public, anon, authenticated;
			grant all on all sequences in schema better_auth to public, anon, authenticated;
			alter default privileges for role project_admin in schema better_auth grant all on tables to public, anon, authenticated;
			alter default privileges for role project_admin in schema better_auth grant all on sequences to public, anon, authenticated`)
		f.do(server, `create table better_auth.later (id text); create sequence better_auth.later_numbers`)
	}
	for _, who := range users {
		f.check(probe{"reading sessions", who, `select * from better_auth.session`, denied, revoke})
	}
	for _, role := range []string{"public", "anon", "authenticated"} {
		f.holds(role+" may not enter", fmt.Sprintf(`not has_schema_privilege('%s', 'better_auth', 'USAGE, CREATE')`, role), revoke)
		f.holds(role+" has no right to a table", fmt.Sprintf(`not exists (select from pg_class
			where relnamespace = 'better_auth'::regnamespace and relkind = 'r'
			  and (has_any_column_privilege('%[1]s', oid, 'SELECT, INSERT, UPDATE, REFERENCES') or has_table_privilege('%[1]s', oid, 'DELETE, TRUNCATE, TRIGGER')))`, role),
			fmt.Sprintf("revoke all on all tables in schema better_auth from %s; and alter default privileges likewise", role))
		f.holds(role+" has no right to a sequence", fmt.Sprintf(`not exists (select from pg_class
			where relnamespace = 'better_auth'::regnamespace and case relkind when 'S' then has_sequence_privilege('%s', oid, 'USAGE, SELECT, UPDATE') end)`, role),
			fmt.Sprintf("revoke all on all sequences in schema better_auth from %s; and alter default privileges likewise", role))
	}
}
