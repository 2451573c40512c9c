-- The story of one incident is read whole, by whoever is called at night, from a ledger that only grows.
create index events_of_incident on events ((body::jsonb ->> 'incident'), seq);
