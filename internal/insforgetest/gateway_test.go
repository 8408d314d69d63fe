package insforgetest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// notes is a table as forge would make it, and a function that shows the claims.
const notes = `
	create table notes (
		id bigint generated always as identity primary key, user_id text not null default (auth.jwt() ->> 'sub'),
		title text, due date, size int, kind varchar(9), big numeric
	);
	revoke all on notes from anon;
	alter table notes enable row level security;
	create policy own on notes to authenticated
		using (user_id = (select auth.jwt() ->> 'sub')) with check (user_id = (select auth.jwt() ->> 'sub'));
	create function claims() returns jsonb language sql as 'select auth.jwt()';
	create function whoami() returns text language sql as 'select current_user::text';
	create function nothing() returns void language sql as 'select';
	create function slow() returns void language sql as 'select pg_sleep(30)'`

func TestRowLevelSecurityThroughTheGateway(t *testing.T) {
	t.Parallel()
	p := project(t, notes)
	url := p.URL + "/api/database/records/notes"
	a, b := p.Token("user_a"), p.Token("user_b")
	for _, token := range []string{a, b} {
		call(t, "POST", url, token, `[{"title":"mine"}]`).expect(t, "insert", 201, "")
	}
	if r := call(t, "GET", url+"?select=user_id", a, ""); r.body != `[{"user_id":"user_a"}]` {
		t.Errorf("A sees %d %s", r.status, r.body)
	}
	if r := call(t, "PATCH", url+"?user_id=eq.user_b", a, `{"title":"stolen"}`, "Prefer", "return=representation"); r.body != "[]" {
		t.Errorf("A changes %d %s", r.status, r.body)
	}
	if r := call(t, "DELETE", url+"?user_id=eq.user_b", a, "", "Prefer", "return=representation"); r.body != "[]" {
		t.Errorf("A deletes %d %s", r.status, r.body)
	}
	call(t, "POST", url, a, `{"user_id":"user_b"}`).expect(t, "A inserts as B", 403, "42501")
	call(t, "PATCH", url, a, `{"user_id":"user_b"}`).expect(t, "A gives away", 403, "42501")
	call(t, "GET", url, p.AnonKey, "").expect(t, "anon", 401, "42501")
	call(t, "POST", url, p.APIKey, `{"title":"x"}`).expect(t, "the server's key without user_id", 400, "23502")
	r := call(t, "GET", url+"?select=user_id&order=user_id", p.APIKey, "", "Prefer", "count=exact", "Range", "0-0")
	if r.status != 206 || r.header.Get("Content-Range") != "0-0/2" {
		t.Errorf("the server's key sees %d %s %s", r.status, r.header.Get("Content-Range"), r.body)
	}
	if r := call(t, "GET", url+"?user_id=eq.user_a", a, "", "Accept", "application/vnd.pgrst.object+json"); !strings.HasPrefix(r.body, "{") {
		t.Errorf("one object: %d %s", r.status, r.body)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	p := project(t, notes)
	now := time.Now().Unix()
	signed := func(method jwt.SigningMethod, key any) string {
		token, err := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "u", "role": "authenticated"}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	claims := jwt.MapClaims{"sub": "u", "role": "authenticated"}
	with := func(pairs ...any) string {
		c := jwt.MapClaims{}
		for k, v := range claims {
			c[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			if c[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
				delete(c, pairs[i].(string))
			}
		}
		return p.Sign(c)
	}
	raw := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, test := range map[string]struct {
		credential string
		status     int
		want       string // the role, or the error's code
	}{
		"no exp":               {with(), 200, "authenticated"},
		"no role":              {with("role", nil), 200, "authenticated"},
		"other aud and iss":    {with("aud", "x", "iss", "y"), 200, "authenticated"},
		"project_admin":        {with("role", "project_admin"), 200, "project_admin"},
		"anon":                 {with("role", "anon"), 200, "anon"},
		"foreign role":         {with("role", "postgres"), 403, "AUTH_UNAUTHORIZED"},
		"no sub":               {with("sub", nil), 401, "AUTH_UNAUTHORIZED"},
		"empty sub":            {with("sub", ""), 401, "AUTH_UNAUTHORIZED"},
		"expired":              {with("exp", now-1), 401, "AUTH_UNAUTHORIZED"},
		"not yet":              {with("nbf", now+60), 401, "AUTH_UNAUTHORIZED"},
		"HS512":                {signed(jwt.SigningMethodHS512, []byte(p.JWTSecret)), 401, "AUTH_UNAUTHORIZED"},
		"wrong key":            {signed(jwt.SigningMethodHS256, []byte("wrong")), 401, "AUTH_UNAUTHORIZED"},
		"none":                 {raw(`{"alg":"none"}`) + "." + raw(`{"sub":"u","role":"project_admin"}`) + ".", 401, "AUTH_UNAUTHORIZED"},
		"rubbish":              {"rubbish", 401, "AUTH_UNAUTHORIZED"},
		"nothing":              {"", 401, "AUTH_INVALID_CREDENTIALS"},
		"the anon key":         {p.AnonKey, 200, "anon"},
		"another anon key":     {"anon_x", 401, "AUTH_INVALID_CREDENTIALS"},
		"the API key":          {p.APIKey, 200, "project_admin"},
		"another API key":      {"ik_x", 401, "AUTH_INVALID_API_KEY"},
		"a token as anon_ one": {"anon_" + with(), 401, "AUTH_INVALID_CREDENTIALS"},
	} {
		r := call(t, "POST", p.URL+"/api/database/rpc/whoami", test.credential, "{}")
		got := r.code()
		if r.status == 200 {
			got = strings.Trim(r.body, `"`)
		}
		if r.status != test.status || got != test.want {
			t.Errorf("%s: %d %s, want %d %s", name, r.status, r.body, test.status, test.want)
		}
	}
	r := call(t, "POST", p.URL+"/api/database/rpc/whoami", "", "{}", "X-Api-Key", p.APIKey)
	if r.body != `"project_admin"` {
		t.Errorf("x-api-key: %d %s", r.status, r.body)
	}
	call(t, "POST", p.URL+"/api/database/rpc/whoami", "", "{}", "X-Api-Key", p.APIKey[len("ik_"):]).expect(t, "half an x-api-key", 401, "AUTH_INVALID_API_KEY")
	call(t, "POST", p.URL+"/api/database/rpc/whoami", p.Token("u"), "{}", "X-Api-Key", "ik_x").expect(t, "a bad x-api-key beside a token", 401, "AUTH_INVALID_API_KEY")
}

func TestClaimsAreExchanged(t *testing.T) {
	t.Parallel()
	p := project(t, notes)
	token := p.Sign(jwt.MapClaims{"sub": "user_a", "email": "a@b.c", "org_id": "o", "aud": "x", "permissions": []string{"p"}})
	seen := func(url, credential string) map[string]any {
		t.Helper()
		var claims map[string]any
		if r := call(t, "POST", url, credential, "{}"); json.Unmarshal([]byte(r.body), &claims) != nil {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return claims
	}
	got := seen(p.URL+"/api/database/rpc/claims", token)
	life := got["exp"].(float64) - got["iat"].(float64)
	if len(got) != 5 || got["sub"] != "user_a" || got["email"] != "a@b.c" || got["role"] != "authenticated" || life != 300 {
		t.Errorf("claims of a user: %v", got)
	}
	for name, credential := range map[string]string{"anon": p.AnonKey, "project_admin": p.APIKey} {
		if got := seen(p.URL+"/api/database/rpc/claims", credential); len(got) != 1 || got["role"] != name {
			t.Errorf("claims of %s: %v", name, got)
		}
	}
	if got := seen(p.URL+"/api/database/rpc/claims", p.Sign(jwt.MapClaims{"sub": "local:admin", "role": "project_admin"})); len(got) != 1 {
		t.Errorf("claims of an admin's token: %v", got)
	}
	// The same token without the gateway would bring them all.
	direct := p.Sign(jwt.MapClaims{"sub": "user_a", "role": "authenticated", "org_id": "o"})
	if got := seen(p.PostgRESTURL+"/rpc/claims", direct); got["org_id"] != "o" {
		t.Errorf("straight to PostgREST: %v", got)
	}
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	p := project(t, `create schema before; create table before.t (a int)`)
	migrate(t, p.Database, `create schema after; create table after.t (a int)`)
	get := func(schema, credential string) reply {
		return call(t, "GET", p.URL+"/api/database/records/t?schema="+schema, credential, "")
	}
	for _, schema := range []string{"before", "after"} {
		get(schema, p.APIKey).expect(t, schema+" by the server's key", 200, "")
		get(schema, p.AnonKey).expect(t, schema+" by anon", 401, "42501")
		get(schema, p.Token("u")).expect(t, schema+" by a user", 403, "42501")
	}
	call(t, "GET", p.URL+"/api/database/records/t", p.APIKey, "", "Accept-Profile", "after").expect(t, "by header", 200, "")
	call(t, "POST", p.URL+"/api/database/records/t?schema=after", p.APIKey, `{"a":1}`).expect(t, "a write", 201, "")
	for _, schema := range []string{"auth", "system", "realtime", "storage", "payments"} {
		get(schema, p.APIKey).expect(t, schema, 406, "PGRST106")
	}
	for _, schema := range []string{"", "pg_catalog", "information_schema", "a&schema=b"} {
		get(schema, p.APIKey).expect(t, schema, 400, "INVALID_INPUT")
	}
	migrate(t, p.Database, `drop schema after cascade`)
	get("after", p.APIKey).expect(t, "dropped", 406, "PGRST106")
}

func TestDataOnItsWay(t *testing.T) {
	t.Parallel()
	p := project(t, notes)
	url := p.URL + "/api/database/records/notes"
	token := p.Token("u")
	r := call(t, "POST", url+"?select=title,kind,due,size,big", token, `[{"kind":"","title":"","due":"","size":"","big":9007199254740993}]`, "Prefer", "return=representation")
	if want := `[{"title":"","kind":"","due":null,"size":null,"big":9007199254740992}]`; r.body != want {
		t.Errorf("%d %s, want %s", r.status, r.body, want)
	}
	r = call(t, "PATCH", url+"?select=title", token, `{"title":"a\"1.0","due":"","no_such_column":""}`, "Prefer", "return=representation")
	if want := `[{"title":"a\"1.0"}]`; r.body != want {
		t.Errorf("%d %s, want %s", r.status, r.body, want)
	}
	// Both error shapes, and a success without a body.
	call(t, "POST", url, token, `{"size":"x"}`).expect(t, "PostgREST's error", 400, "22P02")
	r = call(t, "POST", url, token, `{"size":`)
	r.expect(t, "the backend's error", 400, "INVALID_INPUT")
	if !strings.Contains(r.body, `"statusCode":400`) || !strings.Contains(r.body, `"message":`) {
		t.Errorf("the backend's error is %s", r.body)
	}
	if r := call(t, "POST", url, token, `{"title":"x"}`); r.status != 201 || r.body != "[]" {
		t.Errorf("an insert without representation: %d %s", r.status, r.body)
	}
	if r := call(t, "POST", p.URL+"/api/database/rpc/nothing", token, ``); r.status != 204 || r.body != "" {
		t.Errorf("a function of nothing: %d %s", r.status, r.body)
	}
	for size := range 3 {
		call(t, "POST", url, token, fmt.Sprintf(`{"size":%d}`, size)).expect(t, "a size", 201, "")
	}
	for query, want := range map[string]string{
		"size=gte.1&size=lt.2":                              `[{"size":1}]`,
		"and=(size.gte.1,size.lt.2)":                        `[{"size":1}]`,
		"size=in.(1,2)&order=size.desc":                     `[{"size":2},{"size":1}]`,
		"or=(size.eq.0,size.eq.2)&order=size":               `[{"size":0},{"size":2}]`,
		"or=(size.eq.0,size.eq.2)&or=(size.eq.1,size.eq.2)": "",
	} {
		r := call(t, "GET", url+"?select=size&"+query, token, "")
		if want == "" && r.status != 400 || want != "" && r.body != want {
			t.Errorf("%s: %d %s, want %s", query, r.status, r.body, want)
		}
	}
	if r := call(t, "GET", url+"?select=title&limit=1", token, "", "Accept", "text/csv"); !strings.HasPrefix(r.body, `"title\n`) {
		t.Errorf("CSV: %d %s", r.status, r.body)
	}
	call(t, "GET", p.URL+"/api/database/records/nowhere", token, "").expect(t, "no such table", 404, "42P01")
	call(t, "GET", p.URL+"/api/database/records/a%22b", token, "").expect(t, "no name", 400, "DATABASE_VALIDATION_ERROR")
	call(t, "GET", p.URL+"/api/storage/buckets", token, "").expect(t, "a route that is not there", 404, "NOT_FOUND")
	begin := time.Now()
	call(t, "POST", p.URL+"/api/database/rpc/slow", token, "{}").expect(t, "a slow function", 500, "INTERNAL_ERROR")
	if took := time.Since(begin); took < 9*time.Second || took > 15*time.Second {
		t.Errorf("a slow function took %v, want 10s", took)
	}
}

func TestAdminRoutes(t *testing.T) {
	t.Parallel()
	needPostgREST(t)
	p, err := server(t).NewProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	api := p.URL + "/api"
	if r := call(t, "GET", api+"/health", "", ""); r.status != 200 || !strings.Contains(r.body, `"status":"ok"`) {
		t.Errorf("health: %d %s", r.status, r.body)
	}
	for _, route := range []string{"/metadata", "/database/migrations", "/auth/config"} {
		call(t, "GET", api+route, p.Token("u"), "").expect(t, route+" for a user", 403, "AUTH_UNAUTHORIZED")
		call(t, "GET", api+route, p.AnonKey, "").expect(t, route+" for anon", 401, "AUTH_UNAUTHORIZED")
		call(t, "GET", api+route, p.APIKey, "").expect(t, route, 200, "")
	}
	const migration = `{"version":"0001","name":"notes","sql":"create table notes (id int)"}`
	post := func(body string) reply { return call(t, http.MethodPost, api+"/database/migrations", p.APIKey, body) }
	post(migration).expect(t, "a migration", 201, "")
	post(migration).expect(t, "again", 409, "DATABASE_MIGRATION_ALREADY_EXISTS")
	post(`{"version":"2","name":"x","sql":"begin; select 1; commit"}`).expect(t, "guarded", 403, "FORBIDDEN")
	post(`{"version":"2","name":"x_y","sql":"select 1"}`).expect(t, "bad name", 400, "INVALID_INPUT")
	post(`{"version":"a","name":"x","sql":"select 1"}`).expect(t, "bad version", 400, "INVALID_INPUT")
	post(`{"version":"2","name":"x","sql":"create table auth.x (a int)"}`).expect(t, "no right", 403, "FORBIDDEN")
	if r := call(t, "GET", api+"/database/migrations", p.APIKey, ""); strings.Count(r.body, `"version":"0001"`) != 1 || strings.Contains(r.body, `"2"`) {
		t.Errorf("ledger: %s", r.body)
	}
	call(t, "GET", api+"/database/records/notes", p.APIKey, "").expect(t, "the new table", 200, "")
	if r := call(t, "POST", api+"/database/migrations/dry-run", p.APIKey, `{"sql":"drop table notes"}`); !strings.Contains(r.body, `"riskLevel":"DANGER"`) {
		t.Errorf("dry run: %d %s", r.status, r.body)
	}
	r := call(t, "POST", api+"/database/advance/rawsql", p.APIKey, `{"query":"select current_user::text as me, $1::int + 1 as n, now() > 'epoch' as b, null as z","params":[41]}`)
	if want := `"rows":[{"b":true,"me":"project_admin","n":42,"z":null}]`; !strings.Contains(r.body, want) {
		t.Errorf("raw SQL: %d %s, want %s", r.status, r.body, want)
	}
	call(t, "POST", api+"/database/advance/rawsql", p.APIKey, `{"query":"reset role"}`).expect(t, "guarded raw SQL", 403, "FORBIDDEN")
	call(t, "POST", api+"/database/advance/rawsql", p.APIKey, `{"query":"create table more (id int); select 1"}`).expect(t, "raw DDL", 200, "")
	call(t, "GET", api+"/database/records/more", p.APIKey, "").expect(t, "its table", 200, "")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	p := project(t)
	auth := func() map[string]any {
		var m struct{ Auth map[string]any }
		if r := call(t, "GET", p.URL+"/api/metadata", p.APIKey, ""); json.Unmarshal([]byte(r.body), &m) != nil {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return m.Auth
	}
	if a := auth(); a["passwordMinLength"] != 6.0 || a["disableSignup"] != false || len(a["allowedRedirectUrls"].([]any)) != 0 || a["smtpConfig"].(map[string]any)["port"] != 465.0 {
		t.Errorf("a clean project: %v", a)
	}
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/auth/config", `{"allowedRedirectUrls":["http://localhost/cb"]}`, 200},
		{"PUT", "/auth/config", `{"disableSignup":true,"unknown":1}`, 200},
		{"PUT", "/auth/config", `{"passwordMinLength":3}`, 400},
		{"PUT", "/auth/config", `{"verifyEmailMethod":"magic"}`, 400},
		{"PUT", "/auth/config", `{"requireNumber":"yes"}`, 400},
		{"PUT", "/auth/smtp-config", `{"enabled":true,"host":"h","port":587,"username":"u","password":"p","senderEmail":"a@b.c","senderName":"n"}`, 200},
		{"PUT", "/auth/smtp-config", `{"enabled":false,"port":1}`, 400},
		{"PUT", "/storage/config", `{"maxFileSizeMb":200}`, 200},
		{"PUT", "/storage/config", `{"maxFileSizeMb":201}`, 400},
		{"PATCH", "/realtime/config", `{"retentionDays":7}`, 200},
		{"PATCH", "/realtime/config", `{"retentionDays":0}`, 400},
		{"PATCH", "/schedules/config", `{"retentionDays":null}`, 200},
	} {
		if r := call(t, test.method, p.URL+"/api"+test.path, p.APIKey, test.body); r.status != test.status {
			t.Errorf("%s %s: %d %s, want %d", test.path, test.body, r.status, r.body, test.status)
		}
	}
	a := auth()
	smtp := a["smtpConfig"].(map[string]any)
	if a["disableSignup"] != true || len(a["allowedRedirectUrls"].([]any)) != 1 || smtp["hasPassword"] != true || smtp["host"] != "h" || smtp["password"] != nil {
		t.Errorf("after the changes: %v", a)
	}
	if r := call(t, "GET", p.URL+"/api/realtime/config", p.APIKey, ""); r.body != `{"retentionDays":7}` {
		t.Errorf("realtime: %s", r.body)
	}
}
