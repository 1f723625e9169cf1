-- Days of a month added up, kept beside them: years are then read in dozens of rows, not in thousands.
CREATE TABLE counters_month (
    system  text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    label   text COLLATE "C" NOT NULL,
    bucket  date NOT NULL, -- the first day of the month
    shard   smallint NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (measure, bucket, agency, label, system, shard)
) WITH (fillfactor = 80);
INSERT INTO counters_month (system, measure, agency, label, bucket, shard, value)
    SELECT system, measure, agency, label, date_trunc('month', bucket)::date, shard, sum(value)
    FROM counters_day GROUP BY 1, 2, 3, 4, 5, 6;
-- Whether an agency has ever reported anything of a kind.
CREATE INDEX counters_month_agency ON counters_month (agency, system, measure, bucket);

-- When an item's last event was, in microseconds since 1970: what stood before then is in its history only.
ALTER TABLE items ADD COLUMN changed_at bigint GENERATED ALWAYS AS ((history::jsonb -> -1 ->> 0)::bigint) STORED;
CREATE INDEX items_changed ON items (system, register, changed_at);

-- What became of each target once it was due, for good: what is corrected later shows beside it.
CREATE TABLE decisions (
    indicator  text COLLATE "C" NOT NULL,
    agency     text COLLATE "C" NOT NULL,
    due        date NOT NULL,
    at_least   double precision,
    at_most    double precision,
    value      double precision,
    status     text NOT NULL CHECK (status IN ('met', 'missed', 'no_data')),
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (indicator, agency, due)
);

-- What `opscentre migrate` makes of the catalogue: a view an indicator. It stays, with the grants on it; what is in it
-- is made anew.
CREATE SCHEMA indicators;
