"""What screens may read: the schema `screens`, views over the tables, and nothing of a record's content. Pure text.

Whoever looks at a dashboard may send any SQL through its data source, so the readers' role sees these views and those
of `indicators`, whose functions work with their owner's rights, and nothing else.
"""

from collections.abc import Iterable, Mapping

from schemas.catalogue.indicators import Indicator, Score
from schemas.catalogue.model import Catalogue
from schemas.views.quoting import insert

READER = "opscentre_reader"
"""The role of Grafana and of the pages."""

_VIEWS = """
DROP SCHEMA IF EXISTS screens CASCADE;
CREATE SCHEMA screens;

-- Where an agency is, in degrees WGS 84.
CREATE TABLE screens.centres (
    agency text COLLATE "C" PRIMARY KEY, latitude double precision NOT NULL, longitude double precision NOT NULL
);
-- The systems that publish. `cadence`: working hours within which one publishes as long as it is well.
CREATE TABLE screens.systems (
    system text COLLATE "C" PRIMARY KEY, name_vi text NOT NULL, name_en text NOT NULL,
    owner text COLLATE "C" NOT NULL, topic text NOT NULL, cadence int NOT NULL
);
-- What a score is made of; `indicator` is null where it cannot be measured yet.
CREATE TABLE screens.components (
    score text COLLATE "C" NOT NULL, place int NOT NULL, code text NOT NULL, name_vi text NOT NULL,
    name_en text NOT NULL, points double precision NOT NULL, full_at double precision, indicator text COLLATE "C",
    PRIMARY KEY (score, place)
);

CREATE VIEW screens.agencies AS
    SELECT a.code, a.parent, a.kind, a.name_vi, a.name_en, c.latitude, c.longitude
    FROM public.agencies AS a LEFT JOIN screens.centres AS c ON c.agency = a.code;

-- `overdue` is what it is now.
CREATE VIEW screens.cases AS
    SELECT system, kind, subject, agency, state, dimensions, opened_at, due_at, overdue_at, closed_at, on_time,
        contradictory, percent, due_moved_by_day, number_reused,
        state IN ('open', 'suspended') AND overdue_at <= now() AS overdue
    FROM public.cases WHERE state <> 'void';

-- Every event of a case, by its place in the order in which they count.
CREATE VIEW screens.case_events AS
    SELECT c.system, c.kind, c.subject, e.place, timestamptz 'epoch' + e.time * interval '1 microsecond' AS time,
        e.name, e.agency, timestamptz 'epoch' + e.due * interval '1 microsecond' AS due_at, e.id
    FROM public.cases AS c, LATERAL indicators.entries(c.history) AS e;

CREATE VIEW screens.alerts AS
    SELECT a.system, a.kind, a.subject, a.agency, a.due_at, a.overdue_at, a.raised_at, a.suppressed, a.ended,
        a.ended_at, (SELECT min(d.settled_at) FROM public.deliveries AS d
            WHERE d.message = a.sweep || '/' || a.agency AND d.state = 'delivered') AS told_at
    FROM public.alerts AS a;

CREATE VIEW screens.deliveries AS
    SELECT agency, title, state, attempts, created_at, next_try_at, settled_at, error IS NOT NULL AS failed
    FROM public.deliveries;

CREATE VIEW screens.partition_offsets AS
    SELECT topic, partition, next_offset, events, duplicates, updated_at, set_aside
    FROM public.partition_offsets WHERE topic <> 'maintenance';

-- What of the log was not counted yet, by when a sweep last asked where it ends.
CREATE VIEW screens.lags AS
    SELECT e.topic, e.partition, greatest(0, e.end_offset - coalesce(p.next_offset, 0)) AS lag, e.asked_at
    FROM public.log_ends AS e
    LEFT JOIN public.partition_offsets AS p ON p.topic_id = e.topic_id AND p.partition = e.partition;

CREATE VIEW screens.sweeps AS SELECT system, swept_at FROM public.sweeps;

CREATE VIEW screens.dead_letters AS
    SELECT topic, partition, "offset", timestamp, reason, state, seen_at FROM public.dead_letters;

CREATE VIEW screens.readings AS SELECT system, name, agency, period, value, unit, reported_at FROM public.readings;

CREATE VIEW screens.decisions AS
    SELECT indicator, agency, due, at_least, at_most, value, status, decided_at FROM public.decisions;

CREATE VIEW screens.events AS
    SELECT time, received_at, system, type, agency, revision, retracted FROM public.events;

-- What stands of a register, and where, as the event said that put it there.
CREATE VIEW screens.stations AS
    SELECT i.system, i.subject, i.agency, split_part(i.dimensions, ' ', 1) AS operator,
        split_part(i.dimensions, ' ', 2) AS technology, i.since,
        (e.data::jsonb ->> 'latitude')::double precision AS latitude,
        (e.data::jsonb ->> 'longitude')::double precision AS longitude
    FROM public.items AS i CROSS JOIN LATERAL (
        SELECT time, id FROM indicators.entries(i.history) WHERE "order" = 0 ORDER BY place DESC LIMIT 1
    ) AS last LEFT JOIN public.events AS e ON e.time = timestamptz 'epoch' + last.time * interval '1 microsecond'
        AND e.id = last.id AND e.system = i.system
    WHERE i.register = 'station' AND i.standing;

-- Differences, several of one bucket: whoever asks adds them up.
CREATE VIEW screens.counters_day AS
    SELECT system, measure, agency, dimensions, bucket, value FROM public.counters_day;
CREATE VIEW screens.counters_month AS
    SELECT system, measure, agency, dimensions, bucket, value FROM public.counters_month;

-- Bytes on disk of the tables that grow.
CREATE VIEW screens.sizes AS
    SELECT 'events' AS name, hypertable_size('public.events') AS bytes
    UNION ALL SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname IN ('identities', 'cases', 'items', 'readings',
        'dead_letters', 'alerts', 'deliveries', 'counters_day', 'counters_month', 'counters_minute', 'actors_month');
"""

GRANTS = f"""
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') AND to_regnamespace('screens') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA indicators, screens TO {READER};
        GRANT SELECT ON ALL TABLES IN SCHEMA indicators, screens TO {READER};
    END IF;
END $$;
"""
"""What the readers may do, where there are readers."""


def screens_sql(catalogue: Catalogue) -> str:
    """The schema, and who may read it; the schema `indicators` has to be there."""
    centres = ((a.code, a.centre.latitude, a.centre.longitude) for a in catalogue.agencies.values() if a.centre)
    systems = ((s.id, s.name.vi, s.name.en, s.owner, s.topic, s.cadence) for s in catalogue.systems.values())
    return (
        _VIEWS
        + insert("screens.centres", centres)
        + insert("screens.systems", systems)
        + insert("screens.components", _components(catalogue.indicators))
        + GRANTS
    )


def _components(indicators: Mapping[str, Indicator]) -> Iterable[tuple[str | float | None, ...]]:
    for one in indicators.values():
        if isinstance(one.file.formula, Score):
            for place, part in enumerate(one.file.formula.components):
                yield one.id, place, part.code, part.name.vi, part.name.en, part.points, part.full_at, part.indicator
