-- The signed-in user's ID, for use in row level security.
--
-- Sign-in happens outside InsForge, so user IDs are text and not UUIDs; InsForge's own
-- helper casts the ID to uuid and fails on them. Without a signed-in user the result is null,
-- and null equals nothing: policies that compare with it let no row through.

create or replace function public.requesting_user_id()
returns text
language sql
stable
set search_path = ''
as $$
  select nullif(auth.jwt() ->> 'sub', '')
$$;

comment on function public.requesting_user_id() is
  'ID of the signed-in user, as the sign-in provider knows it; null without one.';

-- Policies run as the caller, so the caller needs this right.
revoke all on function public.requesting_user_id() from public, anon;
grant execute on function public.requesting_user_id() to authenticated;
