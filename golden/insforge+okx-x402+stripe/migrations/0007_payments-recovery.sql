-- What it takes to finish a payment that was left open, and to hand over once
-- more what a payment has bought.
--
-- The signed authorization and the answer are kept with the row from the moment
-- a settlement begins. Whoever holds them can settle the payment again, and read
-- what was sold, so they are for the server alone, as the whole row is. A day
-- after the payment has ended they are forgotten.

alter table public.payments
  add column if not exists settlement text,                       -- the request to the facilitator, to be repeated word for word
  add column if not exists answer     text,                       -- what was bought
  add column if not exists checks     integer not null default 0, -- how often somebody looked how it ended
  add column if not exists next_check timestamptz;                -- when to look again

create index if not exists payments_open_idx on public.payments (next_check nulls first)
  where state in ('settling', 'unknown');
create index if not exists payments_kept_idx on public.payments (updated_at)
  where settlement is not null or answer is not null;

revoke all on public.payments from public, anon, authenticated;

-- begin_settlement moves a verified payment to settling, together with what it
-- takes to finish it later. Repeating it answers true.
create or replace function public.begin_settlement(p_claim uuid, p_settlement text, p_answer text)
returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  update public.payments as p
     set state         = 'settling',
         settlement    = p_settlement,
         answer        = p_answer,
         checks        = 0,
         next_check    = null,
         claimed_until = now() + interval '5 minutes',
         updated_at    = now()
   where p.claim = p_claim and p.state in ('verified', 'settling');
  return found;
end;
$$;

-- lease_payments hands payments whose end nobody knows to one caller, who looks
-- how they ended and moves them on. Until next_check nobody else gets them, which
-- is later each time; p_now asks for them regardless. A settlement that was not
-- finished in time was interrupted, so it is one of them. Numbers come as text:
-- they can be larger than a number in JSON survives.
create or replace function public.lease_payments(p_facilitator text, p_limit integer, p_now boolean)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  leased jsonb;
begin
  with due as (
    select p.id
      from public.payments as p
     where p.facilitator = p_facilitator
       and (p.state = 'unknown' or (p.state = 'settling' and p.claimed_until < now()))
       and (p_now or p.next_check is null or p.next_check < now())
     order by p.next_check nulls first
     limit p_limit
       for update skip locked
  ), taken as (
    update public.payments as p
       set state      = 'unknown',
           reason     = case p.state when 'settling' then 'settlement was interrupted' else p.reason end,
           updated_at = case p.state when 'settling' then now() else p.updated_at end,
           checks     = p.checks + 1,
           next_check = now() + interval '1 minute' * power(2, least(p.checks, 6))
      from due
     where p.id = due.id
    returning p.*
  )
  select jsonb_agg(jsonb_build_object(
           'claim',        t.claim,
           'network',      t.network,
           'asset',        t.asset,
           'payer',        t.payer,
           'nonce',        t.nonce,
           'recipient',    t.recipient,
           'amount',       t.amount::text,
           'valid_before', t.valid_before::text,
           'resource',     t.resource,
           'transaction',  t.transaction,
           'settlement',   t.settlement,
           'created_at',   t.created_at
         ) order by t.created_at)
    into leased
    from taken as t;
  return coalesce(leased, '[]'::jsonb);
end;
$$;

-- note_payment adds to an open payment what was learned about it.
create or replace function public.note_payment(p_claim uuid, p_transaction text, p_reason text)
returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  update public.payments as p
     set transaction = coalesce(p.transaction, p_transaction),
         reason      = p_reason,
         updated_at  = now()
   where p.claim = p_claim and p.state = 'unknown';
  return found;
end;
$$;

-- forget_payments drops what was kept for payments that ended a day ago, and
-- answers for how many.
create or replace function public.forget_payments() returns integer
language plpgsql
security invoker
set search_path = ''
as $$
declare
  forgotten integer;
begin
  update public.payments as p
     set settlement = null, answer = null
   where p.state in ('settled', 'failed')
     and p.updated_at < now() - interval '1 day'
     and (p.settlement is not null or p.answer is not null);
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

revoke all on function public.begin_settlement(uuid, text, text) from public, anon, authenticated;
revoke all on function public.lease_payments(text, integer, boolean) from public, anon, authenticated;
revoke all on function public.note_payment(uuid, text, text) from public, anon, authenticated;
revoke all on function public.forget_payments() from public, anon, authenticated;

grant execute on function public.begin_settlement(uuid, text, text) to project_admin;
grant execute on function public.lease_payments(text, integer, boolean) to project_admin;
grant execute on function public.note_payment(uuid, text, text) to project_admin;
grant execute on function public.forget_payments() to project_admin;
