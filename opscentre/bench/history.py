"""Three years of a province in the tables, without the way through Kafka: made by the database itself.

Shapes and counts are those of real ones, the figures mean nothing: a counter for each agency, dimensions, day, shard
(a partition's) of what happens daily, fewer of what is rare; cases with their histories; officers who sign and work
online; readings by month. The archive and the identities, which no screen asks for years, stay empty.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import psycopg

from core.progress import ProgressCallback
from schemas.catalogue.indicators import Milestone, Reported
from schemas.catalogue.model import Catalogue
from streams.sweep.housekeeping import merge_months

OFFICERS = 5000
_CHUNK = 100_000

Cell = tuple[str, str, str, float]
"""System, measure and dimensions of a counter, and on which share of days an agency counts something in it."""

_CASE_PARTS = ("open", "opened_at_sum", "overdue", "suspended", "on_time", "late", "worked")

# OFFSET 0: chance is to be asked for every row, not once for all of a cell's.
_DAYS = """
    INSERT INTO counters_day (system, measure, agency, dimensions, bucket, shard, value)
    SELECT system, measure, agency, dimensions, day::date, shard, CASE
        WHEN measure LIKE '%%.opened_at_sum' THEN extract(epoch FROM day)::bigint / 60
        WHEN measure LIKE '%%.worked' THEN 480 + (random() * 960)::int
        ELSE 1 + (random() * 2)::int END
    FROM (
        SELECT * FROM generate_series(%s::timestamp, %s, '1 day') AS day, cells JOIN granted USING (system),
            generate_series(1, shards) AS shard ORDER BY day OFFSET 0
    ) AS every WHERE share >= 1 OR random() < share
"""
_MONTHS = """
    INSERT INTO counters_month (system, measure, agency, dimensions, bucket, shard, value)
    SELECT system, measure, agency, dimensions, date_trunc('month', bucket)::date, shard, sum(value)
    FROM counters_day GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 5
"""
# Of what happens daily the last days' counters are minutes, too: about as many events a day as years of it had.
_MINUTES = """
    INSERT INTO counters_minute (system, measure, agency, dimensions, bucket, shard, value)
    SELECT c.system, c.measure, a.agency, c.dimensions,
        date_trunc('minute', now()) - random() * interval '8 days', shard, 1
    FROM cells AS c JOIN granted AS a ON a.system = c.system, generate_series(1, shards) AS shard,
        generate_series(1, 16)
    WHERE c.share >= 1
"""
_ACTORS = """
    INSERT INTO actors_month (system, measure, agency, dimensions, actor, bucket, shard, value)
    SELECT 'e-office', measure, agency, done.dimensions, subject, month::date, shard, 1 + (random() * 5)::int
    FROM (
        SELECT agency, subject, measure, d.dimensions, share, month, shard
        FROM generate_series(date_trunc('month', %s::timestamp), %s, '1 month') AS month,
            items AS i, generate_series(1, %s) AS shard, (VALUES
                ('signature.used', '', 0.9), ('workfile.processed', 'true', 0.8), ('workfile.processed', 'false', 0.2)
            ) AS d (measure, dimensions, share) WHERE i.register = 'officer' OFFSET 0
    ) AS done WHERE random() < share
"""
_ITEMS = """
    INSERT INTO items (system, register, subject, agency, dimensions, standing, since, history)
    SELECT %(system)s, %(register)s, %(register)s || '-' || n, agency, %(dimensions)s, true, day,
        json_build_array(json_build_array(
            extract(epoch FROM day)::bigint * 1000000, 0, n::text, %(name)s::text, agency, NULL,
            %(dimensions)s::text, NULL
        ))::text
    FROM (SELECT n, %(since)s::timestamptz AS day, (%(agencies)s::text[])[1 + n %% %(count)s] AS agency
        FROM generate_series(1, %(number)s) AS n) AS made
"""
_CASES = """
    INSERT INTO cases (system, kind, subject, agency, dimensions, state, opened_at, due_at, overdue_at, closed_at,
        on_time,
        contradictory, history, catalogue)
    SELECT 'one-stop', 'dossier', 'H06-' || n, agency, 'online full', CASE WHEN open THEN 'open' ELSE 'closed' END,
        opened, opened + interval '7 days', opened + interval '8 days',
        CASE WHEN NOT open THEN opened + interval '5 days' END, CASE WHEN NOT open THEN true END, false,
        format('[%%s]', repeat(format('[%%s,0,"%%s","dossier.suspended","%%s",null,null,null],',
            extract(epoch FROM opened)::bigint * 1000000, md5(n::text), agency), 7)
            || format('[%%s,4,"%%s","dossier.processed","%%s",null,"approved true true",null]',
            extract(epoch FROM opened)::bigint * 1000000, md5(n::text), agency)), 1
    FROM (SELECT n, random() < 0.02 AS open, (%(agencies)s::text[])[1 + n %% %(count)s] AS agency,
        %(since)s::timestamptz + (now() - %(since)s) * n / %(cases)s AS opened
        FROM generate_series(%(first)s::bigint, %(last)s) AS n) AS made
"""
_TASK = """
    INSERT INTO cases (system, kind, subject, agency, dimensions, state, opened_at, contradictory, percent, history)
    SELECT %(system)s, 'task', %(task)s, %(agency)s, 'project', 'open', %(since)s, false, 40,
        format('[[%%s,0,"1","task.assigned",%%s,null,"project",null],[%%s,6,"2","task.progressed",%%s,null,null,40]]',
            at, to_json(%(agency)s::text), at, to_json(%(agency)s::text))
    FROM (SELECT extract(epoch FROM %(since)s::timestamptz)::bigint * 1000000 AS at) AS made
"""
_READINGS = """
    INSERT INTO readings (system, name, subject, agency, period, value, unit, reported_at, history)
    SELECT %(system)s, %(name)s, agency || ' ' || period, agency, period, random() * 100, 'unit', at,
        json_build_array(json_build_array(extract(epoch FROM at)::bigint * 1000000, 0, '1', 'reading.reported', agency,
            NULL, NULL, json_build_array(1, 'unit', NULL)))::text
    FROM (SELECT to_char(month, 'YYYY-MM') AS period, month + interval '1 month' AS at
        FROM generate_series(%(since)s::timestamp, now()::timestamp, '1 month') AS month) AS months,
        granted WHERE system = %(system)s
"""


def make_history(
    connection: psycopg.Connection, catalogue: Catalogue, cases: int, days: int, say: ProgressCallback
) -> None:
    """Fill a migrated, empty database with so many dossiers, and with all else of so many days until today.

    The connection's cursors are to be `ClientCursor`s: the server could not tell the types of so many parameters.
    """
    since = date.today() - timedelta(days=days)  # noqa: DTZ011 - of the server's machine, which is this one
    agencies = {system.id: sorted(system.agencies) for system in catalogue.systems.values()}
    connection.execute("CREATE TEMP TABLE cells (system text, measure text, dimensions text, share float8)")
    connection.execute("CREATE TEMP TABLE granted (system text, agency text, shards integer)")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO cells VALUES (%s, %s, %s, %s)", list(_cells(catalogue)))
        rows = [(one.id, agency, one.partitions) for one in catalogue.systems.values() for agency in one.agencies]
        cursor.executemany("INSERT INTO granted VALUES (%s, %s, %s)", rows)
    _counters(connection, since, say)
    say("officers, stations and procedures; tasks and readings")
    _items(connection, since, agencies["e-office"], "e-office", "officer", "civil_servant", OFFICERS)
    _items(connection, since, agencies["telecom"], "telecom", "station", "viettel 5g", 600)
    _items(connection, since, agencies["one-stop"], "one-stop", "procedure", "ho-tich full true", 2000)
    connection.execute(_ACTORS, (since, date.today(), catalogue.systems["e-office"].partitions))  # noqa: DTZ011
    for one in catalogue.indicators.values():
        values = {"system": one.file.system, "since": since}
        match one.file.formula:
            case Milestone(task=task):
                connection.execute(_TASK, {**values, "task": task, "agency": agencies[one.file.system][-1]})
            case Reported(reading=name):
                connection.execute(_READINGS + " ON CONFLICT DO NOTHING", {**values, "name": name})
    _dossiers(connection, since, agencies["one-stop"], cases, say)
    say("merging the shards of past months, gathering statistics")
    merge_months(connection)
    connection.execute("VACUUM ANALYZE")


def _counters(connection: psycopg.Connection, since: date, say: ProgressCallback) -> None:
    first = since
    while first <= date.today():  # noqa: DTZ011
        last = min(first + timedelta(days=90), date.today())  # noqa: DTZ011
        connection.execute(_DAYS, (first, last))
        say(f"  … counters until {last}")
        first = last + timedelta(days=1)
    connection.execute(_MONTHS)
    connection.execute(_MINUTES + " ON CONFLICT DO NOTHING")


def _items(
    connection: psycopg.Connection,
    since: date,
    agencies: Sequence[str],
    system: str,
    register: str,
    dimensions: str,
    number: int,
) -> None:
    values = {"system": system, "register": register, "dimensions": dimensions, "since": since, "number": number}
    name = {"officer": "officer.enrolled", "station": "station.activated", "procedure": "procedure.published"}[register]
    connection.execute(_ITEMS, {**values, "name": name, "agencies": list(agencies), "count": len(agencies)})


def _dossiers(
    connection: psycopg.Connection, since: date, agencies: Sequence[str], cases: int, say: ProgressCallback
) -> None:
    values = {"since": since, "agencies": list(agencies), "count": len(agencies), "cases": cases}
    for first in range(1, cases + 1, _CHUNK):
        last = min(first + _CHUNK - 1, cases)
        connection.execute(_CASES, {**values, "first": first, "last": last})
        say(f"  … {last:,} cases")


def _cells(catalogue: Catalogue) -> Iterator[Cell]:
    channels = [f"{channel} {level}" for channel in ("online", "counter", "post") for level in ("full", "partial", "-")]
    outcomes = [f"{outcome} {paid} true" for outcome in ("approved", "rejected") for paid in ("true", "false", "-")]
    yield from _case("one-stop", "dossier", channels, outcomes, 1)
    yield from (("one-stop", "payment.made", gateway, 1) for gateway in ("national", "local"))
    fields = [
        f"field-{n} {level} {eligible}"
        for n in range(20)
        for level in ("full", "partial")
        for eligible in ("true", "false")
    ]
    yield from (("one-stop", "procedure.standing", dimensions, 0.0002) for dimensions in fields)
    yield from (
        ("e-office", name, dimensions, 1)
        for name, dimensions in (
            ("signature.used", ""),
            ("workfile.processed", "true"),
            ("workfile.processed", "false"),
        )
    )
    yield from (("e-office", "officer.standing", rank, 0.01) for rank in ("leader", "official", "civil_servant"))
    yield from (("telecom", "station.standing", f"{name} 5g", 0.005) for name in ("viettel", "vnpt", "mobifone"))
    yield from _case("police-ops", "incident", [f"category-{n}" for n in range(6)], [""], 0.2)
    yield from _case("police-ops", "violation", ["traffic", "order", "environment"], ["fined", "warned"], 0.2)
    yield from _case("population", "credential", ["judicial_record", "health_record"], [""], 0.2)
    yield from (("population", "identity.authenticated", means, 0.5) for means in ("vneid", "chip"))
    yield from (("tourism", "service.used", f"service-{n}", 0.5) for n in range(6))
    for system in catalogue.systems.values():
        if "task.assigned" in system.events:
            yield from _case(system.id, "task", ["project", "pilot"], [""], 0.01)
            yield system.id, "task.progress", "", 0.01


def _case(system: str, kind: str, opened: Sequence[str], closed: Sequence[str], share: float) -> Iterator[Cell]:
    yield from ((system, f"{kind}.opened", dimensions, share) for dimensions in opened)
    yield from ((system, f"{kind}.closed", dimensions, share) for dimensions in closed)
    yield from ((system, f"{kind}.{part}", "", share) for part in _CASE_PARTS)
