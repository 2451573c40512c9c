-- A key that a person retired may be missing: nothing open is sealed with it any more.
alter table payload_keys add column retired_at timestamptz;
