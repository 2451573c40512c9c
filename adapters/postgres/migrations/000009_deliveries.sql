-- People are called from the ledger: each event that concerns a channel is one row, and one worker at a time speaks for a channel.
create table deliveries (
  seq bigint not null references events,
  channel text not null,
  purpose text not null,
  incident text,
  -- waiting, sent, folded (said in the message of another), refused, failed (given up), gone (no such channel any more)
  state text not null default 'waiting',
  tries int not null default 0,
  answer text,
  assigned_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  primary key (seq, channel)
);
create index deliveries_waiting on deliveries (channel, seq) where state = 'waiting';
create index deliveries_sent on deliveries (channel, settled_at) where state = 'sent';
create index deliveries_of_incident on deliveries (incident, channel, seq);

create table channels (
  channel text primary key,
  turn bigint not null default 0,
  -- A worker has the turn until then; one that dies leaves it to the next.
  busy_until timestamptz not null default '-infinity',
  -- After a failure, or after too many messages.
  rest_until timestamptz not null default '-infinity',
  failures int not null default 0,
  failing_since timestamptz,
  announced boolean not null default false,
  why text
);

-- How far the ledger was read. Nobody is called about what happened before there were channels.
create table deliveries_head (one boolean primary key default true check (one), seq bigint not null);
insert into deliveries_head select true, seq from ledger_head;
