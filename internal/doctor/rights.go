package doctor

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const (
	checkRows = "row level security"
	checkAnon = "anonymous access"
)

// relation is a table or view that the data API serves.
type relation struct {
	Schema, Name string
	SQL          string // its name, for SQL
	Kind         string // as pg_class has it
	// Security is row level security of a table, and security_invoker of a view.
	Security bool
	Policies int
	// AnonPolicy is a policy that names anon: somebody meant it.
	AnonPolicy bool
	// Everyone says that a right was granted to PUBLIC, which anon is part of.
	Everyone bool
	// Open says that a caller of the API can get at the relation's schema.
	Open bool
	// Anon and User are the rights of the two roles of callers.
	Anon, User []string
}

func (r relation) isTable() bool { return r.Kind == "r" || r.Kind == "p" }

// String is the name as SQL has it.
func (r relation) String() string { return r.SQL }

// revoke takes all rights of a role away, and those of everyone with them if that
// is where they come from.
func (r relation) revoke(role string) string {
	if r.Everyone {
		role = "public, " + role
	}
	return fmt.Sprintf("revoke all on %s from %s;", r.SQL, role)
}

// inMigration says where SQL that mends something goes.
func inMigration(name, sql string) string {
	return "npx @insforge/cli db migrations new " + name + ", and in that file: " + sql
}

// rightsQuery lists the relations in the schemas that PostgREST is told to serve,
// but for what extensions made and for partitions, which it does not serve. The
// words that make the backend reload its schema are not in it.
const rightsQuery = `
with served as (
  select 'public' as schema
  union
  select btrim(part)
    from pg_db_role_setting as s, unnest(s.setconfig) as setting,
         unnest(string_to_array(split_part(setting, '=', 2), ',')) as part
   where starts_with(setting, 'pgrst.db_schemas=')
     and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
)
select coalesce(json_agg(json_build_object(
  'schema', n.nspname, 'name', c.relname, 'sql', format('%I.%I', n.nspname, c.relname), 'kind', c.relkind,
  'security', case when c.relkind in ('r', 'p') then c.relrowsecurity
    else coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false) end,
  'policies', (select count(*) from pg_policy as p where p.polrelid = c.oid),
  'anonPolicy', exists (select from pg_policy as p where p.polrelid = c.oid and p.polroles @> array['anon'::regrole::oid]),
  'everyone', exists (select from aclexplode(c.relacl) as a where a.grantee = 0),
  'open', has_schema_privilege('anon', n.oid, 'usage') or has_schema_privilege('authenticated', n.oid, 'usage'),
  'anon', held.anon, 'user', held.authenticated
) order by n.nspname, c.relname), '[]') as result
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
  select json_agg(verb order by place) filter (where may('anon')) as anon,
         json_agg(verb order by place) filter (where may('authenticated')) as authenticated
    from unnest(array['select', 'insert', 'update', 'delete']) with ordinality as verbs (verb, place)
) as held
where n.nspname in (select schema from served) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`

// may is whether a role holds a right, on one column at least.
func may(role string) string {
	return strings.ReplaceAll(`(has_schema_privilege('ROLE', n.oid, 'usage') and case verb
      when 'delete' then has_table_privilege('ROLE', c.oid, verb) else has_any_column_privilege('ROLE', c.oid, verb) end)`, "ROLE", role)
}

// rights lists the relations, or says why not in the place of rowSecurity.
func (p *project) rights(ctx context.Context) ([]relation, *Check) {
	if skip, unmet := unmade(checkRows, &p.apiKey); unmet {
		return nil, &skip
	}
	sql := strings.NewReplacer("may('anon')", may("anon"), "may('authenticated')", may("authenticated")).Replace(rightsQuery)
	var tables []relation
	if err := p.client.query(ctx, p.admin, sql, &tables); err != nil {
		c := p.outOfOrder(checkRows, "cannot be looked at: ", err)
		return nil, &c
	}
	return tables, nil
}

// rowSecurity wants every table that a caller can get at to decide row by row.
func (p *project) rowSecurity(tables []relation, wrong *Check) []Check {
	if wrong != nil {
		return []Check{*wrong}
	}
	var all []Check
	report := func(detail string, sql ...string) {
		all = append(all, failed(checkRows, detail, inMigration("row-level-security", strings.Join(sql, " "))))
	}
	const orUsers = "(or policies for users, if they have rows in it)"
	n := 0
	for _, t := range tables {
		if t.isTable() {
			n++
		}
		enable := fmt.Sprintf("alter table %s enable row level security;", t.SQL)
		forServer := fmt.Sprintf("create policy server on %s for all to project_admin using (true) with check (true);", t.SQL)
		switch {
		case !t.Open, !t.isTable() && t.Anon == nil && t.User == nil:
		case t.isTable() && !t.Security && t.Policies == 0:
			report(fmt.Sprintf("%s has none: whoever has a right on it gets every row, and no policy says who should", t),
				enable, forServer, orUsers)
		case t.isTable() && !t.Security:
			report(fmt.Sprintf("%s has it switched off: its policies do nothing, and whoever has a right on it gets every row", t), enable)
		case t.isTable() && t.Policies == 0:
			report(fmt.Sprintf("%s has no policy: nobody but the API key sees a row, and nothing says that this is meant", t),
				forServer, orUsers)
		case t.Kind == "v" && !t.Security:
			report(fmt.Sprintf("the view %s shows every row of the tables behind it, whoever asks", t), fmt.Sprintf("alter view %s set (security_invoker = true);", t.SQL))
		case t.Kind != "v" && !t.isTable():
			report(fmt.Sprintf("%s can have none, and callers of the API have rights on it", t), t.revoke("anon, authenticated"))
		}
	}
	if all == nil {
		all = append(all, ok(checkRows, "on, with policies, for "+count(n, "table")))
	}
	return all
}

// anonymous wants the anon key, which is in every browser, to be refused on
// every table. An empty answer is no refusal: it is empty today.
func (p *project) anonymous(ctx context.Context, tables []relation, wrong *Check) []Check {
	for _, need := range []*Check{&p.anonKey, wrong} {
		if need == nil {
			continue
		}
		if skip, unmet := unmade(checkAnon, need); unmet {
			return []Check{skip}
		}
	}
	var all []Check
	n := 0
	for _, t := range tables {
		if p.isLedger(t) {
			continue // has a check of its own
		}
		n++
		if c := p.anonymousOn(ctx, t); c != nil {
			all = append(all, *c)
		}
	}
	if all == nil {
		all = append(all, ok(checkAnon, "the anon key is refused on "+count(n, "table")))
	}
	return all
}

func (p *project) anonymousOn(ctx context.Context, t relation) *Check {
	a, err := p.client.get(ctx, t.records(), p.anon)
	if err != nil {
		c := p.outOfOrder(checkAnon, fmt.Sprintf("%s cannot be tried: the project ", t), err)
		return &c
	}
	rights := t.Anon
	if a.done() && !slices.Contains(rights, "select") {
		rights = append([]string{"select"}, rights...)
	}
	var c Check
	switch {
	case a.status >= 500:
		c = failed(checkAnon, fmt.Sprintf("%s cannot be tried: the project %s", t, p.client.unexpected(a)), fixWait)
	case len(rights) == 0:
		return nil
	case t.AnonPolicy:
		c = warning(checkAnon, fmt.Sprintf("the anon key, which is public, holds %s on %s, and a policy says that this is meant", enumerate(rights), t),
			"leave it, if it is; else "+inMigration("close-to-anon", t.revoke("anon")))
	default:
		detail := fmt.Sprintf("the anon key, which is public, holds %s on %s", enumerate(rights), t)
		if a.done() {
			detail += fmt.Sprintf(": GET %s answers %d", t.records(), a.status)
		}
		c = failed(checkAnon, detail, inMigration("close-to-anon", t.revoke("anon")))
	}
	return &c
}

// records is where the data API serves no row of r.
func (r relation) records() string {
	path := "/api/database/records/" + url.PathEscape(r.Name) + "?limit=0"
	if r.Schema != "public" {
		path += "&schema=" + url.QueryEscape(r.Schema)
	}
	return path
}

// enumerate lists rights as SQL does.
func enumerate(rights []string) string { return strings.ToUpper(strings.Join(rights, ", ")) }
