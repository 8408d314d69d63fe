-- Todos. Each belongs to the user who created it; nobody else can see or change it.

create table if not exists public.todos (
  id         uuid        primary key default gen_random_uuid(),
  user_id    text        not null default public.requesting_user_id(),
  title      text        not null check (char_length(title) between 1 and 500),
  done       boolean     not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Serves both the policies and the list, newest first.
create index if not exists todos_user_id_created_at_idx
  on public.todos (user_id, created_at desc);

-- The database keeps updated_at, so that it is right whoever writes.
create or replace function public.todos_set_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- Only the trigger calls it; it is no API.
revoke all on function public.todos_set_updated_at() from public, anon, authenticated;

drop trigger if exists todos_set_updated_at on public.todos;
create trigger todos_set_updated_at
  before update on public.todos
  for each row execute function public.todos_set_updated_at();

-- Rights. InsForge grants every new table to anon and authenticated; take that back and give
-- only what is needed. The owner cannot be written at all: an insert gets it from the default above,
-- and no update can hand a row to somebody else.
revoke all on public.todos from anon, authenticated;
grant select, delete on public.todos to authenticated;
grant insert (title, done) on public.todos to authenticated;
grant update (title, done) on public.todos to authenticated;

-- Rows. The subselect makes Postgres read the user ID once per query, not once per row.
alter table public.todos enable row level security;

drop policy if exists todos_select_own on public.todos;
create policy todos_select_own on public.todos
  for select to authenticated
  using (user_id = (select public.requesting_user_id()));

drop policy if exists todos_insert_own on public.todos;
create policy todos_insert_own on public.todos
  for insert to authenticated
  with check (user_id = (select public.requesting_user_id()));

drop policy if exists todos_update_own on public.todos;
create policy todos_update_own on public.todos
  for update to authenticated
  using (user_id = (select public.requesting_user_id()))
  with check (user_id = (select public.requesting_user_id()));

drop policy if exists todos_delete_own on public.todos;
create policy todos_delete_own on public.todos
  for delete to authenticated
  using (user_id = (select public.requesting_user_id()));
