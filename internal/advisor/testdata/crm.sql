-- A small CRM: three tables owned by text user IDs, three foreign keys, and no
-- index for any of the six columns.
create table public.companies (
  id uuid primary key default gen_random_uuid(),
  owner_id text not null default public.requesting_user_id(),
  name text not null
);
create table public.contacts (
  id uuid primary key default gen_random_uuid(),
  owner_id text not null default public.requesting_user_id(),
  company_id uuid references public.companies (id) on delete set null,
  full_name text not null
);
create table public.deals (
  id uuid primary key default gen_random_uuid(),
  owner_id text not null default public.requesting_user_id(),
  company_id uuid references public.companies (id) on delete cascade,
  contact_id uuid references public.contacts (id) on delete set null,
  value numeric not null default 0
);
alter table public.companies enable row level security;
alter table public.contacts enable row level security;
alter table public.deals enable row level security;
create policy own on public.companies for all
  using (owner_id = public.requesting_user_id()) with check (owner_id = public.requesting_user_id());
create policy own on public.contacts for all
  using (owner_id = public.requesting_user_id()) with check (owner_id = public.requesting_user_id());
create policy own on public.deals for all
  using (owner_id = public.requesting_user_id()) with check (owner_id = public.requesting_user_id());
