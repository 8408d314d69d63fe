-- For whom somebody may buy.
--
-- InsForge makes checkouts and portal sessions as the user who asks for them, and leaves it to policies
-- for whom that is allowed. Without any, everybody with the anon key could read all checkouts, and every
-- user could open the billing portal of every other.
--
-- This closes both tables to all but users who act for themselves: guests cannot buy, and subjects other
-- than users, such as teams, need policies of their own.

alter table payments.stripe_checkout_sessions enable row level security;
alter table payments.stripe_customer_portal_sessions enable row level security;

drop policy if exists stripe_checkout_own_insert on payments.stripe_checkout_sessions;
create policy stripe_checkout_own_insert on payments.stripe_checkout_sessions
  for insert to authenticated
  with check (subject_type = 'user' and subject_id = (select public.requesting_user_id()));

-- A second click finds the checkout that the first one made.
drop policy if exists stripe_checkout_own_select on payments.stripe_checkout_sessions;
create policy stripe_checkout_own_select on payments.stripe_checkout_sessions
  for select to authenticated
  using (subject_type = 'user' and subject_id = (select public.requesting_user_id()));

drop policy if exists stripe_portal_own_insert on payments.stripe_customer_portal_sessions;
create policy stripe_portal_own_insert on payments.stripe_customer_portal_sessions
  for insert to authenticated
  with check (subject_type = 'user' and subject_id = (select public.requesting_user_id()));

drop policy if exists stripe_portal_own_select on payments.stripe_customer_portal_sessions;
create policy stripe_portal_own_select on payments.stripe_customer_portal_sessions
  for select to authenticated
  using (subject_type = 'user' and subject_id = (select public.requesting_user_id()));
