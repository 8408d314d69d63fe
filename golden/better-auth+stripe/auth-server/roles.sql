-- The two roles of sign-in, each with no more rights than it needs. Apply the migrations first, then
-- run this once, with psql and the address of the database in the InsForge dashboard:
--
--   psql "$THAT_ADDRESS" -f auth-server/roles.sql
--
-- and choose their passwords there with \password better_auth_server and \password better_auth_reader.

do $$
begin
  if not exists (select from pg_roles where rolname = 'better_auth_server') then
    create role better_auth_server login;
  end if;
  if not exists (select from pg_roles where rolname = 'better_auth_reader') then
    create role better_auth_reader login;
  end if;
end
$$;

-- The Better Auth server, in BETTER_AUTH_DATABASE_URL. It makes the tables and owns them.
grant usage, create on schema better_auth to better_auth_server;

-- The Go server, in DATABASE_URL. What it may read there, `make auth-migrate` grants: the tables come first.
grant usage on schema better_auth to better_auth_reader;
alter role better_auth_reader set default_transaction_read_only = on;
