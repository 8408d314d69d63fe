package insforgetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is the database of one project. Its methods are safe for concurrent
// use.
type Database struct {
	// URL connects as the superuser, who owns what InsForge made and is held by no
	// policy: for looking at results, and for what no API may do.
	URL string

	server *Server
	name   string
	pool   *pgxpool.Pool
	rest   atomic.Pointer[postgrest] // nil while nothing serves it
}

// Close drops the database.
func (d *Database) Close() error {
	if d.pool != nil {
		d.pool.Close()
	}
	_, err := d.server.admin.Exec(context.Background(), "drop database if exists "+d.name+" with (force)")
	return err
}

// Schema is the SQL that makes everything in the database but its rows, in an
// order that does not depend on when it was made.
func (d *Database) Schema(ctx context.Context) (string, error) {
	return d.server.postgres.Schema(ctx, d.URL)
}

// Caller is who a request comes from, as far as the database is told.
type Caller struct {
	Role  string // anon, authenticated or project_admin
	Sub   string
	Email string
}

// As runs f in a transaction as the caller, with the claims the backend would
// set: role and email as they are, sub for users only
// (database/user-context.service.ts). It commits unless f fails.
func (d *Database) As(ctx context.Context, c Caller, f func(pgx.Tx) error) error {
	return d.as(ctx, c, "", f)
}

func (d *Database) as(ctx context.Context, c Caller, channel string, f func(pgx.Tx) error) error {
	claims := map[string]string{"role": c.Role}
	if c.Role == authenticated && c.Sub != "" {
		claims["sub"] = c.Sub
	}
	if c.Email != "" {
		claims["email"] = c.Email
	}
	encoded, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	switch c.Role {
	case anon, authenticated, projectAdmin:
	default:
		return fmt.Errorf("no such role for a caller: %q", c.Role)
	}
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true), set_config('realtime.channel_name', $3, true)",
			c.Role, string(encoded), channel)
		if err != nil {
			return err
		}
		return f(tx)
	})
}

// The roles of requests.
const (
	anon          = "anon"
	authenticated = "authenticated"
	projectAdmin  = "project_admin"
)

// MaySubscribe says whether the realtime server lets the caller subscribe to a
// channel: whether a select on realtime.channels, made as the caller, finds an
// enabled one whose pattern fits. An error of the select is a no
// (realtime/realtime-auth.service.ts).
func (d *Database) MaySubscribe(ctx context.Context, c Caller, channel string) bool {
	var found bool
	err := d.as(ctx, c, channel, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select exists (select from realtime.channels
			where enabled and (pattern = $1 or $1 like pattern))`, channel).Scan(&found)
	})
	return err == nil && found
}

// ErrNoChannel is returned by Send when no enabled channel fits the name.
var ErrNoChannel = errors.New("no realtime channel fits the name")

// Send stores the message of a client as the realtime server does: the channel is
// looked up by the backend, the message inserted as the caller, with the sub of a
// user as the uuid it has to be. A nil error means that all listeners get it
// (realtime/realtime-message.service.ts).
func (d *Database) Send(ctx context.Context, c Caller, channel, event string, payload json.RawMessage) error {
	var id string
	err := d.pool.QueryRow(ctx, `select id::text from realtime.channels
		where enabled and (pattern = $1 or $1 like pattern) order by pattern = $1 desc limit 1`, channel).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s: %w", channel, ErrNoChannel)
	}
	if err != nil {
		return err
	}
	sender := "user"
	if c.Role == projectAdmin {
		sender = "system"
	}
	var sub *string
	if c.Role == authenticated {
		sub = &c.Sub
	}
	return d.as(ctx, c, channel, func(tx pgx.Tx) error {
		// As text, so that the database judges whether sub is a uuid.
		_, err := tx.Exec(ctx, `insert into realtime.messages (event_name, channel_id, channel_name, payload, sender_type, sender_id)
			values ($1, $2::text::uuid, $3, $4::text::jsonb, $5, $6::text::uuid)`, event, id, channel, string(payload), sender, sub)
		return err
	})
}
