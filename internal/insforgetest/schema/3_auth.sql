-- Who is calling, for policies, and InsForge's own users.
-- Upstream: 013, 018, 036, 044, 045, 047.

create schema auth;
grant usage on schema auth to public;
grant usage on schema auth to project_admin;

create table auth.users (
  id               uuid        primary key default gen_random_uuid(),
  email            text        unique not null,
  password         text,
  email_verified   boolean     default false,
  created_at       timestamptz default now(),
  updated_at       timestamptz default now(),
  profile          jsonb       default '{}',
  metadata         jsonb       default '{}',
  is_project_admin boolean     not null default false,
  is_anonymous     boolean     not null default false
);

-- Read, write, refer to and put triggers on, but make no table beside it: there
-- is no CREATE on the schema.
grant select, insert, update, delete, references, trigger on auth.users to project_admin;

-- Null without claims, also where the setting was reset and reads ''.
create function auth.jwt() returns jsonb
language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

-- Fails with 22P02 on every ID of a third-party provider.
create function auth.uid() returns uuid
language sql stable as $$
  select nullif(auth.jwt() ->> 'sub', '')::uuid
$$;

create function auth.role() returns text
language sql stable as $$
  select nullif(auth.jwt() ->> 'role', '')
$$;

create function auth.email() returns text
language sql stable as $$
  select nullif(auth.jwt() ->> 'email', '')
$$;
