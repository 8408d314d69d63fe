package advisor

import "fmt"

func indexRules() []rule {
	return []rule{
		{"missing-fk-index", schemaScope, each(foreignKeysQuery, missingFKIndex)},
		{"missing-rls-index", schemaScope, each(policyColumnsQuery, missingRLSIndex)},
		{"unused-index", dataScope, each(indexesQuery, unusedIndex)},
	}
}

type foreignKey struct {
	Object, Table, Columns string // the columns in the key's order, quoted
	Indexed                bool   // some index begins with them, in that order
}

const foreignKeysQuery = `
select n.nspname || '.' || c.relname || '.' || k.conname, format('%I.%I', n.nspname, c.relname),
       (select string_agg(quote_ident(a.attname), ', ' order by o.position)
          from unnest(k.conkey) with ordinality as o (number, position)
          join pg_attribute as a on a.attrelid = c.oid and a.attnum = o.number),
       exists (select from pg_index as i
                where i.indrelid = c.oid and i.indisvalid
                  and k.conkey = array(select i.indkey[p] from generate_series(0, cardinality(k.conkey) - 1) as p order by p))
  from pg_constraint as k
  join pg_class as c on c.oid = k.conrelid
  join pg_namespace as n on n.oid = c.relnamespace
 where k.contype = 'f' and n.nspname <> all ($1::text[]) and ` + notExtension

func missingFKIndex(k foreignKey, _ limits) (Finding, bool) {
	return Finding{
		Severity: Warning,
		Object:   k.Object,
		Detail:   fmt.Sprintf("No index of %s begins with (%s): joins, and deletes on the other side, read the whole table.", k.Table, k.Columns),
		Fix:      fmt.Sprintf("create index on %s (%s);", k.Table, k.Columns),
	}, !k.Indexed
}

type policyColumn struct {
	Object, Table, Column, Policy string
	Indexed                       bool // at any position of any index
}

// Postgres records which columns an expression reads, so nothing is guessed from
// its text, and columns of other tables are told apart.
const policyColumnsQuery = `
select n.nspname || '.' || c.relname || '.' || a.attname, format('%I.%I', n.nspname, c.relname),
       quote_ident(a.attname), min(p.polname::text),
       exists (select from pg_index as i where i.indrelid = c.oid and i.indisvalid and a.attnum = any (i.indkey))
  from pg_policy as p
  join pg_depend as d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
                     and d.refclassid = 'pg_class'::regclass and d.refobjid = p.polrelid
  join pg_attribute as a on a.attrelid = p.polrelid and a.attnum = d.refobjsubid
  join pg_class as c on c.oid = p.polrelid
  join pg_namespace as n on n.oid = c.relnamespace
 where d.refobjsubid > 0 and not a.attisdropped and c.relkind = 'r' and n.nspname <> all ($1::text[])
 group by n.nspname, c.relname, c.oid, a.attname, a.attnum`

func missingRLSIndex(c policyColumn, _ limits) (Finding, bool) {
	return Finding{
		Severity: Warning,
		Object:   c.Object,
		Detail:   fmt.Sprintf("Policy %s reads it for every query, and it is in no index.", c.Policy),
		Fix:      fmt.Sprintf("create index on %s (%s);", c.Table, c.Column),
	}, !c.Indexed
}

type index struct {
	Object, Quoted, Table string
	Unique                bool
	Scans, Bytes          int64
}

const indexesQuery = `
select s.schemaname || '.' || s.indexrelname, format('%I.%I', s.schemaname, s.indexrelname), s.relname,
       i.indisunique or i.indisprimary, s.idx_scan, pg_relation_size(s.indexrelid)
  from pg_stat_user_indexes as s
  join pg_index as i on i.indexrelid = s.indexrelid
  join pg_class as c on c.oid = s.relid
 where s.schemaname <> all ($1::text[]) and ` + notExtension

func unusedIndex(i index, l limits) (Finding, bool) {
	return Finding{
		Severity: Info,
		Object:   i.Object,
		Detail:   fmt.Sprintf("No query has used this index of %s yet; it is %d bytes, and every write pays for it.", i.Table, i.Bytes),
		Fix:      "Once real traffic leaves it unused: drop index " + i.Quoted + ";",
	}, i.Scans == 0 && !i.Unique && i.Bytes > l.indexBytes
}
