-- What other monitoring says, kept before it is answered. The key makes a repetition the same alert.
create table alerts (
  id bigint generated always as identity primary key,
  key text not null unique,
  source text not null,
  status text not null,
  fingerprint text not null,
  labels jsonb not null,
  annotations jsonb not null,
  starts_at timestamptz not null check (isfinite(starts_at)),
  ends_at timestamptz check (isfinite(ends_at)),
  received_at timestamptz not null default clock_timestamp(),
  state text not null default 'waiting',
  why text,
  services text[] not null default '{}',
  claimed_until timestamptz,
  settled_at timestamptz
);
create index alerts_waiting on alerts (id) where state = 'waiting';
create index alerts_alike on alerts (fingerprint, starts_at);
create index alerts_received on alerts (received_at);

-- What people and machines changed. One change is told again when it is over.
create table changes (
  id bigint generated always as identity primary key,
  key text not null unique,
  source text not null,
  service text not null,
  kind text not null,
  state text not null,
  summary text not null,
  reference text,
  by text,
  at timestamptz not null check (isfinite(at)),
  finished_at timestamptz check (isfinite(finished_at)),
  received_at timestamptz not null default clock_timestamp()
);
create index changes_of_service on changes (service, at desc);
create index changes_at on changes (at desc);

-- How far each source of changes was read.
create table feeds (
  name text primary key,
  cursor jsonb not null,
  read_at timestamptz not null default clock_timestamp()
);

-- When the newest reading was taken is asked at every scrape of hale's own metrics; samples come in the order of their time.
create index samples_at on samples using brin (at) with (pages_per_range = 16);
