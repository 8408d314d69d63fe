package golden

import (
	"maps"
	"slices"
	"testing"

	"github.com/insforge/forge/internal/insforgetest"
)

// sessionID is the hash of a cookie, newSessionID that of another.
const (
	sessionID    = "00000000000000000000000000000000000000000000000000000000000000aa"
	newSessionID = "00000000000000000000000000000000000000000000000000000000000000bb"
)

// profilesWall: a profile is the user's whose ID it has. unseen is nobody's yet.
var profilesWall = wallSpec{
	schema: "public", table: "profiles", key: "user_id", owner: "user_id", change: "name",
	seed: `delete from public.profiles; insert into public.profiles (user_id, name) values ('user_a', 'Ada'), ('user_b', 'Bob')`,
	target: func(who person, row string) (id, owner string) {
		switch {
		case row == "own":
			owner = who.sub
		case row == "unseen":
			owner = "user_new"
		case who.sub == "user_a":
			owner = "user_b"
		default:
			owner = "user_a"
		}
		return owner, owner
	},
	fresh: func(owner string, _ bool) map[string]any {
		return map[string]any{"user_id": owner, "name": "new", "email": "new@example.com"}
	},
}

// sessionsWall: the one session is user A's.
var sessionsWall = wallSpec{
	schema: "public", table: "sign_in_sessions", key: "id", owner: "user_id", change: "sealed",
	seed: `delete from public.sign_in_sessions;
		insert into public.profiles (user_id) values ('user_a') on conflict do nothing;
		insert into public.sign_in_sessions (id, user_id, sealed, renew_at, expires_at)
		values ('` + sessionID + `', 'user_a', 'x', '2000-01-01 00:00:00+00', '2999-01-01 00:00:00+00')`,
	target: func(person, string) (id, owner string) { return sessionID, "user_a" },
	fresh: func(owner string, _ bool) map[string]any {
		return map[string]any{"id": newSessionID, "user_id": owner, "sealed": "new", "expires_at": "2999-01-01 00:00:00+00"}
	},
}

// accountFunctions are what the migrations of accounts and sessions define, each with
// the table in which its effect is to be seen.
var accountFunctions = map[string]wallSpec{
	"see_user": profilesWall, "delete_user": profilesWall, "begin_session": sessionsWall, "lease_session": sessionsWall,
}

// checkAccountFunctions calls them as everybody. They take a user's ID at its word.
func checkAccountFunctions(t *testing.T, p *insforgetest.Project, whos []person, ways []string) {
	walls := map[string]*wall{}
	for function, spec := range accountFunctions {
		walls[function] = newWall(t, p, spec)
	}
	checkCells(t, accountRPCCells, whos, ways, slices.Sorted(maps.Keys(accountFunctions)), []string{"call"},
		func(t *testing.T, who person, way, function, row string) string {
			walls[function].dirty = true // the other table's rows change this one's
			return walls[function].call(t, who, way, function, row)
		})
}

// profilesCells: a user reads the own profile, and writes none: what stands there is what
// the provider said. Who has no identity has no profile either, and the admin's own
// would have an empty ID.
const profilesCells = `
select       | sql                      | postgrest                 | gateway
user A       | 1     0     0            | 200/1     200/0     200/0 | 200/1     200/0     200/0
user B       | 1     0     0            | 200/1     200/0     200/0 | 200/1     200/0     200/0
anon key     | 42501                    | 401/42501                 | 401/42501
anon token   | 42501                    | 401/42501                 | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 0                        | 200/0                     | 401/AUTH_UNAUTHORIZED
empty sub    | 0                        | 200/0                     | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                 | 403/AUTH_UNAUTHORIZED
admin token  | 0     1     0            | 200/0     200/1     200/0 | 200/0     200/1     200/0
API key      | 0     1     0            | 200/0     200/1     200/0 | 200/0     200/1     200/0
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301              | 401/AUTH_UNAUTHORIZED

insert       | sql                      | postgrest                 | gateway
user A       | 42501                    | 403/42501                 | 403/42501
user B       | 42501                    | 403/42501                 | 403/42501
anon key     | 42501                    | 401/42501                 | 401/42501
anon token   | 42501                    | 401/42501                 | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                 | 403/AUTH_UNAUTHORIZED
admin token  | 23514 23505 1            | 400/23514 409/23505 201/1 | 400/23514 409/23505 201/1
API key      | 23514 23505 1            | 400/23514 409/23505 201/1 | 400/23514 409/23505 201/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301              | 401/AUTH_UNAUTHORIZED

update       | sql                      | postgrest                 | gateway
user A       | 42501                    | 403/42501                 | 403/42501
user B       | 42501                    | 403/42501                 | 403/42501
anon key     | 42501                    | 401/42501                 | 401/42501
anon token   | 42501                    | 401/42501                 | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                 | 403/AUTH_UNAUTHORIZED
admin token  | 0     1     0            | 200/0     200/1     200/0 | 200/0     200/1     200/0
API key      | 0     1     0            | 200/0     200/1     200/0 | 200/0     200/1     200/0
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301              | 401/AUTH_UNAUTHORIZED

delete       | sql                      | postgrest                 | gateway
user A       | 42501                    | 403/42501                 | 403/42501
user B       | 42501                    | 403/42501                 | 403/42501
anon key     | 42501                    | 401/42501                 | 401/42501
anon token   | 42501                    | 401/42501                 | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                 | 403/AUTH_UNAUTHORIZED
admin token  | 0     1     0            | 200/0     200/1     200/0 | 200/0     200/1     200/0
API key      | 0     1     0            | 200/0     200/1     200/0 | 200/0     200/1     200/0
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301              | 401/AUTH_UNAUTHORIZED

upsert       | sql                      | postgrest                 | gateway
user A       | 42501                    | 403/42501                 | 403/42501
user B       | 42501                    | 403/42501                 | 403/42501
anon key     | 42501                    | 401/42501                 | 401/42501
anon token   | 42501                    | 401/42501                 | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501                 | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                 | 403/AUTH_UNAUTHORIZED
admin token  | 23514 1     1            | 400/23514 200/1     201/1 | 400/23514 200/1     201/1
API key      | 23514 1     1            | 400/23514 200/1     201/1 | 400/23514 200/1     201/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301              | 401/AUTH_UNAUTHORIZED
`

// sessionsCells: sessions are the server's alone.
const sessionsCells = `
select       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

insert       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 201/1        | 201/1
API key      | 1                        | 201/1        | 201/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

update       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

delete       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

upsert       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED
`

// accountRPCCells: so are the functions.
const accountRPCCells = `
begin_session | sql                               | postgrest                             | gateway
user A        | 42501                             | 403/42501                             | 403/42501
user B        | 42501                             | 403/42501                             | 403/42501
anon key      | 42501                             | 401/42501                             | 401/42501
anon token    | 42501                             | 401/42501                             | 401/42501
nobody        | AUTH_INVALID_CREDENTIALS          | 401/42501                             | 401/AUTH_INVALID_CREDENTIALS
no sub        | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
empty sub     | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
foreign role  | AUTH_UNAUTHORIZED                 | 400/22023                             | 403/AUTH_UNAUTHORIZED
admin token   | ok(added:user_b,removed:user_a's) | 204/ok(added:user_b,removed:user_a's) | 204/ok(added:user_b,removed:user_a's)
API key       | ok(added:user_b,removed:user_a's) | 204/ok(added:user_b,removed:user_a's) | 204/ok(added:user_b,removed:user_a's)
expired       | AUTH_UNAUTHORIZED                 | 401/PGRST301                          | 401/AUTH_UNAUTHORIZED

delete_user   | sql                               | postgrest                             | gateway
user A        | 42501                             | 403/42501                             | 403/42501
user B        | 42501                             | 403/42501                             | 403/42501
anon key      | 42501                             | 401/42501                             | 401/42501
anon token    | 42501                             | 401/42501                             | 401/42501
nobody        | AUTH_INVALID_CREDENTIALS          | 401/42501                             | 401/AUTH_INVALID_CREDENTIALS
no sub        | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
empty sub     | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
foreign role  | AUTH_UNAUTHORIZED                 | 400/22023                             | 403/AUTH_UNAUTHORIZED
admin token   | ok(removed:user_b's)              | 204/ok(removed:user_b's)              | 204/ok(removed:user_b's)
API key       | ok(removed:user_b's)              | 204/ok(removed:user_b's)              | 204/ok(removed:user_b's)
expired       | AUTH_UNAUTHORIZED                 | 401/PGRST301                          | 401/AUTH_UNAUTHORIZED

lease_session | sql                               | postgrest                             | gateway
user A        | 42501                             | 403/42501                             | 403/42501
user B        | 42501                             | 403/42501                             | 403/42501
anon key      | 42501                             | 401/42501                             | 401/42501
anon token    | 42501                             | 401/42501                             | 401/42501
nobody        | AUTH_INVALID_CREDENTIALS          | 401/42501                             | 401/AUTH_INVALID_CREDENTIALS
no sub        | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
empty sub     | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
foreign role  | AUTH_UNAUTHORIZED                 | 400/22023                             | 403/AUTH_UNAUTHORIZED
admin token   | ok(changed:user_a's:leased_at)    | 200/ok(changed:user_a's:leased_at)    | 200/ok(changed:user_a's:leased_at)
API key       | ok(changed:user_a's:leased_at)    | 200/ok(changed:user_a's:leased_at)    | 200/ok(changed:user_a's:leased_at)
expired       | AUTH_UNAUTHORIZED                 | 401/PGRST301                          | 401/AUTH_UNAUTHORIZED

see_user      | sql                               | postgrest                             | gateway
user A        | 42501                             | 403/42501                             | 403/42501
user B        | 42501                             | 403/42501                             | 403/42501
anon key      | 42501                             | 401/42501                             | 401/42501
anon token    | 42501                             | 401/42501                             | 401/42501
nobody        | AUTH_INVALID_CREDENTIALS          | 401/42501                             | 401/AUTH_INVALID_CREDENTIALS
no sub        | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
empty sub     | 42501                             | 403/42501                             | 401/AUTH_UNAUTHORIZED
foreign role  | AUTH_UNAUTHORIZED                 | 400/22023                             | 403/AUTH_UNAUTHORIZED
admin token   | ok(changed:user_b's:name)         | 204/ok(changed:user_b's:name)         | 204/ok(changed:user_b's:name)
API key       | ok(changed:user_b's:name)         | 204/ok(changed:user_b's:name)         | 204/ok(changed:user_b's:name)
expired       | AUTH_UNAUTHORIZED                 | 401/PGRST301                          | 401/AUTH_UNAUTHORIZED
`
