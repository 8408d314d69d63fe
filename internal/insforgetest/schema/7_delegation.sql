-- project_admin manages row level security on some tables it does not own.
--
-- Upstream does it with a library that Postgres preloads (insforge_pg_utils,
-- insforge.policy_grant_tables in postgresql.conf), which runs a policy statement
-- or ALTER TABLE … ROW LEVEL SECURITY as the owner. Stock Postgres has no such
-- hook, but it fires event triggers before it looks at rights. So, while one of
-- those statements runs, and only for project_admin, the tables belong to
-- project_admin. ALTER TABLE can do more than switch row level security: whatever
-- else it changed is found afterwards and refused in Postgres' own words. The
-- difference to upstream is an ALTER TABLE that changes nothing: it passes.
--
-- A failing statement takes all of it back with its (sub)transaction.

create schema delegation;
revoke all on schema delegation from public;

create function delegation.tables() returns setof regclass
language sql stable as $$
  select unnest(array['storage.objects', 'realtime.channels', 'realtime.messages',
    'payments.stripe_checkout_sessions', 'payments.stripe_customer_portal_sessions']::regclass[])
$$;

-- All that makes up a table but its owner and its row level security.
create function delegation.shape(t regclass) returns text
language sql stable as $$
  select concat_ws(E'\n',
    (select to_jsonb(c) - array['relowner', 'relrowsecurity', 'relforcerowsecurity', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid']
       from pg_class as c where c.oid = t),
    (select jsonb_agg(to_jsonb(a) - 'attmissingval' order by attnum) from pg_attribute as a where attrelid = t),
    (select jsonb_agg(to_jsonb(d) order by adnum) from pg_attrdef as d where adrelid = t),
    (select jsonb_agg(to_jsonb(k) order by oid) from pg_constraint as k where conrelid = t),
    (select jsonb_agg(to_jsonb(g) order by oid) from pg_trigger as g where tgrelid = t),
    (select jsonb_agg(to_jsonb(i) order by indexrelid) from pg_index as i where indrelid = t),
    (select jsonb_agg(to_jsonb(h) order by inhparent) from pg_inherits as h where inhrelid = t))
$$;

create function delegation.lend() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('role') <> 'project_admin' then
    return;
  end if;
  perform set_config('delegation.shapes',
    (select jsonb_object_agg(t::oid, md5(delegation.shape(t))) from delegation.tables() as t)::text, true);
  update pg_class set relowner = 'project_admin'::regrole where oid in (select t::oid from delegation.tables() as t);
end
$$;

create function delegation.take_back() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  before  jsonb := nullif(current_setting('delegation.shapes', true), '');
  changed regclass;
begin
  if before is null then
    return;
  end if;
  perform set_config('delegation.shapes', '', true);
  update pg_class set relowner = current_user::regrole where oid in (select t::oid from delegation.tables() as t);
  if tg_tag = 'ALTER TABLE' then
    select c.objid::regclass into changed
      from pg_event_trigger_ddl_commands() as c
     where c.classid = 'pg_class'::regclass and before ? c.objid::text
       and before ->> c.objid::text <> md5(delegation.shape(c.objid::regclass))
     limit 1;
    if found then
      raise insufficient_privilege using message = format('must be owner of table %s', (select relname from pg_class where oid = changed));
    end if;
  end if;
end
$$;

-- Autovacuum writes to the same rows of pg_class, under a lock that it takes
-- first; a lending takes it last, and the two could wait for each other.
alter table storage.objects set (autovacuum_enabled = off);
alter table realtime.channels set (autovacuum_enabled = off);
alter table realtime.messages set (autovacuum_enabled = off);
alter table payments.stripe_checkout_sessions set (autovacuum_enabled = off);
alter table payments.stripe_customer_portal_sessions set (autovacuum_enabled = off);

create event trigger lend_policy_tables on ddl_command_start
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'ALTER TABLE')
  execute function delegation.lend();
create event trigger take_back_policy_tables on ddl_command_end
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'ALTER TABLE')
  execute function delegation.take_back();
