-- Rights of the three request roles in public.
-- Upstream: db-init.sql, 045 (project_admin), 047 (runtime roles).

grant usage on schema public to anon, authenticated;
grant all on schema public to project_admin;

-- What the backend itself makes.
alter default privileges in schema public
  grant all privileges on tables to project_admin;
alter default privileges in schema public
  grant all privileges on sequences to project_admin;
alter default privileges in schema public
  grant execute on functions to project_admin;
alter default privileges in schema public
  grant select, insert, update, delete on tables to anon, authenticated;
alter default privileges in schema public
  grant usage, select on sequences to anon, authenticated;

-- What migrations make: tables and views alike are open to both, so row level
-- security is the only wall a migration does not have to ask for. Functions are
-- not mentioned: Postgres lets PUBLIC execute them.
alter default privileges for role project_admin in schema public
  grant select, insert, update, delete on tables to anon, authenticated;
alter default privileges for role project_admin in schema public
  grant usage, select on sequences to anon, authenticated;
