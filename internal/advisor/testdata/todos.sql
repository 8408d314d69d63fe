-- Todos as a quickstart would have them: user IDs as text, a policy for each
-- command without saying for whom, the caller asked per row, and no index.
create function public.requesting_user_id() returns text
language sql stable
as $$ select auth.jwt() ->> 'sub' $$;

create table public.todos (
  id uuid primary key default gen_random_uuid(),
  user_id text not null default public.requesting_user_id(),
  title text not null,
  is_complete boolean not null default false,
  inserted_at timestamptz not null default now()
);
alter table public.todos enable row level security;

create policy "read own" on public.todos for select using (user_id = public.requesting_user_id());
create policy "add own" on public.todos for insert with check (user_id = public.requesting_user_id());
create policy "change own" on public.todos for update
  using (user_id = public.requesting_user_id()) with check (user_id = public.requesting_user_id());
create policy "remove own" on public.todos for delete using (user_id = public.requesting_user_id());
