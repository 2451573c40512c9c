-- Whom an alert was reported about: service and instance, `-` where there is none. The name of the service alone is not whom.
alter table alerts drop column services;
alter table alerts add column about text[] not null default '{}';
