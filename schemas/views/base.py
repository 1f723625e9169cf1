"""What all indicators' SQL stands on: days, periods, the agencies' tree, and counters added up. Pure text.

A period is local days. What is counted of it is months, the days that they do not share with it, and of today the
minutes until now: what lies ahead today (a case will be overdue at midnight) is not counted yet.
"""

from schemas.views.history_sql import ENTRIES
from schemas.views.quoting import literal

EMPTY = """
DO $$
BEGIN
    EXECUTE (
        SELECT coalesce(string_agg(format('DROP %s IF EXISTS %s CASCADE', kind, name), '; '), '') FROM (
            SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, oid::regclass::text FROM pg_class
            WHERE relnamespace = 'indicators'::regnamespace AND relkind IN ('v', 'r')
            UNION ALL
            SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'indicators'::regnamespace
        ) AS found (kind, name)
    );
END $$;
"""

_TIME = """
CREATE FUNCTION indicators.today() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (now() AT TIME ZONE indicators.zone())::date
$$;

CREATE FUNCTION indicators.begin_of(day date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT day::timestamp AT TIME ZONE indicators.zone()
$$;

-- The moment at which a day is over, or the running minute of today: nothing is counted from then on.
CREATE FUNCTION indicators.end_of(day date) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT least(indicators.begin_of(day + 1), date_trunc('minute', now()) + interval '1 minute')
$$;

-- The same in microseconds since 1970, as histories have their moments.
CREATE FUNCTION indicators.last_moment(day date) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM indicators.end_of(day)) * 1000000)::bigint - 1
$$;

CREATE FUNCTION indicators.first_day(period text, day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN period <> 'always' THEN date_trunc(period, day::timestamp)::date END
$$;

-- The first month that lies wholly within what begins on a day; null: since ever.
CREATE FUNCTION indicators.first_month(starts date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(date_trunc('month', starts::timestamp + interval '1 month - 1 day')::date, '-infinity'::date)
$$;

-- The month that a period ends in; that of today, where it ends later.
CREATE FUNCTION indicators.last_month(ends date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT date_trunc('month', least(ends, indicators.today())::timestamp)::date
$$;

-- The last day of what a reading is of: 2025, 2025-Q2, 2025-06 or 2025-06-30. June's 31st is the 30th.
CREATE FUNCTION indicators.last_day(period text) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE length(period)
        WHEN 4 THEN make_date(period::int, 12, 31)
        WHEN 7 THEN (make_date(left(period, 4)::int,
            CASE WHEN period LIKE '%Q%' THEN 3 * right(period, 1)::int ELSE right(period, 2)::int END, 1)
            + interval '1 month - 1 day')::date
        ELSE least(make_date(left(period, 4)::int, substr(period, 6, 2)::int, 1) + right(period, 2)::int - 1,
            (make_date(left(period, 4)::int, substr(period, 6, 2)::int, 1) + interval '1 month - 1 day')::date)
    END
$$;

-- Running ones end today.
CREATE VIEW indicators.periods AS
    SELECT period, first::date AS starts, least((first + step)::date - 1, indicators.today()) AS ends
    FROM (VALUES ('month', interval '1 month', 23), ('quarter', '3 months', 7), ('year', '1 year', 4))
            AS units (period, step, earlier),
        generate_series(date_trunc(period, indicators.today()::timestamp) - earlier * step,
            indicators.today()::timestamp, step) AS first
    UNION ALL SELECT 'always', NULL, indicators.today();
"""

_COUNTERS = """
-- The differences of a measure within a period; `starts` null: since ever. Whoever asks adds them up. From whole months
-- the days are taken back that are after the period, or not over yet; in the running month these are few.
CREATE FUNCTION indicators.counted(system text, measure text, starts date, ends date)
RETURNS TABLE (agency text, dimensions text, value bigint) LANGUAGE sql STABLE AS $$
    SELECT c.agency, c.dimensions, c.value FROM public.counters_month AS c
    WHERE c.measure = $2 AND c.system = $1
        AND c.bucket >= indicators.first_month(starts) AND c.bucket <= indicators.last_month(ends)
    UNION ALL
    SELECT c.agency, c.dimensions, -c.value FROM public.counters_day AS c
    WHERE c.measure = $2 AND c.system = $1
        AND c.bucket >= greatest(indicators.first_month(starts), least(ends + 1, indicators.today()))
        AND c.bucket < (indicators.last_month(ends) + interval '1 month')::date
    UNION ALL
    SELECT c.agency, c.dimensions, c.value FROM public.counters_day AS c
    WHERE c.measure = $2 AND c.system = $1
        AND c.bucket >= starts AND c.bucket < least(indicators.first_month(starts), ends + 1, indicators.today())
    UNION ALL
    SELECT c.agency, c.dimensions, c.value FROM public.counters_minute AS c
    WHERE c.measure = $2 AND c.system = $1
        AND c.bucket >= greatest(indicators.begin_of(starts), indicators.begin_of(indicators.today()))
        AND c.bucket < indicators.end_of(ends)
$$;

-- Those of all measures until now, from days alone: beside indicators, which add up months, they are a second opinion.
-- `(SELECT …)` around a moment: it is worked out once, not for every row.
CREATE FUNCTION indicators.counted_by_now()
RETURNS TABLE (system text, measure text, agency text, dimensions text, value bigint) LANGUAGE sql STABLE AS $$
    SELECT c.system, c.measure, c.agency, c.dimensions, c.value FROM public.counters_day AS c
    WHERE c.bucket < (SELECT indicators.today())
    UNION ALL
    SELECT c.system, c.measure, c.agency, c.dimensions, c.value FROM public.counters_minute AS c
    WHERE c.bucket >= (SELECT indicators.begin_of(indicators.today()))
        AND c.bucket < (SELECT indicators.end_of(indicators.today()))
$$;

-- The agencies of which anything with a measure from `first` to `last` was ever counted, and all above them.
CREATE FUNCTION indicators.reporting(system text, first text, last text, ends date)
RETURNS TABLE (agency text) LANGUAGE sql STABLE AS $$
    SELECT a.code FROM public.agencies AS a WHERE (
        SELECT true FROM indicators.tree AS t, LATERAL (
            SELECT FROM public.counters_month AS c
            WHERE c.agency = t.agency AND c.system = $1 AND c.measure BETWEEN first AND last AND c.bucket <= ends
                AND (c.bucket < date_trunc('month', ends::timestamp)::date OR EXISTS (
                    SELECT FROM public.counters_day AS d
                    WHERE d.measure = c.measure AND d.bucket BETWEEN c.bucket AND ends
                        AND d.agency = c.agency AND d.dimensions = c.dimensions AND d.system = c.system))
            LIMIT 1
        ) AS ever WHERE t.ancestor = a.code LIMIT 1
    )
$$;
"""


def base_sql(zone: str) -> str:
    """The functions and views that indicators' own ones ask; `indicators.tree` has to be there."""
    body = literal(f"SELECT {literal(zone)}")
    zone_sql = f"CREATE FUNCTION indicators.zone() RETURNS text LANGUAGE sql IMMUTABLE AS {body};\n"
    return zone_sql + _TIME + ENTRIES + _COUNTERS
