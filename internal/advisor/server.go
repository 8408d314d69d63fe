package advisor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func serverRules() []rule {
	return []rule{
		{"connection-usage", serverScope, each(connectionsQuery, connectionUsage)},
		{"low-cache-hit-ratio", serverScope, each(cacheQuery, lowCacheHitRatio)},
		{"idle-in-transaction", serverScope, each(sessionsQuery, idleInTransaction)},
		{"long-running-query", serverScope, each(sessionsQuery, longRunningQuery)},
		{"autovacuum-blocked", serverScope, each(blockedQuery, autovacuumBlocked)},
		{"slow-query", serverScope, slowQueries},
	}
}

// The argument is of no use to these; each passes it to all.
const unusedArgument = " and ($1::text[] is not null)"

type connections struct{ Open, Max int64 }

const connectionsQuery = `
select (select count(*) from pg_stat_activity), current_setting('max_connections')::bigint where true` + unusedArgument

func connectionUsage(c connections, l limits) (Finding, bool) {
	used := percent(c.Open, c.Max)
	f := Finding{
		Severity: Warning,
		Object:   "max_connections",
		Detail:   fmt.Sprintf("%d of %d connections are in use (%.0f%%).", c.Open, c.Max, used),
		Fix:      "Look for clients that do not give connections back, and put a pooler in between.",
	}
	if used >= l.connectionsCritical {
		f.Severity = Critical
	}
	return f, used >= l.connectionsWarning
}

type cache struct{ Hit, Read int64 }

const cacheQuery = `
select blks_hit, blks_read from pg_stat_database where datname = current_database()` + unusedArgument

func lowCacheHitRatio(c cache, l limits) (Finding, bool) {
	hit := 100.0
	if all := c.Hit + c.Read; all > 0 {
		hit = percent(c.Hit, all)
	}
	f := Finding{
		Severity: Warning,
		Object:   "pg_stat_database",
		Detail:   fmt.Sprintf("Only %.2f%% of blocks were found in memory.", hit),
		Fix:      "Find the queries that read most, and their missing indexes; otherwise raise shared_buffers.",
	}
	if hit < l.cacheCritical {
		f.Severity = Critical
	}
	return f, hit < l.cacheWarning
}

type session struct {
	PID        int32
	State      string
	InState    time.Duration // since the state changed
	SinceQuery time.Duration // since its query began
	Query      string
}

const sessionsQuery = `
select pid, state, coalesce(clock_timestamp() - state_change, '0'), coalesce(clock_timestamp() - query_start, '0'), left(query, 100)
  from pg_stat_activity where state in ('active', 'idle in transaction')` + unusedArgument

func idleInTransaction(s session, l limits) (Finding, bool) {
	return Finding{
		Severity: Warning,
		Object:   "pg_stat_activity",
		Detail:   fmt.Sprintf("Process %d has left a transaction open for %s, with its locks.", s.PID, s.InState.Round(time.Second)),
		Fix:      "Find the missing commit or rollback, and set idle_in_transaction_session_timeout.",
	}, s.State == "idle in transaction" && s.InState > l.idle
}

func longRunningQuery(s session, l limits) (Finding, bool) {
	f := Finding{
		Severity: Warning,
		Object:   "pg_stat_activity",
		Detail:   fmt.Sprintf("Process %d has been running for %s: %s", s.PID, s.SinceQuery.Round(time.Second), s.Query),
		Fix:      fmt.Sprintf("If it may be ended: select pg_cancel_backend(%d);", s.PID),
	}
	if s.SinceQuery > l.runningCritical {
		f.Severity = Critical
	}
	return f, s.State == "active" && s.SinceQuery > l.running
}

type blocked struct {
	Object       string
	PID, Blocker int32
	For          time.Duration
	Query        string // the blocker's
}

// An autovacuum worker shows itself by its query, which begins with the word.
const blockedQuery = `
select n.nspname || '.' || c.relname, w.pid, b.pid, coalesce(clock_timestamp() - w.query_start, '0'), coalesce(left(b.query, 100), '')
  from pg_locks as k
  join pg_class as c on c.oid = k.relation
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_stat_activity as w on w.pid = k.pid
 cross join lateral unnest(pg_blocking_pids(w.pid)) as blocker (pid)
  join pg_stat_activity as b on b.pid = blocker.pid
 where not k.granted and w.query ilike '%autovacuum%'` + unusedArgument

func autovacuumBlocked(b blocked, l limits) (Finding, bool) {
	f := Finding{
		Severity: Warning,
		Object:   b.Object,
		Detail:   fmt.Sprintf("Autovacuum (process %d) waits for process %d: %s", b.PID, b.Blocker, b.Query),
		Fix:      fmt.Sprintf("If it may be ended: select pg_terminate_backend(%d);", b.Blocker),
	}
	if b.For > l.autovacuumBlockedCritical {
		f.Severity = Critical
	}
	return f, true
}

type statement struct {
	Query string
	Calls int64
	Mean  float64 // milliseconds
}

// slowQueries needs the view of pg_stat_statements, wherever it is, and finds
// nothing without it.
func slowQueries(ctx context.Context, tx pgx.Tx, l limits) ([]Finding, error) {
	const where = `
select format('%I.pg_stat_statements', n.nspname)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.relname = 'pg_stat_statements'
   and (n.nspname = 'public' or n.oid = (select extnamespace from pg_extension where extname = 'pg_stat_statements'))
 limit 1`
	var view string
	if err := tx.QueryRow(ctx, where).Scan(&view); errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return each(`
select left(query, 100), calls, total_exec_time / calls
  from `+view+` where calls > 0`+unusedArgument+`
 order by 3 desc limit 10`, slowQuery)(ctx, tx, l)
}

func slowQuery(s statement, l limits) (Finding, bool) {
	mean := time.Duration(s.Mean * float64(time.Millisecond))
	return Finding{
		Severity: Warning,
		Object:   "pg_stat_statements",
		Detail:   fmt.Sprintf("Takes %s on average over %d calls: %s", mean.Round(time.Millisecond), s.Calls, s.Query),
		Fix:      "explain (analyze, buffers) shows where the time goes; most often an index is missing.",
	}, mean > l.slow
}
