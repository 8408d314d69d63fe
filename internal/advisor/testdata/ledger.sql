-- A ledger of payments that anybody may read and a trigger that tells a channel
-- of each, as a quickstart would have them.
create table public.x402_payments (
  id uuid primary key default gen_random_uuid(),
  tx_hash text not null unique,
  payer text not null,
  amount_atomic numeric not null,
  settled_at timestamptz not null default now()
);
alter table public.x402_payments enable row level security;
create policy "ledger is public" on public.x402_payments for select using (true);

create function public.announce_payment() returns trigger
language plpgsql security definer
as $$
begin
  perform realtime.publish('payments', 'INSERT_x402_payments', to_jsonb(new));
  return new;
end
$$;
create trigger announce_payment after insert on public.x402_payments
  for each row execute function public.announce_payment();
