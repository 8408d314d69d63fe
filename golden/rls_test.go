package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/insforgetest"
)

// TestRLS asks the generated database for everything, as everybody, on every way
// there is: as SQL under the caller's role, of PostgREST with the token the
// backend would mint, and of the gateway with the caller's own credential. What
// comes out is in the tables of rls_cells_test.go, rls_account_test.go and rls_cases_test.go.
func TestRLS(t *testing.T) {
	server := startInsForge(t)
	p := serveInsForge(t, server, "clerk+okx-x402")
	whos := everybody(p)
	ways := []string{"sql", "postgrest", "gateway"}
	verbs := []string{"select", "insert", "update", "delete", "upsert"}

	t.Run("todos", func(t *testing.T) {
		w := newWall(t, p, todosWall)
		checkCells(t, todosCells, whos, ways, verbs, []string{"own", "other", "unowned"}, w.probe)
	})
	t.Run("payments", func(t *testing.T) {
		w := newWall(t, p, paymentsWall)
		checkCells(t, paymentsCells, whos, ways, verbs, []string{"stored"}, w.probe)
	})
	t.Run("profiles", func(t *testing.T) {
		w := newWall(t, p, profilesWall)
		checkCells(t, profilesCells, whos, ways, verbs, []string{"own", "other", "unseen"}, w.probe)
	})
	t.Run("sessions", func(t *testing.T) {
		w := newWall(t, p, sessionsWall)
		checkCells(t, sessionsCells, whos, ways, verbs, []string{"stored"}, w.probe)
	})
	t.Run("account rpc", func(t *testing.T) { checkAccountFunctions(t, p, whos, ways) })
	t.Run("rpc", func(t *testing.T) {
		checkCells(t, rpcCells, whos, ways, functions, []string{"call"}, newWall(t, p, paymentsWall).call)
	})
	t.Run("cases", func(t *testing.T) { checkCases(t, newWall(t, p, todosWall), whos) })
	t.Run("views", func(t *testing.T) { checkViews(t, p, whos) })
	t.Run("realtime", func(t *testing.T) { checkRealtime(t, server, p, whos) })
	t.Run("better_auth", func(t *testing.T) {
		p := serveInsForge(t, server, "better-auth")
		// Better Auth's migration runs on the database's own address. Its tables
		// belong to the superuser then, unless it goes by project_admin.
		superuser(t, p, `create table better_auth."user" (id text primary key, email text not null, name text)`)
		if err := p.Apply(t.Context(), `create table better_auth.session (id text primary key, email text not null, name text)`); err != nil {
			t.Fatal(err)
		}
		walls := map[string]*wall{"user": newWall(t, p, betterAuthWall("user")), "session": newWall(t, p, betterAuthWall("session"))}
		checkCells(t, betterAuthCells, everybody(p), ways, verbs, []string{"user", "session"},
			func(t *testing.T, who person, way, verb, table string) string {
				return walls[table].probe(t, who, way, verb, "stored")
			})
	})
}

// startInsForge is the server for the projects of a test that serves them.
func startInsForge(t *testing.T) *insforgetest.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	if runtime.GOOS+runtime.GOARCH != "linuxamd64" && os.Getenv("POSTGREST") == "" {
		t.Skip("needs PostgREST, named by POSTGREST")
	}
	return insforgeServer(t)
}

// serveInsForge serves a project that has the migrations of a golden one.
func serveInsForge(t *testing.T, server *insforgetest.Server, combo string) *insforgetest.Project {
	t.Helper()
	d, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.MigrateAll(t.Context(), os.DirFS(filepath.Join(combo, "migrations"))); err != nil {
		t.Fatal(err)
	}
	p, err := d.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func superuser(t *testing.T, p *insforgetest.Project, sql string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// person is somebody who asks.
type person struct {
	name       string
	sub        string // whose rows are this caller's own
	credential string // for the gateway; "" is none
	minted     string // for PostgREST, as the gateway mints it, or would if it let the caller in
	caller     insforgetest.Caller
	refusal    error // in place of the caller
}

func everybody(p *insforgetest.Project) []person {
	now := time.Now()
	minted := func(claims ...string) string {
		c := jwt.MapClaims{"exp": now.Add(5 * time.Minute).Unix()}
		for i := 0; i < len(claims); i += 2 {
			c[claims[i]] = claims[i+1]
		}
		return p.Sign(c)
	}
	all := []person{
		{name: "user A", sub: "user_a", credential: p.Token("user_a"), minted: minted("role", "authenticated", "sub", "user_a")},
		{name: "user B", sub: "user_b", credential: p.Token("user_b"), minted: minted("role", "authenticated", "sub", "user_b")},
		{name: "anon key", credential: p.AnonKey, minted: minted("role", "anon")},
		{name: "anon token", sub: "user_a", credential: minted("role", "anon", "sub", "user_a"), minted: minted("role", "anon", "sub", "user_a")},
		{name: "nobody"},
		{name: "no sub", credential: minted("role", "authenticated"), minted: minted("role", "authenticated")},
		{name: "empty sub", credential: minted("role", "authenticated", "sub", ""), minted: minted("role", "authenticated", "sub", "")},
		{name: "foreign role", sub: "user_a", credential: minted("role", "service_role", "sub", "user_a"), minted: minted("role", "service_role", "sub", "user_a")},
		{name: "admin token", credential: minted("role", "project_admin", "sub", "user_a"), minted: minted("role", "project_admin")},
		{name: "API key", credential: p.APIKey, minted: minted("role", "project_admin")},
	}
	expired := p.Sign(jwt.MapClaims{"role": "authenticated", "sub": "user_a", "exp": now.Add(-time.Hour).Unix()})
	all = append(all, person{name: "expired", sub: "user_a", credential: expired, minted: expired})
	for i := range all {
		if all[i].caller, all[i].refusal = p.Caller(all[i].credential); strings.HasSuffix(all[i].name, " sub") {
			// The gateway has refused them. What would the database have done?
			all[i].caller, all[i].refusal = insforgetest.Caller{Role: "authenticated"}, nil
		}
	}
	return all
}

// checkCells holds every cell of a table against what comes out. The table has a
// block for each verb: a line with the verb and the ways, and a line for each
// person with what comes of each row on each way, or once for all rows alike.
func checkCells(t *testing.T, table string, whos []person, ways, verbs, rows []string, probe func(t *testing.T, who person, way, verb, row string) string) {
	t.Helper()
	want := map[string]string{}
	var verb string
	for line := range strings.Lines(strings.TrimSpace(table)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		fields := strings.Split(line, "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		switch {
		case len(fields) != len(ways)+1:
			t.Fatalf("%q: want %d columns", line, len(ways)+1)
		case slices.Equal(fields[1:], ways):
			verb = fields[0]
			continue
		}
		for i, way := range ways {
			cells := strings.Fields(fields[i+1])
			for j, row := range rows {
				cell := cells[min(j, len(cells)-1)]
				if len(cells) != 1 && len(cells) != len(rows) {
					t.Fatalf("%q: want a cell for each of %v, or one for all", line, rows)
				}
				want[strings.Join([]string{verb, fields[0], way, row}, ", ")] = cell
			}
		}
	}
	ran, wrong := 0, false
	var measured strings.Builder
	for _, verb := range verbs {
		fmt.Fprintf(&measured, "%s | %s\n", verb, strings.Join(ways, " | "))
		for _, who := range whos {
			measured.WriteString(who.name)
			for _, way := range ways {
				measured.WriteString(" |")
				for _, row := range rows {
					got := probe(t, who, way, verb, row)
					measured.WriteString(" " + got)
					name := strings.Join([]string{verb, who.name, way, row}, ", ")
					if cell, ok := want[name]; !ok || got != cell {
						t.Errorf("%s: %s, want %s", name, got, cell)
						wrong = true
					}
					ran++
				}
			}
			measured.WriteString("\n")
		}
	}
	if product := len(whos) * len(ways) * len(verbs) * len(rows); ran != product || len(want) != product {
		t.Errorf("%d cells ran and %d are in the table, want %d of both", ran, len(want), product)
	}
	if wrong {
		t.Logf("measured:\n%s", measured.String())
	}
	t.Logf("%d cells", ran)
}
