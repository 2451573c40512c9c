-- Keys that sign decisions, made at first use; the newest signs, all of them verify.
create table signing_keys (
  id text primary key,
  secret bytea not null,
  made_at timestamptz not null default clock_timestamp()
);

-- A signature counts once. `used_by` makes a repeated delivery of one order the same order.
create table nonces (
  nonce text primary key,
  used_by text not null,
  expires_at timestamptz not null
);
create index nonces_expired on nonces (expires_at);
