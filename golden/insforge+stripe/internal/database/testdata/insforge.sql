-- What migrations need of InsForge, for an empty Postgres: the roles of requests,
-- the rights they have by default, who is calling, and realtime.

do $$
begin
  if to_regrole('anon') is null then
    create role anon nologin;
  end if;
  if to_regrole('authenticated') is null then
    create role authenticated nologin;
  end if;
  if to_regrole('project_admin') is null then
    create role project_admin nologin bypassrls;
  end if;
  execute format('grant create on database %I to project_admin', current_database());
end
$$;

grant usage on schema public to anon, authenticated;
grant all on schema public to project_admin;

alter default privileges for role project_admin in schema public
  grant select, insert, update, delete on tables to anon, authenticated;
alter default privileges for role project_admin in schema public
  grant usage, select on sequences to anon, authenticated;

create schema auth;
grant usage on schema auth to public;

create function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

create schema realtime;
grant usage on schema realtime to anon, authenticated, project_admin;

create table realtime.channels (
  id           uuid        primary key default gen_random_uuid(),
  pattern      text        unique not null,
  description  text,
  webhook_urls text[],
  enabled      boolean     not null default true,
  created_at   timestamptz default now(),
  updated_at   timestamptz default now()
);

create table realtime.messages (
  id           uuid        primary key default gen_random_uuid(),
  event_name   text        not null,
  channel_id   uuid        references realtime.channels (id) on delete set null,
  channel_name text        not null,
  payload      jsonb       not null default '{}',
  sender_type  text        not null default 'system',
  sender_id    uuid,
  created_at   timestamptz default now()
);

-- InsForge lets project_admin manage row level security on them.
alter table realtime.channels owner to project_admin;
alter table realtime.messages owner to project_admin;
grant select on realtime.channels to anon, authenticated;
grant insert on realtime.messages to anon, authenticated;

create function realtime.channel_name() returns text language sql stable as $$
  select nullif(current_setting('realtime.channel_name', true), '')
$$;

create function realtime.publish(p_channel_name text, p_event_name text, p_payload jsonb) returns uuid
language sql security definer as $$
  insert into realtime.messages (event_name, channel_id, channel_name, payload)
  select p_event_name, id, p_channel_name, p_payload
    from realtime.channels
   where enabled and (pattern = p_channel_name or p_channel_name like pattern)
   order by pattern = p_channel_name desc
   limit 1
  returning id
$$;

revoke all on function realtime.publish(text, text, jsonb) from public;
grant execute on function realtime.publish(text, text, jsonb) to project_admin;
