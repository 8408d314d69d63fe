-- What migrations need of InsForge's payments: the tables that its checkout routes and its webhook write,
-- with the rights that migrations have to them. InsForge alone changes what is in them.

create schema payments;
grant usage on schema payments to anon, authenticated, project_admin;

create table payments.webhook_events (
  id                  uuid        primary key default gen_random_uuid(),
  environment         text        not null check (environment in ('test', 'live')),
  provider            text        not null check (provider ~ '^[a-z][a-z0-9_]*$'),
  provider_event_id   text        not null,
  provider_account_id text,
  event_type          text        not null,
  livemode            boolean     not null,
  object_type         text,
  object_id           text,
  processing_status   text        not null default 'pending' check (processing_status in ('pending', 'processed', 'failed', 'ignored')),
  attempt_count       integer     not null default 0,
  last_error          text,
  payload             jsonb       not null,
  received_at         timestamptz not null default now(),
  processed_at        timestamptz,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);

create unique index on payments.webhook_events (provider, environment, provider_event_id);

create table payments.customer_mappings (
  id                   uuid        primary key default gen_random_uuid(),
  provider             text        not null check (provider ~ '^[a-z][a-z0-9_]*$'),
  environment          text        not null check (environment in ('test', 'live')),
  subject_type         text        not null,
  subject_id           text        not null,
  provider_customer_id text        not null,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  unique (provider, environment, subject_type, subject_id),
  unique (provider, environment, provider_customer_id)
);

create table payments.stripe_checkout_sessions (
  id                  uuid        primary key default gen_random_uuid(),
  environment         text        not null check (environment in ('test', 'live')),
  mode                text        not null check (mode in ('payment', 'subscription')),
  status              text        not null default 'initialized' check (status in ('initialized', 'open', 'completed', 'expired', 'failed')),
  payment_status      text        check (payment_status in ('paid', 'unpaid', 'no_payment_required')),
  subject_type        text,
  subject_id          text,
  customer_email      text,
  line_items          jsonb       not null default '[]' check (jsonb_typeof(line_items) = 'array'),
  success_url         text        not null,
  cancel_url          text        not null,
  idempotency_key     text,
  request_hash        text,
  metadata            jsonb       not null default '{}',
  checkout_session_id text,
  customer_id         text,
  payment_intent_id   text,
  subscription_id     text,
  url                 text,
  last_error          text,
  raw                 jsonb       not null default '{}',
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);

create unique index on payments.stripe_checkout_sessions (environment, checkout_session_id) where checkout_session_id is not null;
create unique index on payments.stripe_checkout_sessions (environment, idempotency_key) where idempotency_key is not null;

create table payments.stripe_customer_portal_sessions (
  id               uuid        primary key default gen_random_uuid(),
  environment      text        not null check (environment in ('test', 'live')),
  status           text        not null default 'initialized' check (status in ('initialized', 'created', 'failed')),
  subject_type     text        not null,
  subject_id       text        not null,
  customer_id      text,
  return_url       text,
  configuration_id text,
  url              text,
  last_error       text,
  raw              jsonb       not null default '{}',
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

-- InsForge makes these rows as the user who buys, so that policies decide for whom somebody may buy. A new
-- project has none, and row level security is off.
grant select, insert on payments.stripe_checkout_sessions, payments.stripe_customer_portal_sessions to anon, authenticated;

grant select on all tables in schema payments to project_admin;
grant insert on payments.stripe_checkout_sessions, payments.stripe_customer_portal_sessions to project_admin;
grant trigger on payments.webhook_events to project_admin;

-- InsForge lets project_admin manage row level security on these two.
alter table payments.stripe_checkout_sessions owner to project_admin;
alter table payments.stripe_customer_portal_sessions owner to project_admin;
