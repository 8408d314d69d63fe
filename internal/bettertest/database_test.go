package bettertest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insforge/forge/internal/servertest"
)

// makeRoles runs the project's roles.sql.
func makeRoles(ctx context.Context, database string) error {
	sql, err := os.ReadFile(filepath.Join(authServer, "roles.sql"))
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, string(sql))
	return errors.Join(err, conn.Close(ctx))
}

// change runs a statement as the superuser, and returns how many rows it met.
func change(t *testing.T, sql string, args ...any) int64 {
	t.Helper()
	conn := connect(t, shop.DatabaseURL)
	tag, err := conn.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	return tag.RowsAffected()
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// code is the SQLSTATE of an error, "" of none.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		t.Fatal(err)
	}
	return answer.Code
}

// TestMigrate_again: a second run changes nothing, and takes back what was granted
// in between.
func TestMigrate_again(t *testing.T) {
	servertest.Need(t)
	before, err := shop.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change(t, `grant select on better_auth.session to anon, authenticated, public;
		grant insert on better_auth.account to better_auth_reader;
		grant update (email) on better_auth."user" to better_auth_reader`)
	out, err := node(t.Context(), "migrate.js", settings)
	if err != nil || out != "better_auth_reader can look up sessions\n" {
		t.Errorf("the second run: %v, %q", err, out)
	}
	after, err := shop.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("the second run changed the schema from\n%s\nto\n%s", before, after)
	}
}

// TestMigrate_refuses: without the schema, or a right to it, nothing must be made
// elsewhere, and without the role there is nobody to grant to.
func TestMigrate_refuses(t *testing.T) {
	servertest.Need(t)
	db, err := insforge.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	env := map[string]string{"DATABASE_URL": as("better_auth_reader", db.URL), "BETTER_AUTH_DATABASE_URL": db.URL}
	for _, name := range []string{"BETTER_AUTH_SECRET", "BETTER_AUTH_URL"} {
		env[name] = settings[name]
	}
	out, err := node(t.Context(), "migrate.js", env)
	if err == nil || out != "migrate: there is no schema better_auth: apply the migrations in migrations/ first\n" {
		t.Errorf("without the schema: %v, %q", err, out)
	}
	conn := connect(t, db.URL)
	inPublic := func() (made int) {
		t.Helper()
		err := conn.QueryRow(t.Context(), `select count(*) from pg_class where relname in ('user', 'session', 'account', 'verification')
			and relnamespace = 'public'::regnamespace`).Scan(&made)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	if made := inPublic(); made != 0 {
		t.Errorf("without the schema, %d tables were made in public", made)
	}

	if err := db.MigrateAll(t.Context(), os.DirFS(migrations)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `create role better_auth_stranger login; grant all on schema public to better_auth_stranger`); err != nil {
		t.Fatal(err)
	}
	env["BETTER_AUTH_DATABASE_URL"] = as("better_auth_stranger", db.URL)
	if out, err = node(t.Context(), "migrate.js", env); err == nil {
		t.Errorf("without a right to the schema: %q", out)
	}
	if made := inPublic(); made != 0 {
		t.Errorf("without a right to the schema, %d tables were made in public", made)
	}

	env["DATABASE_URL"], env["BETTER_AUTH_DATABASE_URL"] = as("nobody_there", db.URL), db.URL
	out, err = node(t.Context(), "migrate.js", env)
	if err == nil || !strings.Contains(out, "migrate: there is no role nobody_there, as whom DATABASE_URL connects: roles.sql makes one") {
		t.Errorf("without the role: %v, %q", err, out)
	}
}

// TestRights: InsForge's callers get nowhere near Better Auth's tables, and the Go
// server's role reads what it needs.
func TestRights(t *testing.T) {
	servertest.Need(t)
	const denied = "42501"
	conn := connect(t, shop.DatabaseURL)
	rows, err := conn.Query(t.Context(), `select quote_ident(relname) from pg_class
		where relnamespace = 'better_auth'::regnamespace and relkind = 'r' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) != 4 {
		t.Fatalf("Better Auth made %q (%v), want 4 tables", tables, err)
	}
	for _, role := range []string{"anon", "authenticated"} {
		if _, err := conn.Exec(t.Context(), "set role "+role); err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			for _, sql := range []string{"select from better_auth." + table, "delete from better_auth." + table} {
				if _, err := conn.Exec(t.Context(), sql); code(t, err) != denied {
					t.Errorf("%s: %s: %v, want permission denied", role, sql, err)
				}
			}
		}
		if _, err := conn.Exec(t.Context(), "reset role"); err != nil {
			t.Fatal(err)
		}
	}

	reader := connect(t, settings["DATABASE_URL"])
	for sql, want := range map[string]string{
		`select token, "userId", "expiresAt" from better_auth.session`: "",
		`select id from better_auth."user"`:                            "",
		`select email from better_auth."user"`:                         denied,
		`select "ipAddress" from better_auth.session`:                  denied,
		`select password from better_auth.account`:                     denied,
		`select value from better_auth.verification`:                   denied,
		`select from public.todos`:                                     denied,
	} {
		if _, err := reader.Exec(t.Context(), sql); code(t, err) != want {
			t.Errorf("the Go server's role: %s: %v, want %q", sql, err, want)
		}
	}
	if _, err := reader.Exec(t.Context(), "set default_transaction_read_only = off"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`delete from better_auth.session`, `update better_auth.session set "expiresAt" = now() + interval '1 year'`,
		`insert into better_auth.session (id) values ('x')`, `create table better_auth.x ()`,
	} {
		if _, err := reader.Exec(t.Context(), sql); code(t, err) != denied {
			t.Errorf("the Go server's role: %s: %v, want permission denied", sql, err)
		}
	}
}
