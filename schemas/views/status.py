"""How each target stands, decided or not, in SQL: `indicators.status_at(as_of)`, of today in `indicator_status`."""

from schemas.views.quoting import literal

PACE_DAYS = 20
"""Working days over which the pace is taken."""

_VALUES = """
-- The values of an indicator at some agencies, of its period that a day is in, until the end of that day.
CREATE FUNCTION indicators.values_of(indicator text, ends date, agencies text[])
RETURNS TABLE (agency text, value float8) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM indicators.catalogue AS c WHERE c.indicator = $1) THEN RETURN; END IF;
    RETURN QUERY EXECUTE format('SELECT agency, value FROM indicators.%I($1, $2) WHERE dimensions = %L '
        'AND agency = ANY ($3)', 'at_' || replace(indicator, '-', '_'), '')
    USING (SELECT indicators.first_day(c.period, $2) FROM indicators.catalogue AS c WHERE c.indicator = $1),
        ends, agencies;
END $$;

-- What such values are worked out from, and those of the parts by which the indicator is split.
CREATE FUNCTION indicators.parts_of(indicator text, ends date, agencies text[])
RETURNS TABLE (agency text, dimensions text, numerator float8, denominator float8, value float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM indicators.catalogue AS c WHERE c.indicator = $1) THEN RETURN; END IF;
    RETURN QUERY EXECUTE format('SELECT * FROM indicators.%I($1, $2) WHERE agency = ANY ($3)',
        'at_' || replace(indicator, '-', '_'))
    USING (SELECT indicators.first_day(c.period, $2) FROM indicators.catalogue AS c WHERE c.indicator = $1),
        ends, agencies;
END $$;

-- Values as above; none where they cannot be worked out (a sum overflows), so that no other indicator suffers.
CREATE FUNCTION indicators.known_values_of(indicator text, ends date, agencies text[])
RETURNS TABLE (agency text, value float8) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM indicators.values_of(indicator, ends, agencies);
EXCEPTION WHEN data_exception THEN
    RETURN;
END $$;
"""

_STATUS = """
-- As of the end of a local day, or of today until now; of some indicators, or of all. What was decided later was not
-- known then.
CREATE FUNCTION indicators.status_at(as_of date, wanted text[] DEFAULT NULL)
RETURNS TABLE (
    indicator text, system text, agency text, due date, at_least float8, at_most float8, assumed boolean, value float8,
    days_left int, working_days_left int, pace float8, pace_needed float8, projected float8, status text,
    decided_at timestamptz, decided_value float8, corrected boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS {status};

CREATE VIEW indicators.indicator_status AS SELECT * FROM indicators.status_at(indicators.today());
"""

_STATUS_AT = """
WITH asked AS (
    SELECT t.*, c.system, c.period, least(t.due, as_of) AS ends,
        (SELECT day FROM indicators.working_days WHERE day < least(t.due, as_of)
            ORDER BY day DESC OFFSET {before} LIMIT 1) AS earlier,
        (SELECT count(*)::int FROM indicators.working_days WHERE day > as_of AND day <= t.due) AS working_days_left
    FROM indicators.targets AS t JOIN indicators.catalogue AS c USING (indicator)
    WHERE wanted IS NULL OR t.indicator = ANY (wanted)
), days AS MATERIALIZED (
    SELECT indicator, day AS ends, array_agg(DISTINCT agency) AS agencies
    FROM asked, LATERAL (VALUES (ends), (earlier)) AS both_days (day) GROUP BY indicator, day
), found AS MATERIALIZED (
    SELECT d.indicator, v.agency, d.ends, v.value
    FROM days AS d, LATERAL indicators.known_values_of(d.indicator, d.ends, d.agencies) AS v
), known AS (
    SELECT a.*, now.value, now.value IS NOT NULL
            AND (a.at_least IS NULL OR now.value >= a.at_least) AND (a.at_most IS NULL OR now.value <= a.at_most)
            AS reached,
        (now.value - earlier.value) / {pace} AS pace
    FROM asked AS a
    LEFT JOIN found AS now ON now.indicator = a.indicator AND now.agency = a.agency AND now.ends = a.ends
    LEFT JOIN found AS earlier
        ON earlier.indicator = a.indicator AND earlier.agency = a.agency AND earlier.ends = a.earlier
), projected AS (
    SELECT *, value + pace * working_days_left AS projected FROM known
)
SELECT p.indicator, p.system, p.agency, p.due, p.at_least, p.at_most, p.assumed, p.value,
    p.due - as_of AS days_left, p.working_days_left, p.pace,
    CASE WHEN NOT p.reached THEN (coalesce(p.at_least, p.at_most) - p.value) / nullif(p.working_days_left, 0) END
        AS pace_needed,
    p.projected,
    CASE
        WHEN d.status IS NOT NULL THEN d.status
        WHEN p.value IS NULL THEN 'no_data'
        WHEN p.reached THEN 'met'
        WHEN as_of > p.due THEN 'missed'
        WHEN p.projected >= p.at_least OR p.projected <= p.at_most THEN 'on_track'
        ELSE 'at_risk'
    END AS status,
    d.decided_at, d.value AS decided_value,
    d.decided_at IS NOT NULL AND p.value IS DISTINCT FROM d.value AS corrected
FROM projected AS p
LEFT JOIN public.decisions AS d ON d.indicator = p.indicator AND d.agency = p.agency AND d.due = p.due
    AND d.decided_at < indicators.begin_of(as_of + 1)
"""


def status_sql() -> str:
    """The functions and the view of all targets."""
    return _VALUES + _STATUS.format(status=literal(_STATUS_AT.format(before=PACE_DAYS - 1, pace=PACE_DAYS)))
