-- Silences that hale set for alerts of which it is healing the cause. Alertmanager ends each by itself; this is to end them sooner.
create table silences (
  incident text not null references incidents,
  fingerprint text not null,
  source text not null,
  silence text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  primary key (incident, fingerprint)
);

-- One worker at a time keeps them.
create table silence_keeper (one boolean primary key default true check (one), until timestamptz not null);
insert into silence_keeper values (true, '-infinity');
