-- Sessions of users who signed in with a browser. They are here, and not in the memory of a server, so
-- that each server knows all of them, and so that one that was ended has ended everywhere.
--
-- The browser holds a random number in a cookie; here is its SHA-256. Who reads this table can neither
-- use a session nor read what the provider handed out for it: that is encrypted with a key which only
-- the number in the cookie yields.

create table if not exists public.sign_in_sessions (
  id         text        primary key check (id ~ '^[0-9a-f]{64}$'),
  user_id    text        not null references public.profiles (user_id) on delete cascade,
  sealed     text        not null default '', -- what it takes to ask the provider whether the session still stands
  created_at timestamptz not null default now(),
  renew_at   timestamptz,                     -- when the provider is asked; null means never
  leased_at  timestamptz,                     -- when a server last began to ask
  expires_at timestamptz not null
);

create index if not exists sign_in_sessions_user_id_idx on public.sign_in_sessions (user_id);
create index if not exists sign_in_sessions_expires_at_idx on public.sign_in_sessions (expires_at);

-- For the server alone, by rights and by rows: the policy is a second lock, for the day somebody grants
-- the table.
revoke all on public.sign_in_sessions from public, anon, authenticated;
alter table public.sign_in_sessions enable row level security;

drop policy if exists sign_in_sessions_server on public.sign_in_sessions;
create policy sign_in_sessions_server on public.sign_in_sessions
  for all to project_admin
  using (true)
  with check (true);

-- begin_session starts a session in place of the one the browser had, if any, and drops some of those
-- that have run out.
create or replace function public.begin_session(
  p_id text, p_replaces text, p_user_id text, p_name text, p_email text,
  p_sealed text, p_renew_at timestamptz, p_expires_at timestamptz
)
returns void
language sql
security invoker
set search_path = ''
as $$
  select public.see_user(p_user_id, p_name, p_email);

  delete from public.sign_in_sessions where id = p_replaces;
  delete from public.sign_in_sessions where id in (
    select id from public.sign_in_sessions where expires_at < now() limit 100 for update skip locked
  );

  insert into public.sign_in_sessions (id, user_id, sealed, renew_at, expires_at)
  values (p_id, p_user_id, p_sealed, p_renew_at, p_expires_at);
$$;

-- lease_session lets one server ask the provider about a session, and answers whether it is the caller.
-- The others wait: what it takes to ask can often be used only once. A server that has not come
-- back with an answer after 15 seconds will not.
create or replace function public.lease_session(p_id text, p_renew_at timestamptz)
returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  update public.sign_in_sessions
     set leased_at = now()
   where id = p_id and renew_at = p_renew_at
     and (leased_at is null or leased_at < now() - interval '15 seconds');
  return found;
end;
$$;

revoke all on function public.begin_session(text, text, text, text, text, text, timestamptz, timestamptz) from public, anon, authenticated;
revoke all on function public.lease_session(text, timestamptz) from public, anon, authenticated;
grant execute on function public.begin_session(text, text, text, text, text, text, timestamptz, timestamptz) to project_admin;
grant execute on function public.lease_session(text, timestamptz) to project_admin;
