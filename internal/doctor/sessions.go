package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/insforge/forge/generator"
)

const (
	checkSessions = "session tables"
	checkReader   = "session rights"
)

// sessions checks the tables in which the server looks up sessions by itself, and
// that its role there can do no more than that.
func (s *signIn) sessions(ctx context.Context, b *generator.DoctorDatabase) []Check {
	if b == nil {
		return nil
	}
	if wrong := s.wrong[b.URL]; wrong != nil {
		skip, _ := unmade(checkSessions, wrong)
		other, _ := unmade(checkReader, wrong)
		return []Check{skip, other}
	}
	address := s.values[b.URL]
	if u, err := url.Parse(address); err == nil {
		if password, given := u.User.Password(); given {
			s.secrets.add(password)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	schema, err := readSchema(ctx, address, b.Schema)
	if err != nil {
		root := failed(checkSessions, "cannot be looked at: "+s.secrets.quoted(err.Error()), s.set(b.URL))
		skip, _ := unmade(checkReader, &root)
		return []Check{root, skip}
	}
	if tables := s.tables(b, schema); tables.Status != OK {
		skip, _ := unmade(checkReader, &tables)
		return []Check{tables, skip}
	}
	return append([]Check{ok(checkSessions, "are there, and "+schema.Role+", the role in "+b.URL+", can read what it needs")}, s.reader(b, schema)...)
}

// schemaRights are what the role that asks, and callers of the data API, may do in a schema.
type schemaRights struct {
	Role          string
	Super, Enters bool
	Exists        bool
	// Columns are all of the schema, as table.column, and whether they can be read.
	Columns map[string]bool
	// Writes are what the role may do beside reading, such as "INSERT on session".
	Writes []string
	// Open are the roles of the data API that may do anything in the schema.
	Open []string
}

const schemaQuery = `
select current_user::text, r.rolsuper, n.oid is not null,
  coalesce(has_schema_privilege(n.oid, 'usage'), false),
  (select coalesce(json_object_agg(t.relname || '.' || a.attname, has_column_privilege(t.oid, a.attnum, 'select')), '{}')
   from pg_class t join pg_attribute a on a.attrelid = t.oid
   where t.relnamespace = n.oid and t.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped),
  array(select upper(p) || ' on ' || t.relname from pg_class t, unnest(array['insert', 'update', 'delete', 'truncate']) p
   where t.relnamespace = n.oid and t.relkind in ('r', 'p') and
     case when p in ('insert', 'update') then has_any_column_privilege(t.oid, p) else has_table_privilege(t.oid, p) end
   order by t.relname, p),
  array(select c.rolname::text from pg_roles c where c.rolname in ('anon', 'authenticated') and has_schema_privilege(c.oid, n.oid, 'usage') and exists (
     select from pg_class t, unnest(array['select', 'insert', 'update', 'references']) p
     where t.relnamespace = n.oid and t.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege(c.oid, t.oid, p)) order by c.rolname)
from pg_roles r left join pg_namespace n on n.nspname = $1
where r.rolname = current_user`

func readSchema(ctx context.Context, address, schema string) (*schemaRights, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	// Prepared statements do not survive the poolers many hosts put in front of Postgres.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	var r schemaRights
	err = conn.QueryRow(ctx, schemaQuery, schema).Scan(&r.Role, &r.Super, &r.Exists, &r.Enters, &r.Columns, &r.Writes, &r.Open)
	return &r, err
}

// tables wants every column that the server reads.
func (s *signIn) tables(b *generator.DoctorDatabase, r *schemaRights) Check {
	setUp := "make the tables and the role as README.md says, Set up " + s.provider.Name
	switch {
	case !r.Exists:
		return failed(checkSessions, "there is no schema "+b.Schema, applyAll)
	case !r.Enters:
		return failed(checkSessions, r.Role+", the role in "+b.URL+", may not use the schema "+b.Schema, setUp)
	}
	for _, table := range slices.Sorted(maps.Keys(b.Read)) {
		for _, column := range b.Read[table] {
			readable, there := r.Columns[table+"."+column]
			switch {
			case !there:
				return failed(checkSessions, fmt.Sprintf("there is no column %q in a table %s.%s", column, b.Schema, table), setUp)
			case !readable:
				return failed(checkSessions, fmt.Sprintf("%s, the role in %s, may not read the column %q of %s.%s", r.Role, b.URL, column, b.Schema, table), setUp)
			}
		}
	}
	return ok(checkSessions, "")
}

// reader wants the role to have no right that it does not need, and callers of the
// data API none at all.
func (s *signIn) reader(b *generator.DoctorDatabase, r *schemaRights) []Check {
	var all []Check
	for _, role := range r.Open {
		all = append(all, failed(checkReader, role+", as which callers of the data API come, holds rights in the schema "+b.Schema+", where sessions and passwords are",
			fmt.Sprintf("run this as the owner of its tables: revoke all on all tables in schema %s from %s;", b.Schema, role)))
	}
	narrow := "use a role in " + b.URL + " that can only look up sessions: README.md, Set up " + s.provider.Name
	if r.Super {
		return append(all, warning(checkReader, r.Role+", the role in "+b.URL+", is a superuser of the database: whoever takes this server over has all of it", narrow))
	}
	more := slices.Clone(r.Writes)
	for _, column := range slices.Sorted(maps.Keys(r.Columns)) {
		table, name, _ := strings.Cut(column, ".")
		if r.Columns[column] && !slices.Contains(b.Read[table], name) {
			more = append(more, "SELECT on "+column)
		}
	}
	const most = 4
	if rest := len(more) - most; rest > 1 {
		more = append(more[:most:most], fmt.Sprintf("%d more", rest))
	}
	if len(more) > 0 {
		all = append(all, warning(checkReader, r.Role+", the role in "+b.URL+", may do more than it needs: "+strings.Join(more, ", "), narrow))
	}
	if all == nil {
		all = append(all, ok(checkReader, r.Role+" can read what it needs and no more, and callers of the data API nothing"))
	}
	return all
}
