-- The payment ledger: one row per payment authorization ever claimed.
--
-- Only the server writes here, with the project's API key. A row moves
--
--     claimed -> verified -> settling -> settled | failed | unknown
--
-- through the functions below and in no other order. An authorization is
-- claimed before anything else happens to it, so it can buy one answer only,
-- however many servers run and however often it is sent. "unknown" means money
-- may have moved: the row stays locked until somebody finds out.

create table if not exists public.payments (
  id            uuid           not null default gen_random_uuid(),
  network       text           not null,
  asset         text           not null,
  payer         text           not null,
  nonce         text           not null,
  recipient     text           not null,
  amount        numeric(78, 0) not null, -- in the asset's smallest unit
  valid_before  numeric(78, 0) not null, -- Unix seconds; the authorization is dead afterwards
  resource      text           not null,
  fingerprint   text           not null, -- of the request this payment was sent with
  facilitator   text           not null,
  state         text           not null,
  transaction   text,
  reason        text,
  claim         uuid           not null, -- who holds the row; a new one for every attempt
  claimed_until timestamptz    not null,
  created_at    timestamptz    not null default now(),
  updated_at    timestamptz    not null default now(),

  constraint payments_pkey primary key (id),
  constraint payments_authorization_key unique (network, asset, payer, nonce),
  constraint payments_claim_key unique (claim),
  constraint payments_transaction_key unique (transaction),
  constraint payments_lower_case check (
    asset = lower(asset) and payer = lower(payer) and nonce = lower(nonce)
    and recipient = lower(recipient) and transaction = lower(transaction)
  ),
  constraint payments_amount_positive check (amount > 0),
  constraint payments_state_known check (
    state in ('claimed', 'verified', 'settling', 'settled', 'failed', 'unknown')
  ),
  constraint payments_settled_has_transaction check (state <> 'settled' or transaction is not null)
);

create index if not exists payments_created_at_idx on public.payments (created_at desc, id desc);

alter table public.payments enable row level security;

revoke all on public.payments from public, anon, authenticated;
grant select, insert, update, delete on public.payments to project_admin;

drop policy if exists payments_server on public.payments;
create policy payments_server on public.payments
  for all to project_admin using (true) with check (true);

-- claim_payment takes an authorization for one attempt, named by p_claim, and
-- answers who holds it. It is won when the authorization is new, when an
-- earlier settlement definitely failed, or when an earlier attempt died before
-- it began to settle. Calling it again with the same p_claim changes nothing.
create or replace function public.claim_payment(
  p_claim        uuid,
  p_network      text,
  p_asset        text,
  p_payer        text,
  p_nonce        text,
  p_recipient    text,
  p_amount       numeric,
  p_valid_before numeric,
  p_resource     text,
  p_fingerprint  text,
  p_facilitator  text
) returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  held public.payments;
begin
  loop
    insert into public.payments as p (
      claim, claimed_until, state, network, asset, payer, nonce,
      recipient, amount, valid_before, resource, fingerprint, facilitator
    ) values (
      p_claim, now() + interval '5 minutes', 'claimed', p_network, p_asset, p_payer, p_nonce,
      p_recipient, p_amount, p_valid_before, p_resource, p_fingerprint, p_facilitator
    )
    on conflict on constraint payments_authorization_key do update set
      claim         = excluded.claim,
      claimed_until = excluded.claimed_until,
      state         = excluded.state,
      recipient     = excluded.recipient,
      amount        = excluded.amount,
      valid_before  = excluded.valid_before,
      resource      = excluded.resource,
      fingerprint   = excluded.fingerprint,
      facilitator   = excluded.facilitator,
      transaction   = null,
      reason        = null,
      updated_at    = now()
    where p.state = 'failed'
       or (p.state in ('claimed', 'verified') and p.claimed_until < now());

    -- A settlement nobody finished in time was interrupted: nobody knows how it ended.
    update public.payments as p
       set state = 'unknown', reason = 'settlement was interrupted', updated_at = now()
     where p.network = p_network and p.asset = p_asset and p.payer = p_payer and p.nonce = p_nonce
       and p.state = 'settling' and p.claimed_until < now();

    select p.* into held
      from public.payments as p
     where p.network = p_network and p.asset = p_asset and p.payer = p_payer and p.nonce = p_nonce;

    exit when found; -- else its holder released it between the two statements
  end loop;

  return jsonb_build_object(
    'won', held.claim = p_claim and held.state = 'claimed',
    'state', held.state,
    'fingerprint', held.fingerprint,
    'transaction', held.transaction
  );
end;
$$;

-- move_payment moves the row held by p_claim one step and answers whether it
-- could. Repeating a step that was already taken answers true.
create or replace function public.move_payment(
  p_claim       uuid,
  p_state       text,
  p_transaction text default null,
  p_reason      text default null
) returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  update public.payments as p
     set state         = p_state,
         transaction   = coalesce(p_transaction, p.transaction),
         reason        = p_reason,
         claimed_until = now() + interval '5 minutes',
         updated_at    = now()
   where p.claim = p_claim
     and (
       (p.state, p_state) in (
         ('claimed', 'verified'),
         ('verified', 'settling'),
         ('settling', 'settled'),
         ('settling', 'failed'),
         ('settling', 'unknown'),
         ('unknown', 'settled'),
         ('unknown', 'failed')
       )
       or (p.state = p_state and (p_transaction is null or p.transaction = p_transaction))
     );
  return found;
end;
$$;

-- release_payment forgets an authorization that never came to settlement, so
-- that its payer can send it again.
create or replace function public.release_payment(p_claim uuid) returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  delete from public.payments as p
   where p.claim = p_claim and p.state in ('claimed', 'verified');
  return found;
end;
$$;

revoke all on function public.claim_payment(uuid, text, text, text, text, text, numeric, numeric, text, text, text)
  from public, anon, authenticated;
revoke all on function public.move_payment(uuid, text, text, text) from public, anon, authenticated;
revoke all on function public.release_payment(uuid) from public, anon, authenticated;

grant execute on function public.claim_payment(uuid, text, text, text, text, text, numeric, numeric, text, text, text)
  to project_admin;
grant execute on function public.move_payment(uuid, text, text, text) to project_admin;
grant execute on function public.release_payment(uuid) to project_admin;
