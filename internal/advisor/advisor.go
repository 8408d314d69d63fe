package advisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Severity is how bad a finding is.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

func (s Severity) rank() int { return slices.Index([]Severity{Critical, Warning, Info}, s) }

// A Finding is one thing a rule objects to.
type Finding struct {
	Rule     string
	Severity Severity
	// Object is what it is about, as the backend names it: schema.table,
	// schema.table.column, schema.table.constraint, schema.table (policy),
	// schema.function(arguments), schema.index, schema.sequence, or the setting or
	// view that holds the server's state.
	Object string
	Detail string // what is wrong, in a sentence
	Fix    string // what to do: SQL where that is possible, otherwise a sentence
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.Severity, f.Rule, f.Object, f.Detail)
}

// Scan applies all rules, worst findings first. It writes nothing. The connection
// must not be in a transaction; what it may not read, such as other roles' queries
// in pg_stat_activity, is not judged. When a rule cannot run, the error names it
// and the findings of the others are still returned.
func Scan(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	return scan(ctx, conn, upstream, schemaScope, dataScope, serverScope)
}

// ScanSchema applies the rules whose findings depend on the schema alone: the same
// for an empty database and a busy one.
func ScanSchema(ctx context.Context, conn *pgx.Conn) ([]Finding, error) {
	return scan(ctx, conn, upstream, schemaScope)
}

// scope says what a rule's findings depend on.
type scope int

const (
	schemaScope scope = iota
	dataScope
	serverScope
)

type rule struct {
	id    string
	scope scope
	find  finder
}

// rules are all there are.
func rules() []rule {
	return slices.Concat(tableRules(), policyRules(), functionRules(), indexRules(), dataRules(), serverRules())
}

// finder reads what a rule looks at and judges it. It leaves Rule empty.
type finder func(context.Context, pgx.Tx, limits) ([]Finding, error)

// each makes a finder of a query and a judgement on its rows. The query takes the
// exempt schemas as its one argument.
func each[T any](query string, judge func(T, limits) (Finding, bool)) finder {
	return func(ctx context.Context, tx pgx.Tx, l limits) ([]Finding, error) {
		// An error of Query comes again from CollectRows.
		rows, _ := tx.Query(ctx, query, exempt())
		subjects, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		if err != nil {
			return nil, err
		}
		var found []Finding
		for _, subject := range subjects {
			if f, fires := judge(subject, l); fires {
				found = append(found, f)
			}
		}
		return found, nil
	}
}

func scan(ctx context.Context, conn *pgx.Conn, l limits, scopes ...scope) ([]Finding, error) {
	var all []Finding
	var failed []error
	for _, r := range rules() {
		if !slices.Contains(scopes, r.scope) {
			continue
		}
		// A transaction each, so that one rule's failure does not end the others.
		err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "set local search_path = ''"); err != nil {
				return err
			}
			found, err := r.find(ctx, tx, l)
			for _, f := range found {
				f.Rule = r.id
				all = append(all, f)
			}
			return err
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("advisor rule %s: %w", r.id, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Detail, b.Detail),
		)
	})
	return all, errors.Join(failed...)
}

// limits are where the rules about data and the server begin to object. Tests
// lower them to states that can be made in a moment.
type limits struct {
	indexBytes int64 // an unused index up to this size is nobody's burden

	deadRows, deadTotalRows int64   // a table with no more of them is too small to matter
	deadInfo, deadWarning   float64 // percent of its rows

	changes, manyChanges int64 // rows changed since the last analyze
	changed              float64

	sequenceWarning, sequenceCritical float64 // percent of its values

	connectionsWarning, connectionsCritical float64 // percent of max_connections
	cacheWarning, cacheCritical             float64 // percent of blocks found in memory

	idle                      time.Duration
	running, runningCritical  time.Duration
	slow                      time.Duration // on average
	autovacuumBlockedCritical time.Duration
}

// upstream holds the backend's own numbers.
var upstream = limits{
	indexBytes: 8192, // one page, which every index has

	deadRows: 200, deadTotalRows: 1000,
	deadInfo: 20, deadWarning: 50,

	changes: 500, manyChanges: 100_000,
	changed: 20,

	sequenceWarning: 75, sequenceCritical: 90,

	connectionsWarning: 80, connectionsCritical: 95,
	cacheWarning: 95, cacheCritical: 90,

	idle:    5 * time.Minute,
	running: 5 * time.Minute, runningCritical: 30 * time.Minute,
	slow:                      time.Second,
	autovacuumBlockedCritical: time.Hour,
}

// exempt lists the schemas nobody is told about: InsForge's own, Postgres' own
// and those of well-known extensions.
func exempt() []string {
	return []string{
		"ai", "auth", "compute", "deployments", "email", "functions", "memory", "payments", "realtime", "schedules", "storage", "system",
		"information_schema", "pg_catalog",
		"_timescaledb_cache", "_timescaledb_catalog", "_timescaledb_config", "_timescaledb_internal",
		"cron", "extensions", "graphql", "graphql_public", "net", "pgbouncer", "pgmq", "pgroonga", "pgsodium", "pgsodium_masks", "pgtle",
		"repack", "supabase_functions", "supabase_migrations", "tiger", "topology", "vault",
	}
}

// exposed is the SQL for the schemas of the data API, as PostgREST is told.
const exposed = `string_to_array(replace(coalesce(nullif(current_setting('pgrst.db_schemas', true), ''), 'public'), ' ', ''), ',')`

// notExtension is the SQL for relation c belonging to no extension.
const notExtension = `not exists (select from pg_depend as d
	where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`
