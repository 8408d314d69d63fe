-- The backend's own book-keeping. Upstream: 018, 032, 033, 045.

create schema system;

create table system.custom_migrations (
  version    text        primary key check (version ~ '^[0-9]{1,64}$'),
  name       text        not null,
  statements text[]      not null,
  created_at timestamptz not null default now()
);

-- A stand-in: only that project_admin cannot write it is like upstream.
create table system.secrets (
  id    uuid primary key default gen_random_uuid(),
  key   text not null unique,
  value text not null
);

create function system.update_updated_at() returns trigger
language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create function system.reload_postgrest_schema() returns void
language plpgsql as $$
begin
  notify pgrst, 'reload schema';
end
$$;

grant usage on schema system to project_admin;
grant select on all tables in schema system to project_admin;

-- Internal schemas that nothing here models: they exist so that what touches
-- them is refused for want of a right, as upstream refuses it. Upstream: 045, 050.
create schema compute;
create schema deployments;
create schema email;
create schema functions;
create schema memory;
create schema schedules;
grant usage on schema compute, deployments, email, functions, memory, schedules to project_admin;
