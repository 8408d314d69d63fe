package database

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// caller is who a request comes from, as far as the database is told.
type caller struct{ name, role, sub string }

var (
	anonymous = caller{"the anon key", "anon", ""}
	nameless  = caller{"a token without sub", "authenticated", ""}
	ada       = caller{"Ada", "authenticated", "wall-test-ada"}
	bob       = caller{"Bob", "authenticated", "wall-test-bob"}
	server    = caller{"the server's key", "project_admin", ""}
	// root is who connected, and held by nothing.
	root = caller{"the owner of the database", "none", ""}
)

// users are all callers who are not the server.
var users = []caller{anonymous, nameless, ada, bob}

// denied is what comes of a statement that the caller has no right to, or that
// would write a row which the policies do not let them write.
const denied = "denied"

// probe is a statement, what has to come of it, and what to do if something else
// does.
type probe struct {
	what      string
	who       caller
	sql, want string
	fix       string
}

// fixture is the database as a test finds it. What the test does is undone when
// it ends.
type fixture struct {
	*testing.T
	tx pgx.Tx
}

func open(t *testing.T) fixture {
	t.Helper()
	if wall == nil {
		t.Skip("needs a Postgres: run make test-db")
	}
	tx, err := wall.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // t.Context has ended by then
	return fixture{t, tx}
}

// do runs SQL that has to work, and answers the first value of the first row.
func (f fixture) do(who caller, sql string) (value string) {
	f.Helper()
	_, value, err := f.run(f.tx, who, sql)
	if err != nil {
		f.Fatalf("%s: %v\n\t%s", who.name, err, sql)
	}
	return value
}

// try says what comes of a statement, and undoes it: the number of rows, denied,
// or what Postgres says.
func (f fixture) try(who caller, sql string) string {
	f.Helper()
	tx, err := f.tx.Begin(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	rows, _, err := f.run(tx, who, sql)
	if err := tx.Rollback(f.Context()); err != nil {
		f.Fatal(err)
	}
	var refused *pgconn.PgError
	switch {
	case err == nil && rows == 1:
		return "1 row"
	case err == nil:
		return fmt.Sprint(rows, " rows")
	case errors.As(err, &refused) && refused.Code == "42501":
		return denied
	default:
		return err.Error()
	}
}

func (f fixture) run(tx pgx.Tx, who caller, sql string) (count int64, value string, err error) {
	claims, err := json.Marshal(map[string]string{"role": who.role, "sub": who.sub})
	if who.sub == "" {
		claims, err = json.Marshal(map[string]string{"role": who.role})
	}
	if err != nil {
		return 0, "", err
	}
	const become = "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)"
	if _, err := tx.Exec(f.Context(), become, who.role, string(claims)); err != nil {
		return 0, "", err
	}
	rows, err := tx.Query(f.Context(), sql)
	if err != nil {
		return 0, "", err
	}
	var all strings.Builder
	for rows.Next() {
		if values := rows.RawValues(); len(values) > 0 {
			fmt.Fprintf(&all, "%s\n", values[0])
		}
	}
	rows.Close()
	if rows.Err() != nil {
		return 0, "", rows.Err()
	}
	_, err = tx.Exec(f.Context(), "set local role none")
	return rows.CommandTag().RowsAffected(), strings.TrimSuffix(all.String(), "\n"), err
}

// check tries each probe.
func (f fixture) check(probes ...probe) {
	f.Helper()
	for _, p := range probes {
		if got := f.try(p.who, p.sql); got != p.want {
			f.Errorf("%s, by %s: got %s, want %s\n\t%s\n\tin a new migration: %s", p.what, p.who.name, got, p.want, p.sql, p.fix)
		}
	}
}

// holds checks a condition that the catalog knows better than any statement.
func (f fixture) holds(what, condition, fix string) {
	f.Helper()
	if f.do(root, "select "+condition) != "t" {
		f.Errorf("%s: not so\n\t%s\n\tin a new migration: %s", what, condition, fix)
	}
}

// again does some damage and runs the newest migration of a name twice: what a
// migration takes back, it has to take back from a database that was changed by
// hand, too, and nothing that it made is in its way.
func (f fixture) again(title, damage string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(migrations, "*_"+title+".sql"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there is no migration %s: %v", title, err)
	}
	f.do(root, damage)
	newest := slices.MaxFunc(files, func(a, b string) int { return number(a).Cmp(number(b)) })
	for range 2 {
		if err := migrate(f.Context(), f.tx, newest); err != nil {
			f.Fatalf("a second run: %v", err)
		}
	}
}
