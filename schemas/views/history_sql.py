"""SQL of what is not in counters, but in rows that remember their history: items, readings and tasks, as of a day.

A row says how things are now. Where its last event was after the day that is asked of, its history tells how they were
then: entries are [time, order, id, name, agency, due, dimensions, detail], in the order in which they count.

`(SELECT …)` around a moment: it is worked out once, not for every row.
"""

# The order of `Added` is 0.
STANDING = """
    SELECT subject, agency, dimensions FROM public.items
    WHERE system = {system} AND register = {register} AND standing
        AND changed_at <= (SELECT indicators.last_moment(ends))
    UNION ALL
    SELECT i.subject, past.entry ->> 4, coalesce(past.entry ->> 6, '')
    FROM public.items AS i, LATERAL (
        SELECT entry FROM jsonb_array_elements(i.history::jsonb) WITH ORDINALITY AS e (entry, place)
        WHERE (entry ->> 0)::bigint <= (SELECT indicators.last_moment(ends)) ORDER BY place DESC LIMIT 1
    ) AS past
    WHERE i.system = {system} AND i.register = {register} AND i.changed_at > (SELECT indicators.last_moment(ends))
        AND past.entry ->> 1 = '0'
"""

# Of what was reported at the same moment the highest id counts; there is hardly ever a second, so it is read last.
REPORTED = """
WITH reported AS (
    SELECT agency, indicators.last_day(period) AS until, reported_at, value, history, NULL AS id
    FROM public.readings
    WHERE system = {system} AND name = {name} AND indicators.last_day(period) <= ends
        AND reported_at < (SELECT indicators.end_of(ends))
    UNION ALL
    SELECT past.entry ->> 4, indicators.last_day(r.period), to_timestamp((past.entry ->> 0)::bigint / 1000000.0),
        (past.entry -> 7 ->> 0)::float8, NULL, past.entry ->> 2
    FROM public.readings AS r, LATERAL (
        SELECT entry FROM jsonb_array_elements(r.history::jsonb) WITH ORDINALITY AS e (entry, place)
        WHERE (entry ->> 0)::bigint <= (SELECT indicators.last_moment(ends)) ORDER BY place DESC LIMIT 1
    ) AS past
    WHERE r.system = {system} AND r.name = {name} AND indicators.last_day(r.period) <= ends
        AND r.reported_at >= (SELECT indicators.end_of(ends))
), ranked AS (
    SELECT *, rank() OVER (PARTITION BY agency ORDER BY until DESC, reported_at DESC) AS place FROM reported
), latest AS (
    SELECT DISTINCT ON (agency) agency, until, reported_at, value, given FROM (
        SELECT *, coalesce(id, history::jsonb -> -1 ->> 2) COLLATE "C" AS given FROM ranked WHERE place = 1
    ) AS first ORDER BY agency, given DESC
)
"""

READ = {
    "sum": """
SELECT t.ancestor, '', sum(l.value ORDER BY l.agency), NULL::float8, sum(l.value ORDER BY l.agency)
FROM latest AS l JOIN indicators.tree AS t ON t.agency = l.agency GROUP BY t.ancestor
""",
    "none": """
SELECT DISTINCT ON (t.ancestor) t.ancestor, '', l.value, NULL::float8, l.value
FROM latest AS l JOIN indicators.tree AS t ON t.agency = l.agency
ORDER BY t.ancestor, l.until DESC, l.reported_at DESC, l.given DESC
""",
}
"""By rollup."""

TASK = """
SELECT t.ancestor, '', percent::float8, NULL::float8, percent::float8 FROM (
    SELECT coalesce(ended ->> 4, latest) AS agency,
        CASE WHEN ended ->> 3 = 'task.completed' THEN 100 WHEN ended IS NULL THEN coalesce(done, 0) END AS percent
    FROM (
        SELECT bool_or(name = 'task.assigned') AS assigned,
            (array_agg(entry ORDER BY place) FILTER (WHERE name IN ('task.completed', 'task.cancelled')))[1] AS ended,
            (array_agg((entry ->> 7)::int ORDER BY place DESC) FILTER (WHERE name = 'task.progressed'))[1] AS done,
            (array_agg(entry ->> 4 ORDER BY place DESC))[1] AS latest
        FROM public.cases AS c, jsonb_array_elements(c.history::jsonb) WITH ORDINALITY AS e (entry, place),
            LATERAL (SELECT entry ->> 3 AS name) AS named
        WHERE c.system = {system} AND c.kind = 'task' AND c.subject = {task}
            AND (entry ->> 0)::bigint <= (SELECT indicators.last_moment(ends))
    ) AS history WHERE assigned
) AS task JOIN indicators.tree AS t ON t.agency = task.agency WHERE percent IS NOT NULL
"""
