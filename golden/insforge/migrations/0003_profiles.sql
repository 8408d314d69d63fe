-- Profiles: what this server knows about each user, from the day it first saw them. The sign-in
-- provider is where the rest is kept.

create table if not exists public.profiles (
  user_id    text        primary key check (char_length(user_id) between 1 and 255),
  name       text        check (char_length(name) between 1 and 200),
  email      text        check (char_length(email) between 3 and 320), -- only one that the provider has verified
  created_at timestamptz not null default now(),
  seen_at    timestamptz not null default now()
);

-- The server alone writes: what stands here is what the provider said, not what users say of
-- themselves. InsForge grants every new table to anon and authenticated; take that back.
revoke all on public.profiles from public, anon, authenticated;
grant select on public.profiles to authenticated;

alter table public.profiles enable row level security;

drop policy if exists profiles_select_own on public.profiles;
create policy profiles_select_own on public.profiles
  for select to authenticated
  using (user_id = (select public.requesting_user_id()));

drop policy if exists profiles_server on public.profiles;
create policy profiles_server on public.profiles
  for all to project_admin
  using (true)
  with check (true);

-- see_user makes or renews a user's profile. What is not known this time stays as it was.
create or replace function public.see_user(p_user_id text, p_name text, p_email text)
returns void
language sql
security invoker
set search_path = ''
as $$
  insert into public.profiles as p (user_id, name, email)
  values (p_user_id, nullif(left(p_name, 200), ''), nullif(p_email, ''))
  on conflict (user_id) do update
     set name    = coalesce(excluded.name, p.name),
         email   = coalesce(excluded.email, p.email),
         seen_at = now()
$$;

-- delete_user removes all that is a user's. A table that is added later, with rows of users, needs a
-- migration that replaces this function by one that knows the table too.
create or replace function public.delete_user(p_user_id text)
returns void
language sql
security invoker
set search_path = ''
as $$
  delete from public.todos where user_id = p_user_id;
  delete from public.profiles where user_id = p_user_id;
$$;

-- Both take a user's ID at its word, so they are for the server alone.
revoke all on function public.see_user(text, text, text) from public, anon, authenticated;
revoke all on function public.delete_user(text) from public, anon, authenticated;
grant execute on function public.see_user(text, text, text) to project_admin;
grant execute on function public.delete_user(text) to project_admin;
