-- What people say about what hale would have done or did: right or wrong, one mark an incident, kept for each correction it was about.
create table reviews (
  incident text primary key references incidents,
  service text not null,
  class text,
  corrections text[] not null,
  mark text not null check (mark in ('right', 'wrong')),
  marked_by text not null,
  marked_at timestamptz not null default clock_timestamp()
);
create index reviews_of_class on reviews (class, marked_at);

-- When a symptom ended is asked of the findings of one service.
create index findings_closed on events ((body::jsonb ->> 'service'), seq) where body::jsonb ->> 'kind' = 'finding.closed';
