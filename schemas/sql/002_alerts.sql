-- The catalogue's agencies, for those who read SQL; `opscentre migrate` keeps them as the catalogue has them.
CREATE TABLE agencies (
    code    text COLLATE "C" PRIMARY KEY,
    parent  text COLLATE "C",
    kind    text NOT NULL,
    name_vi text NOT NULL,
    name_en text NOT NULL
);

-- Which transaction wrote a case last: what a sweep could not see yet, the next one finds by this, exactly.
ALTER TABLE cases ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX cases_overdue ON cases (overdue_at) WHERE state = 'open' AND overdue_at IS NOT NULL;
CREATE INDEX cases_late ON cases (changed_by) WHERE NOT on_time;

-- How far the sweep for missed deadlines has seen each system: everything of transactions before `horizon`.
CREATE TABLE sweeps (
    system   text COLLATE "C" PRIMARY KEY,
    swept_at timestamptz NOT NULL,
    horizon  xid8 NOT NULL
);

-- One row a missed deadline, for good. `silent` says why nobody was told: settled or long overdue when first seen.
CREATE TABLE alerts (
    system     text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    overdue_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    agency     text NOT NULL,
    sweep      uuid NOT NULL,
    raised_at  timestamptz NOT NULL,
    silent     text CHECK (silent IN ('settled', 'old')),
    PRIMARY KEY (system, kind, subject, overdue_at)
);
CREATE INDEX alerts_newest ON alerts (raised_at);

-- What is still to be sent to Kafka: written with what it tells of, deleted once Kafka has it.
CREATE TABLE outbox (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key   text NOT NULL,
    value text NOT NULL
);

-- One row a message and target. `target` is a hash of the address, `address` the same without its secrets.
CREATE TABLE deliveries (
    message     text NOT NULL,
    target      text NOT NULL,
    address     text NOT NULL,
    agency      text NOT NULL,
    title       text NOT NULL,
    body        text NOT NULL,
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts    integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    next_try_at timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    error       text,
    PRIMARY KEY (message, target)
);
CREATE INDEX deliveries_pending ON deliveries (next_try_at) WHERE state = 'pending';
