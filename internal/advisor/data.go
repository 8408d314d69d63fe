package advisor

import "fmt"

func dataRules() []rule {
	return []rule{
		{"dead-tuples", dataScope, each(tableStatsQuery, deadTuples)},
		{"stale-statistics", dataScope, each(tableStatsQuery, staleStatistics)},
		{"sequence-exhaustion", dataScope, each(sequencesQuery, sequenceExhaustion)},
	}
}

type tableStats struct {
	Object, Quoted      string
	Live, Dead, Changed int64 // rows; Changed since the last analyze
	Analyzed            bool  // ever, by anybody
}

const tableStatsQuery = `
select s.schemaname || '.' || s.relname, format('%I.%I', s.schemaname, s.relname),
       s.n_live_tup, s.n_dead_tup, s.n_mod_since_analyze, coalesce(s.last_analyze, s.last_autoanalyze) is not null
  from pg_stat_user_tables as s
 where s.schemaname <> all ($1::text[])`

func deadTuples(t tableStats, l limits) (Finding, bool) {
	all := t.Live + t.Dead
	dead := percent(t.Dead, all)
	f := Finding{
		Severity: Info,
		Object:   t.Object,
		Detail:   fmt.Sprintf("%d of its %d rows are dead (%.0f%%): vacuum does not keep up.", t.Dead, all, dead),
		Fix:      "vacuum analyze " + t.Quoted + "; and for lasting: alter table " + t.Quoted + " set (autovacuum_vacuum_scale_factor = 0.05);",
	}
	if dead > l.deadWarning {
		f.Severity = Warning
	}
	return f, all > l.deadTotalRows && t.Dead > l.deadRows && dead > l.deadInfo
}

func staleStatistics(t tableStats, l limits) (Finding, bool) {
	f := Finding{
		Severity: Info,
		Object:   t.Object,
		Detail:   fmt.Sprintf("%d rows changed since it was last analyzed, of %d: plans are made from old numbers.", t.Changed, t.Live),
		Fix:      "analyze " + t.Quoted + ";",
	}
	if !t.Analyzed {
		f.Detail = fmt.Sprintf("It was never analyzed, and %d rows changed.", t.Changed)
	}
	if !t.Analyzed || t.Changed > l.manyChanges {
		f.Severity = Warning
	}
	return f, t.Changed > l.changes && t.Live > 0 && (!t.Analyzed || percent(t.Changed, t.Live) > l.changed)
}

type sequence struct {
	Object, Quoted string
	Last, Max      int64
}

// Sequences that were never used, or may not be read, have no last value.
const sequencesQuery = `
select s.schemaname || '.' || s.sequencename, format('%I.%I', s.schemaname, s.sequencename), s.last_value, s.max_value
  from pg_sequences as s
 where s.last_value is not null and s.schemaname <> all ($1::text[])`

func sequenceExhaustion(s sequence, l limits) (Finding, bool) {
	used := percent(s.Last, s.Max)
	f := Finding{
		Severity: Warning,
		Object:   s.Object,
		Detail:   fmt.Sprintf("%.2f%% of its values are used (%d of %d); after the last one inserts fail.", used, s.Last, s.Max),
		Fix:      "Make the column and the sequence bigint: alter sequence " + s.Quoted + " as bigint;",
	}
	if used >= l.sequenceCritical {
		f.Severity = Critical
	}
	return f, s.Max > 0 && used >= l.sequenceWarning
}

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole) * 100
}
