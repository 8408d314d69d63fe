-- The schema for Better Auth's tables: user, session, account and verification. Better Auth's own
-- migration makes the tables; run it after this file, with the search path set to better_auth alone.
-- Were the schema missing and public on the path, the tables would end up in public.

create schema if not exists better_auth;

comment on schema better_auth is
  'Tables of Better Auth: users, sessions, password hashes. Not for the data API.';

-- InsForge's data API serves every schema it finds, so rights are all that keeps password hashes and
-- session tokens from its callers. Without a right on the schema no right on a table in it counts.
revoke all on schema better_auth from public, anon, authenticated;

-- A second lock, for the day somebody grants the schema: no rights on what is in it now, and none by
-- default on the tables Better Auth's migration adds later.
revoke all on all tables in schema better_auth from public, anon, authenticated;
revoke all on all sequences in schema better_auth from public, anon, authenticated;
alter default privileges in schema better_auth revoke all on tables from public, anon, authenticated;
alter default privileges in schema better_auth revoke all on sequences from public, anon, authenticated;
