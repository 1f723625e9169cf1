-- A shard's number is taken once a partition: what an earlier version took at every assignment is given back.
SELECT setval(pg_get_serial_sequence('partition_offsets', 'shard'), (SELECT max(shard) FROM partition_offsets));

-- The last record that was counted, by which a log is known again: its offset, and the hash of its key and value.
-- `set_aside` says why a partition is not read, until that is repaired.
ALTER TABLE partition_offsets
    ADD COLUMN last_offset bigint,
    ADD COLUMN last_hash uuid,
    ADD COLUMN set_aside text;

-- At an offset of a log that was restored another record can stand: both are kept.
ALTER TABLE dead_letters ADD COLUMN record_hash uuid;
UPDATE dead_letters SET record_hash = md5(
    convert_to(coalesce(length(key), -1) || ':', 'UTF8') || coalesce(key, '') || coalesce(value, ''))::uuid;
ALTER TABLE dead_letters ALTER COLUMN record_hash SET NOT NULL;
ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_cluster_topic_id_partition_offset_key;
ALTER TABLE dead_letters ADD UNIQUE (cluster, topic_id, partition, "offset", record_hash);
-- What is to lose its raw bytes, the oldest first.
CREATE INDEX dead_letters_raw ON dead_letters (seen_at) WHERE value IS NOT NULL OR key IS NOT NULL;

-- A correction looks for what it replaces by both: thousands of events can be of one time.
CREATE INDEX events_time_id ON events (time, id);
DROP INDEX events_time_idx;

-- It began with columns that the primary key begins with, and without statistics was taken for it.
DROP INDEX items_changed;
CREATE INDEX items_changed ON items (changed_at, register, system);
