-- Text keys compare by bytes ("C"): faster, the same on every server, and the same order as in Python.

-- Where each partition stands. The row is the lock of its partition and the fence against stale workers.
-- The row with topic_id = 'replay' stands for dead letters replayed and counters repaired.
CREATE TABLE progress (
    shard       smallint GENERATED ALWAYS AS IDENTITY UNIQUE,
    cluster     text COLLATE "C" NOT NULL,
    topic_id    text COLLATE "C" NOT NULL,
    partition   integer NOT NULL,
    topic       text NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    events      bigint NOT NULL DEFAULT 0,
    duplicates  bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster, topic_id, partition)
);
INSERT INTO progress (cluster, topic_id, partition, topic) VALUES ('', 'replay', 0, 'replay');

-- One row an event id ever accepted: a hash of (system, id), and the revision of it that stands.
CREATE TABLE identities (
    id       uuid PRIMARY KEY,
    revision integer NOT NULL,
    content  bigint NOT NULL,
    time     timestamptz NOT NULL
);

-- Revisions that no longer stand, or never did.
CREATE TABLE superseded (
    id       uuid NOT NULL,
    revision integer NOT NULL,
    content  bigint NOT NULL,
    PRIMARY KEY (id, revision)
);

-- Every event accepted, once. `data` is JSON kept as text: writing jsonb costs a fifth of the throughput.
CREATE TABLE events (
    time        timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    system      text NOT NULL,
    type        text NOT NULL,
    subject     text NOT NULL,
    agency      text NOT NULL,
    id          text NOT NULL,
    revision    integer NOT NULL,
    retracted   boolean NOT NULL,
    data        text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL
);
-- A month a chunk: a backfill of years must not make hundreds of them.
SELECT create_hypertable('events', by_range('time', INTERVAL '1 month'));

CREATE TABLE cases (
    system        text COLLATE "C" NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    subject       text COLLATE "C" NOT NULL,
    agency        text NOT NULL,
    label         text NOT NULL,
    state         text NOT NULL CHECK (state IN ('open', 'suspended', 'closed', 'incomplete', 'void')),
    opened_at     timestamptz,
    due_at        timestamptz,
    overdue_at    timestamptz,
    closed_at     timestamptz,
    on_time       boolean,
    contradictory boolean NOT NULL,
    history       text NOT NULL,
    PRIMARY KEY (system, kind, subject)
);

CREATE TABLE items (
    system   text COLLATE "C" NOT NULL,
    register text COLLATE "C" NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    agency   text NOT NULL,
    label    text NOT NULL,
    standing boolean NOT NULL,
    since    timestamptz,
    history  text NOT NULL,
    PRIMARY KEY (system, register, subject)
);

-- Differences by local day, for good, and by minute, for about a week. Sum over shards; a stock is the running sum.
CREATE TABLE counters_day (
    measure text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    label   text COLLATE "C" NOT NULL,
    bucket  date NOT NULL,
    shard   smallint NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (measure, bucket, agency, label, shard)
) WITH (fillfactor = 80);

CREATE TABLE counters_minute (
    measure text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    label   text COLLATE "C" NOT NULL,
    bucket  timestamptz NOT NULL,
    shard   smallint NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (measure, bucket, agency, label, shard)
) WITH (fillfactor = 80);

CREATE TABLE dead_letters (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster    text NOT NULL,
    topic_id   text NOT NULL,
    topic      text NOT NULL,
    partition  integer NOT NULL,
    "offset"   bigint NOT NULL,
    timestamp  timestamptz NOT NULL,
    key        bytea,
    headers    text NOT NULL, -- JSON: [[name, value in base64], …]; text, because jsonb refuses NUL
    value      bytea,
    reason     text NOT NULL,
    detail     text NOT NULL,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    note       text,
    seen_at    timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    UNIQUE (cluster, topic_id, partition, "offset")
);
CREATE INDEX dead_letters_open ON dead_letters (reason) WHERE state = 'open';
