-- What was approved is what is done: what the target is to become is stored with the before-image, and chosen only once.
alter table effects add column goal_image jsonb;
