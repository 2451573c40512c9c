-- What undoing an effect means, so that what is in force can be told without the configuration of that day; and who has
-- looked at an effect since and said that it stays.
alter table effects add column undo text, add column kept_by text;
create index effects_in_force on effects (resource, intended_at) where kept_by is null and state not in ('prepared', 'notApplied', 'undone');
