-- The words of docs/glossary.md for what had others. Only names change: nothing is counted anew.

ALTER TABLE progress RENAME TO partition_offsets;
ALTER SEQUENCE progress_shard_seq RENAME TO partition_offsets_shard_seq;
ALTER INDEX progress_pkey RENAME TO partition_offsets_pkey;
ALTER INDEX progress_shard_key RENAME TO partition_offsets_shard_key;
-- The row that stands for dead letters replayed and counters repaired.
UPDATE partition_offsets SET topic_id = 'maintenance', topic = 'maintenance' WHERE topic_id = 'replay';

ALTER TABLE identities RENAME COLUMN content TO content_hash;
ALTER TABLE superseded RENAME COLUMN content TO content_hash;
ALTER TABLE cases RENAME COLUMN label TO dimensions;
ALTER TABLE cases RENAME COLUMN moved_by TO due_moved_by_day;
ALTER TABLE cases RENAME COLUMN changed_by TO changed_xid;
ALTER TABLE items RENAME COLUMN label TO dimensions;
ALTER TABLE counters_day RENAME COLUMN label TO dimensions;
ALTER TABLE counters_month RENAME COLUMN label TO dimensions;
ALTER TABLE counters_minute RENAME COLUMN label TO dimensions;
ALTER TABLE actors_month RENAME COLUMN label TO dimensions;
ALTER TABLE alerts RENAME COLUMN silent TO suppressed;
ALTER TABLE deliveries RENAME COLUMN target TO recipient;

-- The moments at which what is open was opened, added up.
UPDATE counters_day SET measure = regexp_replace(measure, '\.since$', '.opened_at_sum') WHERE measure LIKE '%.since';
UPDATE counters_month SET measure = regexp_replace(measure, '\.since$', '.opened_at_sum') WHERE measure LIKE '%.since';
UPDATE counters_minute SET measure = regexp_replace(measure, '\.since$', '.opened_at_sum') WHERE measure LIKE '%.since';
