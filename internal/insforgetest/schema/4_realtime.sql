-- Channels and their messages. Row level security is off on both: with the anon
-- key alone one may subscribe and send. Upstream: 017, 024, 045, 053.

create schema realtime;

create table realtime.channels (
  id           uuid        primary key default gen_random_uuid(),
  pattern      text        unique not null,
  description  text,
  webhook_urls text[],
  enabled      boolean     not null default true,
  created_at   timestamptz default now(),
  updated_at   timestamptz default now()
);

create trigger trg_channels_updated_at before update on realtime.channels
  for each row execute function system.update_updated_at();

-- sender_id stays uuid: what a third-party user sends over the socket fails.
create table realtime.messages (
  id                 uuid        primary key default gen_random_uuid(),
  event_name         text        not null,
  channel_id         uuid        references realtime.channels (id) on delete set null,
  channel_name       text        not null,
  payload            jsonb       not null default '{}',
  sender_type        text        not null default 'system' check (sender_type in ('system', 'user')),
  sender_id          uuid,
  ws_audience_count  integer     not null default 0,
  wh_audience_count  integer     not null default 0,
  wh_delivered_count integer     not null default 0,
  created_at         timestamptz default now()
);

-- The channel of the request being judged; null outside of one.
create function realtime.channel_name() returns text
language sql stable as $$
  select nullif(current_setting('realtime.channel_name', true), '')
$$;

-- Stores a message on the channel whose pattern fits, an exact one first; warns
-- and answers null without one.
create function realtime.publish(p_channel_name text, p_event_name text, p_payload jsonb) returns uuid
language plpgsql security definer as $$
declare
  target  uuid;
  message uuid;
begin
  select c.id into target
    from realtime.channels as c
   where c.enabled and (c.pattern = p_channel_name or p_channel_name like c.pattern)
   order by (c.pattern = p_channel_name) desc
   limit 1;
  if target is null then
    raise warning 'no realtime channel fits "%"', p_channel_name;
    return null;
  end if;
  insert into realtime.messages (event_name, channel_id, channel_name, payload, sender_type)
  values (p_event_name, target, p_channel_name, p_payload, 'system')
  returning id into message;
  return message;
end
$$;

create function realtime.notify_on_message_insert() returns trigger
language plpgsql as $$
begin
  perform pg_notify('realtime_message', new.id::text);
  return new;
end
$$;

create trigger trg_message_notify after insert on realtime.messages
  for each row execute function realtime.notify_on_message_insert();

grant usage on schema realtime to anon, authenticated, project_admin;
grant select on realtime.channels to anon, authenticated;
grant insert on realtime.messages to anon, authenticated;
grant select on realtime.channels, realtime.messages to project_admin;
grant insert, update, delete on realtime.channels to project_admin;
grant insert on realtime.messages to project_admin;

-- A trigger function that calls it as its invoker fails for users.
revoke all on function realtime.publish(text, text, jsonb) from public;
grant execute on function realtime.publish(text, text, jsonb) to project_admin;
