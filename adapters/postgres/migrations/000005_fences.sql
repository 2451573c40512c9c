-- Fencing tokens grow over all resources, also when two are taken at the same moment.
create sequence fences;
select setval('fences', (select max(fence) from leases)) where exists (select from leases);
