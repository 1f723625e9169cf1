"""SQL of what is not in counters, but in rows that remember their history: items and tasks as of a day, and readings.

A row says how things are now. Where its last event was after the day that is asked of, its history tells how they were
then.

`(SELECT …)` around a moment: it is worked out once, not for every row.
"""

ENTRIES = """
-- A history's entries, as cases, items and readings keep them, by their place in the order in which they count. `time`
-- and `due` are microseconds since 1970; `detail` is what an event's kind brings: of progress its percent, of a reading
-- its value, unit and note.
CREATE FUNCTION indicators.entries(history text)
RETURNS TABLE (
    place bigint, "time" bigint, "order" int, id text, name text, agency text, due bigint, dimensions text, detail jsonb
) LANGUAGE sql IMMUTABLE AS $$
    SELECT place, (entry ->> 0)::bigint, (entry ->> 1)::int, entry ->> 2, entry ->> 3, entry ->> 4,
        (entry ->> 5)::bigint, entry ->> 6, entry -> 7
    FROM jsonb_array_elements(history::jsonb) WITH ORDINALITY AS e (entry, place)
$$;
"""

# The order of `Added` is 0.
STANDING = """
    SELECT subject, agency, dimensions FROM public.items
    WHERE system = {system} AND register = {register} AND standing
        AND changed_at <= (SELECT indicators.last_moment(ends))
    UNION ALL
    SELECT i.subject, past.agency, coalesce(past.dimensions, '')
    FROM public.items AS i, LATERAL (
        SELECT * FROM indicators.entries(i.history) WHERE time <= (SELECT indicators.last_moment(ends))
        ORDER BY place DESC LIMIT 1
    ) AS past
    WHERE i.system = {system} AND i.register = {register} AND i.changed_at > (SELECT indicators.last_moment(ends))
        AND past."order" = 0
"""

# A reading counts for its period, whenever it was said: December is reported in January. Of what was reported at the
# same moment the highest id counts; there is hardly ever a second, so it is read last. What is archived may be beyond
# the limit that readings have: it is no value, nor is a sum in which it would be.
REPORTED = """
WITH ranked AS (
    SELECT *, rank() OVER (PARTITION BY agency ORDER BY until DESC, reported_at DESC) AS place FROM (
        SELECT agency, indicators.last_day(period) AS until, reported_at, value, history FROM public.readings
        WHERE system = {system} AND name = {name} AND indicators.last_day(period) <= ends
    ) AS over
), latest AS (
    SELECT DISTINCT ON (agency) agency, until, reported_at, given,
        CASE WHEN abs(value) <= {limit} THEN value END AS value FROM (
        SELECT *, (SELECT e.id FROM indicators.entries(history) AS e ORDER BY e.place DESC LIMIT 1)
            COLLATE "C" AS given FROM ranked WHERE place = 1
    ) AS first ORDER BY agency, given DESC
)
"""

READ = {
    "sum": """
SELECT ancestor, '', CASE WHEN complete THEN value END, NULL::float8, CASE WHEN complete THEN value END FROM (
    SELECT t.ancestor, sum(l.value ORDER BY l.agency) AS value, count(l.value) = count(*) AS complete
    FROM latest AS l JOIN indicators.tree AS t ON t.agency = l.agency GROUP BY t.ancestor
) AS summed
""",
    "none": """
SELECT DISTINCT ON (t.ancestor) t.ancestor, '', l.value, NULL::float8, l.value
FROM latest AS l JOIN indicators.tree AS t ON t.agency = l.agency
ORDER BY t.ancestor, l.until DESC, l.reported_at DESC, l.given DESC
""",
}
"""By rollup."""

TASK = """
WITH told AS (
    SELECT e.* FROM public.cases AS c, indicators.entries(c.history) AS e
    WHERE c.system = {system} AND c.kind = 'task' AND c.subject = {task}
        AND e.time <= (SELECT indicators.last_moment(ends))
), latest AS (
    SELECT agency FROM told ORDER BY place DESC LIMIT 1
), ended AS (
    SELECT name, agency FROM told WHERE name IN ('task.completed', 'task.cancelled')
        AND place > (SELECT coalesce(max(place), 0) FROM told WHERE name = 'task.reopened')
    ORDER BY place LIMIT 1
), done AS (
    SELECT detail::int AS percent FROM told WHERE name = 'task.progressed' ORDER BY place DESC LIMIT 1
)
SELECT t.ancestor, '', percent::float8, NULL::float8, percent::float8 FROM (
    SELECT coalesce(ended.agency, latest.agency) AS agency,
        CASE WHEN name = 'task.completed' THEN 100 WHEN name IS NULL THEN coalesce(done.percent, 0) END AS percent
    FROM latest LEFT JOIN ended ON true LEFT JOIN done ON true
    WHERE EXISTS (SELECT FROM told WHERE name = 'task.assigned')
) AS task JOIN indicators.tree AS t ON t.agency = task.agency WHERE percent IS NOT NULL
"""
