-- News of payments: each new one, and each change of its state, is an event on
-- the realtime channel payments.
--
-- InsForge lets anybody who has the anon key subscribe to any channel and send
-- on it, for as long as row level security is off on the two tables below; a
-- forged event looks like a real one. Switching it on closes this channel to
-- all but the server's key and webhooks. It closes the project's other channels
-- too: each that users may subscribe to needs its own policy from now on,
--
--     create policy news_subscribe on realtime.channels
--       for select to authenticated using (pattern = 'news');
--
-- and if they may send there, one on realtime.messages for insert.

alter table realtime.channels enable row level security;
alter table realtime.messages enable row level security;

insert into realtime.channels (pattern, description)
values ('payments', 'Each new payment and each change of its state')
on conflict (pattern) do nothing;

-- What is sent says what was bought and how far the payment is, never who paid.
create or replace function public.payments_publish()
returns trigger
language plpgsql
security definer -- realtime.publish is not for callers of the API
set search_path = ''
as $$
begin
  perform realtime.publish('payments', 'payment_' || new.state, jsonb_build_object(
    'id',         new.id,
    'state',      new.state,
    'network',    new.network,
    'asset',      new.asset,
    'amount',     new.amount::text, -- larger than a number in JavaScript can be
    'resource',   new.resource,
    'updated_at', new.updated_at
  ));
  return null;
exception when others then
  -- A payment does not fail because the news of it does.
  raise warning 'payment % was not published: %', new.id, sqlerrm;
  return null;
end
$$;

-- Only the triggers call it; it is no API.
revoke all on function public.payments_publish() from public, anon, authenticated;

drop trigger if exists payments_publish_new on public.payments;
create trigger payments_publish_new
  after insert on public.payments
  for each row execute function public.payments_publish();

drop trigger if exists payments_publish_state on public.payments;
create trigger payments_publish_state
  after update on public.payments
  for each row when (old.state is distinct from new.state)
  execute function public.payments_publish();
