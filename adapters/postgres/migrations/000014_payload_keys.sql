-- Keys that ever sealed what hale says to Temporal, by id; the keys themselves are never here. Whoever starts without one of
-- them could not read the histories of running cycles.
create table payload_keys (
  id text primary key,
  fingerprint text not null,
  first_used_at timestamptz not null default now()
);
