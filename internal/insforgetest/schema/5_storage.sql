-- Files. Row level security is off, owners are text.
-- Upstream: 000, 018, 034, 036, 045, 047, 052.

create schema storage;

create table storage.buckets (
  name              text        primary key,
  public            boolean     default true,
  created_at        timestamptz default now(),
  updated_at        timestamptz default now(),
  cors_rules        jsonb,
  versioning_status text        not null default 'Disabled'
    check (versioning_status in ('Enabled', 'Disabled', 'Suspended'))
);

create table storage.objects (
  bucket           text        not null references storage.buckets (name) on delete cascade,
  key              text        not null,
  size             integer     not null,
  mime_type        text,
  uploaded_at      timestamptz default now(),
  uploaded_by      text,
  uploaded_via     text        not null default 'rest' check (uploaded_via in ('rest', 's3', 'dashboard')),
  s3_access_key_id text,
  etag             text,
  primary key (bucket, key)
);

create index idx_storage_uploaded_by on storage.objects (uploaded_by);

create function storage.foldername(name text) returns text[]
language sql immutable parallel safe as $$
  select parts[1 : array_upper(parts, 1) - 1] from (select string_to_array(name, '/')) as split (parts)
$$;

create function storage.filename(name text) returns text
language sql immutable parallel safe as $$
  select parts[array_upper(parts, 1)] from (select string_to_array(name, '/')) as split (parts)
$$;

create function storage.extension(name text) returns text
language sql immutable parallel safe as $$
  select (regexp_match(name, '\.([^./\\]+)$'))[1]
$$;

-- Nothing for anon. The admin reads and refers to objects; buckets are made
-- through the storage API. Authenticated users keep what the tables were given
-- before upstream moved them here.
grant usage on schema storage to authenticated, project_admin;
grant select, insert, update, delete on storage.buckets, storage.objects to authenticated;
grant select on storage.buckets, storage.objects to project_admin;
grant references (bucket, key) on storage.objects to project_admin;
