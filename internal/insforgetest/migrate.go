package insforgetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/sqlguard"
)

// Migration is a row of the ledger.
type Migration struct {
	Version    string    `json:"version"`
	Name       string    `json:"name"`
	Statements []string  `json:"statements"`
	CreatedAt  time.Time `json:"createdAt"`
}

// fileName is the rule of the InsForge CLI (CLI: lib/migrations.ts).
var fileName = regexp.MustCompile(`^(\d{1,64})_([a-z0-9-]+)\.sql$`)

// Migrate runs one migration as `db migrations up` and the backend do: file is a
// name like 0001_todos.sql. Refusals are *APIError: 403 by the guard, 409 for a
// version that is not above the newest, and for what Postgres says the status that
// the backend makes of it; the *pgconn.PgError is inside. When PostgREST serves the
// database, it knows the new schema when Migrate returns.
func (d *Database) Migrate(ctx context.Context, file, sql string) error {
	version, name, err := parseFileName(file)
	if err != nil {
		return err
	}
	_, mark, err := d.migrate(ctx, version, name, sql)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return d.awaitLoad(ctx, mark)
}

// MigrateAll runs what is new in a migrations folder, as `db migrations up --all`:
// the folder may hold nothing but migrations, no number twice, and nothing new that
// is older than the newest that ran.
func (d *Database) MigrateAll(ctx context.Context, folder fs.FS) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return err
	}
	files := map[string]string{} // by version
	var versions []string
	for _, entry := range entries {
		version, _, err := parseFileName(entry.Name())
		if err != nil {
			return err
		}
		if other, ok := files[version]; ok {
			return fmt.Errorf("%s and %s have the same number", other, entry.Name())
		}
		files[version] = entry.Name()
		versions = append(versions, version)
	}
	slices.SortFunc(versions, compareVersions)
	ledger, err := d.Migrations(ctx)
	if err != nil {
		return err
	}
	mark := unserved
	for _, version := range versions {
		if slices.ContainsFunc(ledger, func(m Migration) bool { return compareVersions(m.Version, version) == 0 }) {
			continue
		}
		_, name, _ := parseFileName(files[version]) // parsed before
		sql, err := fs.ReadFile(folder, files[version])
		if err != nil {
			return err
		}
		if _, mark, err = d.migrate(ctx, version, name, string(sql)); err != nil {
			return fmt.Errorf("%s: %w", files[version], err)
		}
	}
	return d.awaitLoad(ctx, mark)
}

// parseFileName drops leading zeros from the version, as the CLI does: 0001 and 1
// are one migration.
func parseFileName(file string) (version, name string, err error) {
	m := fileName.FindStringSubmatch(file)
	if m == nil {
		return "", "", fmt.Errorf("%s is no name of a migration: it takes a number, an underscore, lower-case letters, digits and hyphens, and .sql", file)
	}
	return number(m[1]).String(), m[2], nil
}

func number(version string) *big.Int {
	n, _ := new(big.Int).SetString(version, 10) // digits only, see the rule
	return n
}

func compareVersions(a, b string) int { return number(a).Cmp(number(b)) }

// Migrations is the ledger, newest first.
func (d *Database) Migrations(ctx context.Context) ([]Migration, error) {
	rows, err := d.pool.Query(ctx, "select version, name, statements, created_at from system.custom_migrations order by version::numeric desc")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Migration])
}

// migrate is the backend's part: one transaction, which holds the migration and
// its row in the ledger or neither (database/database-migration.service.ts). The
// mark is for awaitLoad.
func (d *Database) migrate(ctx context.Context, version, name, sql string) (m Migration, mark int, err error) {
	m = Migration{Version: version, Name: name, Statements: statements(sql)}
	if err := guarded(sql); err != nil {
		return m, 0, err
	}
	mark, err = d.change(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('system.custom_migrations'))"); err != nil {
			return err
		}
		var head *string
		if err := tx.QueryRow(ctx, "select max(version::numeric)::text from system.custom_migrations").Scan(&head); err != nil {
			return err
		}
		if head != nil && compareVersions(version, *head) <= 0 {
			return refuse(http.StatusConflict, codeMigrationExists, fmt.Sprintf("migration %s is not newer than %s, the newest applied one", version, *head))
		}
		if err := asAdmin(ctx, tx, sql); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "reset role; select set_config('request.jwt.claims', '{}', true)", pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "insert into system.custom_migrations (version, name, statements) values ($1, $2, $3) returning created_at",
			version, name, m.Statements).Scan(&m.CreatedAt)
	})
	return m, mark, err
}

// guarded is how the backend refuses SQL before it runs; nil when it does not. It
// names its first objection, the error inside has all of them.
func guarded(sql string) *APIError {
	var refusal *sqlguard.Error
	switch err := sqlguard.Check(sql); {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		first := refusal.Violations[0]
		e := &APIError{Status: first.Status(), Code: codeForbidden, Message: first.Message, cause: err}
		if e.Status == http.StatusBadRequest {
			e.Code = codeInvalidInput
		}
		return e
	default:
		return asAPIError(err)
	}
}

// asAdmin runs a script in tx as every migration runs: role project_admin, its
// claims, and public alone on the search path (database/user-context.service.ts).
func asAdmin(ctx context.Context, tx pgx.Tx, sql string) error {
	_, err := tx.Exec(ctx, `set local search_path to public; set local role project_admin;
		select set_config('request.jwt.claims', '{"role":"project_admin"}', true)`, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	return run(ctx, tx.Conn(), sql)
}

// run sends a script as one simple query, as the backend does.
func run(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// Apply runs SQL as project_admin and leaves no row in the ledger, as `db import`
// does: guarded, all of it or nothing. It is how to run a migration again.
func (d *Database) Apply(ctx context.Context, sql string) error {
	if err := guarded(sql); err != nil {
		return err
	}
	mark, err := d.change(ctx, func(tx pgx.Tx) error { return asAdmin(ctx, tx, sql) })
	if err != nil {
		return err
	}
	return d.awaitLoad(ctx, mark)
}

// change runs f in a transaction that tells PostgREST to read the schema again.
func (d *Database) change(ctx context.Context, f func(pgx.Tx) error) (mark int, err error) {
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "notify pgrst, 'reload schema'")
		mark = d.mark()
		return err
	})
	if err != nil {
		return mark, asAPIError(err)
	}
	return mark, nil
}

// unserved is the mark of a database that no PostgREST serves.
const unserved = -1

func (d *Database) mark() int {
	if rest := d.rest.Load(); rest != nil {
		return rest.mark()
	}
	return unserved
}

func (d *Database) awaitLoad(ctx context.Context, mark int) error {
	if mark == unserved {
		return nil
	}
	return d.rest.Load().awaitLoad(ctx, mark)
}

// Reload makes PostgREST read the schema, where one serves the database: after a
// change made on URL, past Migrate and Apply.
func (d *Database) Reload(ctx context.Context) error {
	mark, err := d.change(ctx, func(pgx.Tx) error { return nil })
	if err != nil {
		return err
	}
	return d.awaitLoad(ctx, mark)
}
