-- An undo that has begun is committed before it is sent, as an action is: whoever finds it later does not just send it again.
alter table effects add column undoing_at timestamptz;
drop index effects_open;
create index effects_open on effects (service, instance) where state in ('intended', 'applied', 'undoing', 'unknown');
