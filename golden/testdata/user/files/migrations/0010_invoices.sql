-- Invoices, one row for each number handed out.
create table public.invoices (
  number     text        primary key,
  user_id    text        not null,
  created_at timestamptz not null default now()
);

alter table public.invoices enable row level security;
