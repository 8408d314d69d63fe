-- What payments come to, and whether any of them has changed: what the page of
-- the ledger shows besides the payments themselves.

create index if not exists payments_updated_at_idx on public.payments (updated_at desc, id desc);

-- payments_version answers a text that is another one after each change of the
-- ledger. The time of the last change would not do: a change that began before
-- it can be committed after it. So it is of the hundred that were changed last.
create or replace function public.payments_version() returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select encode(sha256(convert_to(coalesce(string_agg(concat_ws(' ', c.id, c.state, extract(epoch from c.updated_at)), ';'), ''), 'UTF8')), 'hex')
    from (
      select p.id, p.state, p.updated_at
        from public.payments as p
       order by p.updated_at desc, p.id desc
       limit 100
    ) as c;
$$;

-- payment_totals answers how many payments were settled, how many are open, and
-- what they come to, for each asset; those that a stand-in settled apart, as no
-- money moved. Open is what was sent to be settled and has no end yet. Sums come
-- as text: they can be larger than a number in JSON survives. The version is that
-- of the payments that were counted.
create or replace function public.payment_totals() returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object('version', public.payments_version(), 'totals', coalesce(jsonb_agg(jsonb_build_object(
           'network',        t.network,
           'asset',          t.asset,
           'mock',           t.mock,
           'settled',        t.settled,
           'settled_amount', t.settled_amount::text,
           'open',           t.open,
           'open_amount',    t.open_amount::text
         ) order by t.mock, t.network, t.asset), '[]'::jsonb))
    from (
      select p.network, p.asset, p.facilitator = 'mock' as mock,
             count(*) filter (where p.state = 'settled') as settled,
             coalesce(sum(p.amount) filter (where p.state = 'settled'), 0) as settled_amount,
             count(*) filter (where p.state <> 'settled') as open,
             coalesce(sum(p.amount) filter (where p.state <> 'settled'), 0) as open_amount
        from public.payments as p
       where p.state in ('settling', 'settled', 'unknown')
       group by p.network, p.asset, p.facilitator = 'mock'
    ) as t;
$$;

revoke all on function public.payments_version() from public, anon, authenticated;
revoke all on function public.payment_totals() from public, anon, authenticated;

grant execute on function public.payments_version() to project_admin;
grant execute on function public.payment_totals() to project_admin;
