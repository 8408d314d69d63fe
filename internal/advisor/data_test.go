package advisor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// counted makes what the session did visible in the statistics at once.
const counted = ";select pg_stat_force_next_flush();"

func TestDataRules(t *testing.T) {
	many := upstream
	many.manyChanges = 700

	// No worker may tidy up in between.
	const table = " (id int, v int) with (autovacuum_enabled = false);"
	tests := []struct {
		name, rule, sql string
		limits          limits
		want            []string
	}{
		{
			"unused index", "unused-index",
			`create table public.t` + table + `insert into public.t select i, i from generate_series(1, 10) as i;
			create index fires on public.t (id); create unique index ok_unique on public.t (id);
			create table public.u (id int primary key, v int); insert into public.u values (1, 1);
			create index ok_used on public.u (v);
			create table public.e` + table + `create index ok_empty on public.e (id);
			set enable_seqscan = off; select from public.u where v = 1`,
			upstream,
			[]string{"info public.fires"},
		},
		{
			"dead tuples", "dead-tuples",
			`create table public.some` + table + `insert into public.some select from generate_series(1, 2000); delete from public.some where ctid in (select ctid from public.some limit 500);
			create table public.most` + table + `insert into public.most select from generate_series(1, 2000); delete from public.most where ctid in (select ctid from public.most limit 1200);
			create table public.ok_share` + table + `insert into public.ok_share select from generate_series(1, 2000); delete from public.ok_share where ctid in (select ctid from public.ok_share limit 390);
			create table public.ok_small` + table + `insert into public.ok_small select from generate_series(1, 900); delete from public.ok_small;
			create table public.ok_vacuumed` + table + `insert into public.ok_vacuumed select from generate_series(1, 2000);
			commit; delete from public.ok_vacuumed; commit; vacuum public.ok_vacuumed;`,
			upstream,
			[]string{"warning public.most", "info public.some"},
		},
		{
			"stale statistics", "stale-statistics",
			`create table public.never` + table + `insert into public.never select from generate_series(1, 600);
			create table public.changed` + table + `insert into public.changed select from generate_series(1, 2000);
			create table public.ok_share` + table + `insert into public.ok_share select from generate_series(1, 4000);
			create table public.ok_few` + table + `insert into public.ok_few select from generate_series(1, 500);
			create table public.ok_gone` + table + `insert into public.ok_gone select from generate_series(1, 600); delete from public.ok_gone;
			commit; analyze public.changed, public.ok_share; commit;
			update public.changed set v = 1 where ctid in (select ctid from public.changed limit 600);
			update public.ok_share set v = 1 where ctid in (select ctid from public.ok_share limit 600);`,
			upstream,
			[]string{"warning public.never", "info public.changed"},
		},
		{
			"very stale statistics", "stale-statistics",
			`create table public.changed` + table + `insert into public.changed select from generate_series(1, 2000);
			create table public.less` + table + `insert into public.less select from generate_series(1, 2000);
			commit; analyze public.changed, public.less; commit;
			update public.changed set v = 1 where ctid in (select ctid from public.changed limit 701);
			update public.less set v = 1 where ctid in (select ctid from public.less limit 700);`,
			many,
			[]string{"warning public.changed", "info public.less"},
		},
		{
			"sequences", "sequence-exhaustion",
			`create sequence public.nearly maxvalue 100; select setval('public.nearly', 90);
			create table public.filling (id serial); select setval('public.filling_id_seq', 1700000000);
			create sequence public.ok_three_quarters maxvalue 1000; select setval('public.ok_three_quarters', 749);
			create sequence public.ok_unused maxvalue 2;
			create sequence public.ok_down increment -1; select nextval('public.ok_down');`,
			upstream,
			[]string{"critical public.nearly", "warning public.filling_id_seq"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn := migrated(t)
			for part := range strings.SplitSeq(test.sql, "commit;") { // a script is one transaction
				exec(t, conn, part)
				exec(t, conn, counted) // otherwise what was inserted may be counted after it was analyzed
			}
			var got []string
			for _, f := range of(t, connect(t, conn.Config().ConnString()), test.limits, test.rule) {
				got = append(got, string(f.Severity)+" "+f.Object)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
