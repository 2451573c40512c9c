-- Who is in trouble now: a row per service, refreshed by whoever sees it, forgotten when nobody does.
create table troubles (
  service text primary key,
  since timestamptz not null,
  noted_at timestamptz not null,
  by text not null
);

-- Many at once are one incident, and those of its services are part of it.
create table storms (
  incident text primary key references incidents,
  source text,
  since timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create unique index one_storm on storms ((true)) where ended_at is null;
alter table incidents add column part_of text references incidents;
create index parts_of_incident on incidents (part_of) where part_of is not null;

-- Budgets count what was begun lately, and a resource is frozen for what became of it lately.
create index effects_begun on effects (intended_at) where intended_at is not null;
create index effects_of_resource on effects (resource, intended_at);
