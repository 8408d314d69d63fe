package advisor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/internal/pgtest"
)

// The states of a server, each made for real on one that is small and of its own.
func TestServerRules(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres; make test runs it")
	}
	server, err := pgtest.Start(t.Context(), "max_connections=30", "shared_buffers=1MB",
		"shared_preload_libraries=pg_stat_statements", "autovacuum_naptime=1s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	conn := connect(t, server.URL)
	autovacuum(t, conn, "off")
	for name, test := range map[string]func(*testing.T, string, *pgx.Conn){
		"connection-usage":    testConnectionUsage,
		"low-cache-hit-ratio": testLowCacheHitRatio,
		"idle-in-transaction": testIdleInTransaction,
		"long-running-query":  testLongRunningQuery,
		"autovacuum-blocked":  testAutovacuumBlocked,
		"slow-query":          testSlowQuery,
	} {
		t.Run(name, func(t *testing.T) { test(t, server.URL, conn) })
	}
}

// eventually scans until the rule says what is wanted: severities, joined.
func eventually(t *testing.T, conn *pgx.Conn, l limits, id, want string) []Finding {
	t.Helper()
	var findings []Finding
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		findings = of(t, conn, l, id)
		var severities []string
		for _, f := range findings {
			severities = append(severities, string(f.Severity))
		}
		if got = strings.Join(severities, " "); got == want {
			return findings
		}
	}
	t.Fatalf("%s says %q, want %q", id, got, want)
	return nil
}

func testConnectionUsage(t *testing.T, url string, conn *pgx.Conn) {
	eventually(t, conn, upstream, "connection-usage", "")
	more := func(upTo int64) {
		for {
			var open int64
			if err := conn.QueryRow(t.Context(), "select count(*) from pg_stat_activity").Scan(&open); err != nil {
				t.Fatal(err)
			}
			if open >= upTo {
				return
			}
			connect(t, url)
		}
	}
	more(24)
	f := eventually(t, conn, upstream, "connection-usage", "warning")
	if want := "of 30 connections are in use"; f[0].Object != "max_connections" || !strings.Contains(f[0].Detail, want) {
		t.Errorf("%v, want %q", f[0], want)
	}
	more(29)
	eventually(t, conn, upstream, "connection-usage", "critical")
}

func testLowCacheHitRatio(t *testing.T, _ string, conn *pgx.Conn) {
	exec(t, conn, `create table public.big as select repeat('x', 1000) as v from generate_series(1, 5000);
		select pg_stat_reset()`)
	lenient := upstream
	lenient.cacheCritical, lenient.cacheWarning = 0, 0
	for range 3 {
		exec(t, conn, "select count(v) from public.big"+counted)
	}
	eventually(t, conn, upstream, "low-cache-hit-ratio", "critical")
	eventually(t, conn, lenient, "low-cache-hit-ratio", "")
	warning := upstream
	warning.cacheCritical = 0
	eventually(t, conn, warning, "low-cache-hit-ratio", "warning")
}

func testIdleInTransaction(t *testing.T, url string, conn *pgx.Conn) {
	short := upstream
	short.idle = 100 * time.Millisecond

	connect(t, url) // idle, but in no transaction
	open := connect(t, url)
	exec(t, open, "begin; select 1")
	f := eventually(t, conn, short, "idle-in-transaction", "warning")
	if want := fmt.Sprintf("Process %d ", open.PgConn().PID()); !strings.HasPrefix(f[0].Detail, want) {
		t.Errorf("%v, want it about %q", f[0], want)
	}
	eventually(t, conn, upstream, "idle-in-transaction", "")
	exec(t, open, "rollback")
	eventually(t, conn, short, "idle-in-transaction", "")
}

func testLongRunningQuery(t *testing.T, url string, conn *pgx.Conn) {
	short := upstream
	short.running = 500 * time.Millisecond

	long := connect(t, url)
	done := make(chan error, 1)
	go func() {
		_, err := long.Exec(context.Background(), "select pg_sleep(60)")
		done <- err
	}()
	f := eventually(t, conn, short, "long-running-query", "warning")
	if !strings.Contains(f[0].Detail, "pg_sleep") {
		t.Errorf("%v does not show the query", f[0])
	}
	eventually(t, conn, upstream, "long-running-query", "")
	short.runningCritical = 600 * time.Millisecond
	eventually(t, conn, short, "long-running-query", "critical")

	exec(t, conn, strings.TrimPrefix(f[0].Fix, "If it may be ended: "))
	if err := <-done; err == nil {
		t.Error("the advice did not end the query")
	}
	eventually(t, conn, short, "long-running-query", "")
}

// A worker waits for a lock only when it must, before transaction IDs run out.
// So a hundred thousand of them are spent.
func testAutovacuumBlocked(t *testing.T, url string, conn *pgx.Conn) {
	exec(t, conn, `create table public.old (id int) with (autovacuum_freeze_max_age = 100000); insert into public.old values (1)`)
	holder := connect(t, url)
	exec(t, holder, "begin; lock table public.old in access exclusive mode")
	exec(t, conn, `do $$ begin for i in 1..100001 loop perform txid_current(); commit; end loop; end $$`)

	autovacuum(t, conn, "on")
	f := eventually(t, conn, upstream, "autovacuum-blocked", "warning")
	if want := fmt.Sprintf("waits for process %d: ", holder.PgConn().PID()); f[0].Object != "public.old" || !strings.Contains(f[0].Detail, want) {
		t.Errorf("%v, want public.old %q", f[0], want)
	}
	soon := upstream
	soon.autovacuumBlockedCritical = 0
	eventually(t, conn, soon, "autovacuum-blocked", "critical")

	autovacuum(t, conn, "off")
	exec(t, holder, "rollback")
	eventually(t, conn, upstream, "autovacuum-blocked", "")

	// Others may wait as they like.
	exec(t, holder, "begin; lock table public.old in access exclusive mode")
	waiter := connect(t, url)
	done := make(chan error, 1)
	go func() {
		_, err := waiter.Exec(context.Background(), "table public.old")
		done <- err
	}()
	for waiting := false; !waiting; {
		if err := conn.QueryRow(t.Context(), "select exists (select from pg_locks where not granted and pid = $1)",
			waiter.PgConn().PID()).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if got := of(t, conn, upstream, "autovacuum-blocked"); len(got) > 0 {
		t.Errorf("findings %v about a waiting query", got)
	}
	exec(t, holder, "rollback")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// autovacuum switches the workers, which other tests would mistake for what they made.
func autovacuum(t *testing.T, conn *pgx.Conn, value string) {
	t.Helper()
	exec(t, conn, "alter system set autovacuum = "+value)
	exec(t, conn, "select pg_reload_conf()")
}

func testSlowQuery(t *testing.T, _ string, conn *pgx.Conn) {
	short := upstream
	short.slow = 200 * time.Millisecond
	exec(t, conn, "create schema stats; create extension pg_stat_statements schema stats")
	exec(t, conn, "select stats.pg_stat_statements_reset()")
	exec(t, conn, "select pg_sleep(0.3); select 1")

	f := eventually(t, conn, short, "slow-query", "warning")
	if f[0].Object != "pg_stat_statements" || !strings.Contains(f[0].Detail, "pg_sleep") {
		t.Errorf("%v does not show the query", f[0])
	}
	eventually(t, conn, upstream, "slow-query", "")
	exec(t, conn, "drop extension pg_stat_statements")
	eventually(t, conn, short, "slow-query", "")
}
