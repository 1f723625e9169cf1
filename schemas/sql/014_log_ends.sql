-- Where each partition of the log ended when a sweep last asked Kafka, so that screens can tell what is still to come.
CREATE TABLE log_ends (
    topic      text NOT NULL,
    topic_id   text COLLATE "C" NOT NULL,
    partition  integer NOT NULL,
    end_offset bigint NOT NULL,
    asked_at   timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
);
