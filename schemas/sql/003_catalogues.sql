-- The catalogues that batches were written under; the one with the highest number is in force.
CREATE TABLE catalogues (
    number      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version     text NOT NULL,
    rules       text NOT NULL, -- JSON: what of the catalogue enters the fold of a case
    applied_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz -- null while cases are still being moved to its rules
);

-- The rules that a case stands under, the day of the calendar that moved its due time, and how much of it is done.
ALTER TABLE cases
    ADD COLUMN catalogue integer NOT NULL DEFAULT 0,
    ADD COLUMN moved_by date,
    ADD COLUMN percent smallint NOT NULL DEFAULT 0;

-- Several systems publish events of the same types: their counters are told apart. Made anew from the archive.
DROP TABLE counters_day, counters_minute;
CREATE TABLE counters_day (
    system  text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    label   text COLLATE "C" NOT NULL,
    bucket  date NOT NULL,
    shard   smallint NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (measure, bucket, agency, label, system, shard)
) WITH (fillfactor = 80);
CREATE TABLE counters_minute (
    system  text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    label   text COLLATE "C" NOT NULL,
    bucket  timestamptz NOT NULL,
    shard   smallint NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (measure, bucket, agency, label, system, shard)
) WITH (fillfactor = 80);

-- Who did something in a month, under a pseudonym, and how often: different ones of several months do not add up.
CREATE TABLE actors_month (
    system  text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    label   text COLLATE "C" NOT NULL,
    actor   text COLLATE "C" NOT NULL,
    bucket  date NOT NULL, -- the first day of the month
    shard   smallint NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (measure, bucket, agency, actor, label, system, shard)
) WITH (fillfactor = 80);

-- What an agency reported of something for a period; `subject` is the agency and the period. The latest stands.
CREATE TABLE readings (
    system      text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    agency      text NOT NULL,
    period      text NOT NULL,
    value       double precision NOT NULL,
    unit        text NOT NULL,
    reported_at timestamptz NOT NULL,
    history     text NOT NULL,
    PRIMARY KEY (system, name, subject)
);

-- All of these follow from the archive, whose rows stay; `opscentre migrate` makes them anew.
TRUNCATE cases, items;
