-- What users have bought with Stripe, and what they may use because of it.
--
-- Stripe tells InsForge of everything that happens to a payment or a subscription, and InsForge keeps each
-- of these events, once their signature is checked, in payments.webhook_events. A trigger there turns them
-- into rows here. The page that Stripe sends a buyer back to proves nothing, and nothing is done for it.
--
-- Events come more than once, late, and in any order. So an event counts once; of an object of Stripe's the
-- newest state counts, by Stripe's clock; and what came of a purchase is worked out anew from those states.

create table if not exists public.purchases (
  id              text,       -- Stripe's checkout session (cs_…) or subscription (sub_…)
  price_id        text,
  environment     text        not null check (environment in ('test', 'live')),
  user_id         text        not null check (user_id <> ''),
  mode            text        not null check (mode in ('payment', 'subscription')),
  quantity        integer     not null check (quantity > 0),
  status          text        not null, -- pending, paid, failed, refunded or disputed; of a subscription what Stripe calls it
  -- The one place that says what a purchase has to be like to be used. A subscription that is past_due has
  -- not been paid for any more.
  active          boolean     not null generated always as (status in ('paid', 'active', 'trialing')) stored,
  amount          bigint,     -- of the whole checkout, or of one period; in the currency's smallest unit
  amount_refunded bigint      not null default 0,
  currency        text,
  payment_intent  text,
  period_end      timestamptz, -- until when a subscription is paid for
  ends_at         timestamptz, -- when it will end, if that is decided
  bought_at       timestamptz not null,

  primary key (id, price_id)
);

create index if not exists purchases_user_id_bought_at_idx on public.purchases (user_id, bought_at desc);
create index if not exists purchases_payment_intent_idx on public.purchases (payment_intent);

-- Users read what is theirs. Nobody writes but the functions below; InsForge grants every new table to
-- anon and authenticated, so take that back.
revoke all on public.purchases from public, anon, authenticated;
grant select on public.purchases to authenticated;

alter table public.purchases enable row level security;

drop policy if exists purchases_select_own on public.purchases;
create policy purchases_select_own on public.purchases
  for select to authenticated
  using (user_id = (select public.requesting_user_id()));

drop policy if exists purchases_server on public.purchases;
create policy purchases_server on public.purchases
  for all to project_admin
  using (true)
  with check (true);

-- The newest state of each checkout, subscription, refund and dispute.
create table if not exists public.stripe_states (
  id             text        primary key, -- as Stripe has it: cs_…, sub_…, re_… or dp_…
  kind           text        not null, -- checkout, subscription, refund or dispute
  payment_intent text,
  status         text        not null,
  previous       text,       -- the status that this one followed, where the event says so
  amount         bigint,
  at             bigint      not null, -- when the event happened, in Stripe's Unix seconds
  rank           integer     not null  -- among events of one second: the first ones of an object 0, its last 2
);

create index if not exists stripe_states_payment_intent_idx on public.stripe_states (payment_intent);

-- What came of each event. One with an error has changed nothing and is tried again.
create table if not exists public.stripe_events (
  id          text,
  environment text        check (environment in ('test', 'live')),
  outcome     text        check (outcome in ('applied', 'ignored')), -- null while there is an error
  detail      text,       -- why it was ignored, or the error
  attempts    integer     not null default 1,
  first_at    timestamptz not null default now(),

  primary key (environment, id)
);

create index if not exists stripe_events_open_idx on public.stripe_events (environment) where outcome is null;

-- Both are for the server alone.
revoke all on public.stripe_states, public.stripe_events from public, anon, authenticated;
alter table public.stripe_states enable row level security;
alter table public.stripe_events enable row level security;

drop policy if exists stripe_states_server on public.stripe_states;
create policy stripe_states_server on public.stripe_states
  for all to project_admin using (true) with check (true);

drop policy if exists stripe_events_server on public.stripe_events;
create policy stripe_events_server on public.stripe_events
  for all to project_admin using (true) with check (true);

-- stripe_remember keeps the state of an object that an event tells of, and answers whether it is the newest
-- one. Stripe's clock has whole seconds, and an object may change twice in one; then the event that
-- says which status it left says which came first.
create or replace function public.stripe_remember(
  p_id text, p_kind text, p_payment_intent text, p_status text, p_amount bigint, p_event jsonb
) returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
begin
  insert into public.stripe_states as s (id, kind, payment_intent, status, previous, amount, at, rank)
  values (
    p_id, p_kind, p_payment_intent, p_status,
    p_event -> 'data' -> 'previous_attributes' ->> 'status',
    p_amount,
    (p_event ->> 'created')::bigint,
    case
      when p_event ->> 'type' ~ '\.(created|completed)$' then 0
      when p_event ->> 'type' ~ '\.(deleted|closed|failed)$' then 2
      else 1
    end
  )
  on conflict (id) do update set
    status   = excluded.status,
    previous = excluded.previous,
    at       = excluded.at,
    rank     = excluded.rank
  where case
    -- what was canceled stays so, whatever comes late
    when s.status = any (array['canceled', 'incomplete_expired']) then excluded.status = s.status
    when excluded.status = any (array['canceled', 'incomplete_expired']) then true
    when (excluded.at, excluded.rank) = (s.at, s.rank) then excluded.previous = s.status or excluded.status is distinct from s.previous
    else (excluded.at, excluded.rank) > (s.at, s.rank)
  end;
  return found;
end
$$;

-- stripe_settle works out what came of the purchase that a payment was for. Money that is on its way back
-- counts as gone, and so does money that a bank has taken back in a dispute, until the dispute is won.
create or replace function public.stripe_settle(p_payment_intent text)
returns void
language sql
security invoker
set search_path = ''
as $$
  with reversed as (
    select coalesce(sum(amount) filter (where kind = 'refund' and status <> all (array['failed', 'canceled'])), 0)::bigint as refunded,
           coalesce(bool_or(kind = 'dispute' and status = any (array['needs_response', 'under_review', 'lost'])), false) as disputed
      from public.stripe_states
     where payment_intent = p_payment_intent
  )
  update public.purchases as p
     set amount_refunded = r.refunded,
         status = case
           when s.status <> 'paid' then s.status
           when r.disputed then 'disputed'
           when r.refunded >= p.amount then 'refunded'
           else 'paid'
         end
    from reversed as r, public.stripe_states as s
   where p.payment_intent = p_payment_intent and s.id = p.id
$$;

-- stripe_apply does what one event asks for. It answers null, or why the event is none of ours, and fails
-- where it cannot tell what somebody has paid for.
create or replace function public.stripe_apply(p_environment text, p_event jsonb)
returns text
language plpgsql
security invoker
set search_path = ''
as $$
declare
  kind    text  := p_event ->> 'type';
  object  jsonb := p_event -> 'data' -> 'object';
  intent  text  := object ->> 'payment_intent';
  sold    record;
  buyer   text;
begin
  if (p_event ->> 'livemode')::boolean is distinct from (p_environment = 'live') then
    raise exception 'an event with livemode % came to the environment %', p_event ->> 'livemode', p_environment;
  end if;
  -- One purchase at a time: of two events at once, each would miss what the other knows.
  perform pg_advisory_xact_lock(hashtextextended('stripe ' || coalesce(intent, object ->> 'id'), 0));

  if kind like 'checkout.session.%' then
    if object ->> 'mode' is distinct from 'payment' then
      return 'a subscription has events of its own';
    end if;
    if object -> 'metadata' ->> 'insforge_subject_type' is distinct from 'user' then
      return 'not sold to a user of this server';
    end if;
    -- What was sold, and to whom, is what InsForge noted when it asked Stripe for the checkout.
    select c.subject_id as user_id, c.line_items into sold
      from payments.stripe_checkout_sessions as c
     where c.id = (object -> 'metadata' ->> 'insforge_checkout_session_id')::uuid
       and c.environment = p_environment and c.subject_type = 'user'
       and c.subject_id = object -> 'metadata' ->> 'insforge_subject_id';
    if not found then
      raise exception 'InsForge has no checkout of % for this user', object ->> 'id';
    end if;
    if not public.stripe_remember(object ->> 'id', 'checkout', intent,
      case
        when kind = 'checkout.session.async_payment_succeeded' then 'paid'
        when kind = 'checkout.session.async_payment_failed' then 'failed'
        when object ->> 'payment_status' = any (array['paid', 'no_payment_required']) then 'paid'
        else 'pending' -- completed means that the buyer is done, not that the money is there
      end, (object ->> 'amount_total')::bigint, p_event) then
      return 'something newer is known';
    end if;
    delete from public.purchases where id = object ->> 'id';
    insert into public.purchases (
      id, price_id, environment, user_id, mode, quantity, status, amount, currency, payment_intent, bought_at
    )
    select object ->> 'id', item ->> 'priceId', p_environment, sold.user_id, 'payment', sum((item ->> 'quantity')::integer),
           s.status, s.amount, object ->> 'currency', intent, to_timestamp((object ->> 'created')::bigint)
      from jsonb_array_elements(sold.line_items) as item, public.stripe_states as s
     where s.id = object ->> 'id'
     group by item ->> 'priceId', s.status, s.amount;
    if not found then
      raise exception 'InsForge has no line items for %', object ->> 'id';
    end if;
    perform public.stripe_settle(intent);
    return null;
  end if;

  if kind like 'customer.subscription.%' then
    if object -> 'metadata' ->> 'insforge_subject_type' is not null then
      if object -> 'metadata' ->> 'insforge_subject_type' <> 'user' then
        return 'not sold to a user of this server';
      end if;
      buyer := object -> 'metadata' ->> 'insforge_subject_id';
    else -- made in Stripe's dashboard, maybe for one of our users
      select m.subject_id into buyer
        from payments.customer_mappings as m
       where m.provider = 'stripe' and m.environment = p_environment
         and m.provider_customer_id = object ->> 'customer' and m.subject_type = 'user';
    end if;
    if buyer is null then
      return 'not sold to a user of this server';
    end if;
    if not public.stripe_remember(object ->> 'id', 'subscription', null, object ->> 'status', null, p_event) then
      return 'something newer is known';
    end if;
    delete from public.purchases where id = object ->> 'id'; -- its prices may have changed
    insert into public.purchases (
      id, price_id, environment, user_id, mode, quantity, status, amount, currency, period_end, ends_at, bought_at
    )
    select object ->> 'id', item -> 'price' ->> 'id', p_environment, buyer, 'subscription', sum(coalesce((item ->> 'quantity')::integer, 1)),
           object ->> 'status',
           sum((item -> 'price' ->> 'unit_amount')::bigint * coalesce((item ->> 'quantity')::bigint, 1)),
           object ->> 'currency',
           -- Stripe has moved the period from the subscription to its items.
           to_timestamp(max(coalesce(item ->> 'current_period_end', object ->> 'current_period_end')::bigint)),
           to_timestamp(coalesce(
             (object ->> 'ended_at')::bigint,
             (object ->> 'cancel_at')::bigint,
             case when (object ->> 'cancel_at_period_end')::boolean
               then max(coalesce(item ->> 'current_period_end', object ->> 'current_period_end')::bigint) end)),
           to_timestamp((object ->> 'created')::bigint)
      from jsonb_array_elements(object -> 'items' -> 'data') as item
     group by item -> 'price' ->> 'id';
    if not found then
      raise exception 'the subscription % has no items', object ->> 'id';
    end if;
    return null;
  end if;

  if kind like 'refund.%' or kind like 'charge.dispute.%' then
    if intent is null then
      return 'not of a checkout';
    end if;
    if not public.stripe_remember(object ->> 'id', case when kind like 'refund.%' then 'refund' else 'dispute' end,
      intent, object ->> 'status', (object ->> 'amount')::bigint, p_event) then
      return 'something newer is known';
    end if;
    perform public.stripe_settle(intent);
    return null;
  end if;

  return 'says nothing about a purchase';
end
$$;

-- stripe_note applies an event unless that was done already, and notes what came of it. An event that fails
-- changes nothing but this note.
create or replace function public.stripe_note(p_environment text, p_id text, p_event jsonb)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  reason text;
begin
  if exists (select from public.stripe_events as e where e.environment = p_environment and e.id = p_id and e.outcome is not null) then
    return;
  end if;
  begin
    reason := public.stripe_apply(p_environment, p_event);
    insert into public.stripe_events as e (environment, id, outcome, detail)
    values (p_environment, p_id, case when reason is null then 'applied' else 'ignored' end, reason)
    on conflict (environment, id) do update set
      outcome = excluded.outcome, detail = excluded.detail, attempts = e.attempts + 1;
  exception when others then
    insert into public.stripe_events as e (environment, id, detail)
    values (p_environment, p_id, sqlerrm)
    on conflict (environment, id) do update set
      detail = excluded.detail, attempts = e.attempts + 1;
  end;
end
$$;

-- stripe_concerns says which events tell of purchases. InsForge asks Stripe for all of them but disputes.
create or replace function public.stripe_concerns(p_type text)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select p_type ~ '^checkout\.session\.(completed|async_payment_succeeded|async_payment_failed)$'
      or p_type ~ '^(customer\.subscription|refund|charge\.dispute)\.'
$$;

-- stripe_fulfil is the trigger. It acts with the rights of its owner, which are fewer than those of InsForge
-- itself, who fires it. It never fails: InsForge has to be able to keep its events, and what is
-- missing here stripe_catch_up finds.
create or replace function public.stripe_fulfil()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if new.provider = 'stripe' and new.processing_status <> 'pending' and public.stripe_concerns(new.event_type) then
    perform public.stripe_note(new.environment, new.provider_event_id, new.payload);
  end if;
  return null;
exception when others then
  raise warning 'stripe event %: %', new.provider_event_id, sqlerrm;
  return null;
end
$$;

-- Not dropped first: that is for the table's owner, InsForge.
create or replace trigger stripe_fulfil
  after insert or update of processing_status on payments.webhook_events
  for each row execute function public.stripe_fulfil();

-- stripe_catch_up applies events that were kept and not applied: those that failed, those from before this
-- migration, and any that the trigger missed. It answers which of an environment still fail.
create or replace function public.stripe_catch_up(p_environment text, p_limit integer)
returns table (id text, reason text, attempts integer, since timestamptz)
language plpgsql
security invoker
set search_path = ''
as $$
declare
  missed record;
begin
  if pg_try_advisory_xact_lock(hashtextextended('stripe_catch_up', 0)) then -- one server at a time is enough
    for missed in
      select w.environment, w.provider_event_id, w.payload
        from payments.webhook_events as w
        left join public.stripe_events as e on e.environment = w.environment and e.id = w.provider_event_id
       where w.provider = 'stripe' and w.processing_status <> 'pending' and e.outcome is null
         and public.stripe_concerns(w.event_type)
       order by e.attempts nulls first
       limit p_limit
    loop
      perform public.stripe_note(missed.environment, missed.provider_event_id, missed.payload);
    end loop;
  end if;
  return query
    select e.id, e.detail, e.attempts, e.first_at
      from public.stripe_events as e
     where e.outcome is null and e.environment = p_environment
     limit p_limit;
end
$$;

-- A user's purchases go with the user. What Stripe and InsForge keep of them stays there.
create or replace function public.purchases_forget()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  delete from public.purchases where user_id = old.user_id;
  return null;
end
$$;

drop trigger if exists purchases_forget on public.profiles;
create trigger purchases_forget
  after delete on public.profiles
  for each row execute function public.purchases_forget();

-- All of these are for the server and the triggers alone.
revoke all on function public.stripe_remember(text, text, text, text, bigint, jsonb) from public, anon, authenticated;
revoke all on function public.stripe_settle(text) from public, anon, authenticated;
revoke all on function public.stripe_apply(text, jsonb) from public, anon, authenticated;
revoke all on function public.stripe_note(text, text, jsonb) from public, anon, authenticated;
revoke all on function public.stripe_concerns(text) from public, anon, authenticated;
revoke all on function public.stripe_fulfil() from public, anon, authenticated;
revoke all on function public.stripe_catch_up(text, integer) from public, anon, authenticated;
revoke all on function public.purchases_forget() from public, anon, authenticated;
grant execute on function public.stripe_catch_up(text, integer) to project_admin;
