-- Notes that belong to users of Better Auth, whose tables are here.
create schema better_auth;
create table better_auth."user" (
  id text primary key,
  email text not null unique
);

create table public.notes (
  id uuid primary key default gen_random_uuid(),
  user_id text not null references better_auth."user" (id) on delete cascade,
  body text not null default ''
);
alter table public.notes enable row level security;
create policy "own notes" on public.notes for all
  using (user_id = public.requesting_user_id()) with check (user_id = public.requesting_user_id());
