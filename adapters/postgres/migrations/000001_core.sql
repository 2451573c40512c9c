-- The core: configuration, samples, ledger, incidents, effects, leases, lessons, settings.

create table configurations (
  version text primary key,
  fleet jsonb not null,
  source text not null,
  loaded_by text not null,
  loaded_at timestamptz not null default clock_timestamp()
);
create table current_configuration (
  one boolean primary key default true check (one),
  version text not null references configurations
);

-- Partitioned by day (UTC): retention drops whole days. `value` null with a reason is a reading without data.
create table samples (
  service text not null,
  instance text not null default '-',
  signal text not null,
  at timestamptz not null check (isfinite(at)),
  value double precision check (value <> 'NaN' and value <> 'Infinity' and value <> '-Infinity'),
  reason text,
  primary key (service, instance, signal, at)
) partition by range (at);

create table shards (
  shard int primary key,
  generation bigint not null,
  claimed_at timestamptz not null default clock_timestamp(),
  stored_at timestamptz,
  state jsonb
);

-- Append-only, gapless, in commit order: the head row is locked first and the insert is the transaction's last statement.
create table ledger_head (one boolean primary key default true check (one), seq bigint not null, hash text not null);
insert into ledger_head values (true, 0, encode(sha256('hale'::bytea), 'hex'));
create table events (
  seq bigint primary key,
  key text not null unique,
  body text not null,
  hash text not null
);
create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception 'the ledger is append-only'; end $$;
create trigger events_append_only before update or delete or truncate on events for each statement execute function refuse_change();

create sequence incident_number;
create table incidents (
  id text primary key,
  service text not null,
  instance text not null default '-',
  onset timestamptz not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome text,
  sentence text
);
create unique index one_open_incident on incidents (service, instance) where ended_at is null;

create table cycles (
  cycle text primary key,
  workflow_id text not null,
  incident text not null references incidents,
  by text not null,
  reason text,
  config_version text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome text,
  sentence text
);
create index cycles_of_incident on cycles (incident);

create table effects (
  action_id text primary key,
  cycle text not null references cycles,
  incident text not null references incidents,
  service text not null,
  instance text not null default '-',
  correction text not null,
  resource text not null,
  fence bigint,
  state text not null,
  before_image jsonb not null,
  after_image jsonb,
  why text,
  config_version text not null,
  verdict text,
  prepared_at timestamptz not null default clock_timestamp(),
  intended_at timestamptz,
  settled_at timestamptz
);
create index effects_of_incident on effects (incident);
create index effects_open on effects (service, instance) where state in ('intended', 'applied', 'unknown');

create table leases (
  resource text primary key,
  holder text not null,
  fence bigint not null,
  expires_at timestamptz not null
);

create table lessons (
  action_id text primary key,
  correction text not null,
  pattern text not null,
  service text not null,
  class text,
  verdict text not null,
  undone boolean not null,
  learned_at timestamptz not null default clock_timestamp()
);
create index lessons_about on lessons (pattern, service);

create table known_good (
  service text not null,
  instance text not null default '-',
  correction text not null,
  identity text not null,
  image jsonb not null,
  first_good_at timestamptz not null default clock_timestamp(),
  last_good_at timestamptz not null default clock_timestamp(),
  primary key (service, instance, correction, identity)
);

create table histories (
  cycle text primary key,
  workflow_id text not null,
  history bytea not null,
  archived_at timestamptz not null default clock_timestamp()
);

-- stop, pause/<service>, hold/<service>/<instance>: what people and outcomes set.
create table settings (
  key text primary key,
  value jsonb not null,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp()
);
