// Package database tests the wall around the data: what the migrations let each
// caller of InsForge's data API do to which rows, as Postgres sees it. It needs
// a Postgres; make test-db runs it.
//
// All of it happens in one transaction, which is rolled back in the end, so it
// leaves nothing behind. The Postgres may be an empty one: what migrations need
// of InsForge is made first. Or it is a branch of the InsForge project: then
// migrations that were not applied there are tested before they are.
package database

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// migrations is where the migrations lie. They are read when the tests run.
const migrations = "../../migrations"

// insforge makes, in an empty database, what migrations need of InsForge, one file
// after the other.
//
//go:embed testdata/*.sql
var insforge embed.FS

// wall is the transaction that all tests share; nil if there is no database.
var wall pgx.Tx

func TestMain(m *testing.M) {
	code, err := run(m, os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M, url string) (int, error) {
	if url == "" {
		return m.Run(), nil // every test skips
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return 0, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	// Texts with many statements, and plans that no earlier role left behind.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // whatever is open is rolled back
	if wall, err = conn.Begin(ctx); err != nil {
		return 0, err
	}
	if err := prepare(ctx); err != nil {
		return 0, err
	}
	code := m.Run()
	return code, wall.Rollback(ctx)
}

// prepare brings the database to where the migrations in the project lead.
func prepare(ctx context.Context) error {
	var shaped, recorded bool
	err := wall.QueryRow(ctx, `select
		to_regrole('anon') is not null and to_regprocedure('auth.jwt()') is not null,
		to_regclass('system.custom_migrations') is not null`).Scan(&shaped, &recorded)
	if err != nil {
		return err
	}
	if !shaped {
		if err := shape(ctx); err != nil {
			return err
		}
	}
	applied := map[string]bool{}
	if recorded {
		rows, err := wall.Query(ctx, "select version::text from system.custom_migrations")
		if err != nil {
			return err
		}
		versions, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, v := range versions {
			applied[number(v).String()] = true
		}
	}
	files, err := filepath.Glob(filepath.Join(migrations, "*.sql"))
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b string) int { return number(a).Cmp(number(b)) })
	for _, file := range files {
		if applied[number(file).String()] {
			continue
		}
		if err := migrate(ctx, wall, file); err != nil {
			return err
		}
	}
	return nil
}

// shape makes an empty database one of InsForge's.
func shape(ctx context.Context) error {
	files, err := fs.Glob(insforge, "testdata/*.sql")
	if err != nil {
		return err
	}
	for _, file := range files {
		sql, err := insforge.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := wall.Exec(ctx, string(sql)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// number is the one a migration's name begins with.
func number(file string) *big.Int {
	digits, _, _ := strings.Cut(filepath.Base(file), "_")
	n, _ := new(big.Int).SetString(digits, 10)
	if n == nil {
		return new(big.Int)
	}
	return n
}

// migrate runs a migration as InsForge does.
func migrate(ctx context.Context, tx pgx.Tx, file string) error {
	sql, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const begin = `set local search_path = public; set local role project_admin;
		select set_config('request.jwt.claims', '{"role":"project_admin"}', true)`
	for _, text := range []string{begin, string(sql), "set local role none"} {
		if _, err := tx.Exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return nil
}
