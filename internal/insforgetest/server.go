package insforgetest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insforge/forge/internal/pgtest"
)

// What a clean project's database holds, in order.
//
//go:embed schema/*.sql
var schema embed.FS

// The database that clean ones are copied from.
const template = "insforge_template"

// Server is one Postgres for any number of projects.
type Server struct {
	postgres *pgtest.Server
	admin    *pgxpool.Pool // of the database postgres
	made     atomic.Int64
}

// Start makes a Postgres server and the template of a clean project's database.
// It takes two to three seconds; share one server among tests.
func Start(ctx context.Context) (*Server, error) {
	postgres, err := pgtest.Start(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{postgres: postgres}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("making the template of an InsForge database: %w", err), s.Stop())
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(s.postgres.URL)
	if err != nil {
		return err
	}
	config.MaxConns = 4
	if s.admin, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	// Roles belong to the cluster, not to a database (db-init.sql, 045).
	const roles = `create role anon nologin; create role authenticated nologin; create role project_admin nologin bypassrls`
	if _, err := s.admin.Exec(ctx, roles, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	if _, err := s.admin.Exec(ctx, "create database "+template); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.postgres.At(template))
	if err != nil {
		return err
	}
	err = fill(ctx, conn)
	return errors.Join(err, conn.Close(ctx)) // nobody may be connected when it is copied
}

// fill runs the schema files.
func fill(ctx context.Context, conn *pgx.Conn) error {
	files, err := fs.Glob(schema, "schema/*.sql") // sorted
	if err != nil {
		return err
	}
	for _, file := range files {
		sql, err := schema.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, string(sql), pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// Stop ends the server; everything in it is gone. Close projects first.
func (s *Server) Stop() error {
	if s.admin != nil {
		s.admin.Close()
	}
	return s.postgres.Stop()
}

// NewDatabase copies the database of a clean project, without anything in front
// of it: enough for migrations and for asking Postgres as a Caller. It takes some
// tens of milliseconds. Safe for concurrent use.
func (s *Server) NewDatabase(ctx context.Context) (*Database, error) {
	name := fmt.Sprintf("project_%d", s.made.Add(1))
	if _, err := s.admin.Exec(ctx, "create database "+name+" template "+template); err != nil {
		return nil, err
	}
	d := &Database{URL: s.postgres.At(name), server: s, name: name}
	// New schemas and publications are project_admin's to make (048). A copy does
	// not inherit this.
	if _, err := s.admin.Exec(ctx, "grant create on database "+name+" to project_admin"); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	config, err := pgxpool.ParseConfig(d.URL)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	config.MaxConns = 4
	if d.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// NewProject makes a clean project: a database of its own, a PostgREST and a
// gateway. Where migrations are known beforehand, NewDatabase, Migrate and then
// Serve does the same with one reload less.
func (s *Server) NewProject(ctx context.Context) (*Project, error) {
	d, err := s.NewDatabase(ctx)
	if err != nil {
		return nil, err
	}
	p, err := d.Serve(ctx)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return p, nil
}
