-- Which schemas the data API serves: all but Postgres' own, InsForge's own and
-- those of extensions, from the moment they exist. Upstream: 056, and the list in
-- postgresql.conf.

create function system.is_exposed_schema(p_schema text) returns boolean
language sql stable as $$
  select p_schema is not null
     and p_schema not like 'pg\_%'
     and p_schema not in (
       'information_schema', 'delegation', 'ai', 'auth', 'compute', 'deployments', 'email', 'functions', 'memory',
       'payments', 'realtime', 'schedules', 'storage', 'system'
     )
     and not exists (
       select from pg_depend as d join pg_namespace as n on n.oid = d.objid
        where d.classid = 'pg_namespace'::regclass and d.refclassid = 'pg_extension'::regclass
          and d.deptype = 'e' and n.nspname = p_schema
     )
$$;

-- PostgREST reads its list from the settings of the role it connects as. Here
-- the setting is of this database, as many projects share one cluster.
create function system.sync_postgrest_exposed_schemas() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  exposed text;
begin
  select coalesce(string_agg(nspname, ', ' order by nspname <> 'public', nspname), 'public')
    into exposed
    from pg_namespace
   where system.is_exposed_schema(nspname);
  execute format('alter role current_user in database %I set pgrst.db_schemas = %L', current_database(), exposed);
  perform pg_notify('pgrst', 'reload config');
  perform pg_notify('pgrst', 'reload schema');
end
$$;

create function system.on_schema_ddl() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform system.sync_postgrest_exposed_schemas();
end
$$;

create event trigger insforge_sync_postgrest_schemas on ddl_command_end
  when tag in ('CREATE SCHEMA', 'ALTER SCHEMA', 'DROP SCHEMA')
  execute function system.on_schema_ddl();
