"""Commands that report: status, alerts, recount, bench."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import at_one_moment, connect
from core.errors import ConfigurationError
from core.settings import settings
from opscentre.bench import bench as run_bench
from opscentre.bench import bench_table
from opscentre.bench.queries import bench_queries, queries_table
from opscentre.bench.viewers import bench_screens, screens_table
from opscentre.cli.output import Json, console, print_json, say, warn
from opscentre.reports.alerts import alerts_report, alerts_table
from opscentre.reports.coverage import calendar_reach, coverage_report, coverage_warnings
from opscentre.reports.status import as_of as status_as_of
from opscentre.reports.status import current
from opscentre.reports.status_table import status_table
from schemas.timekeeping.moments import Calendar
from streams.fold.rulebook import load_rulebook
from streams.recount.archive import readings_as_of, totals_as_of
from streams.recount.compare import Mismatch, compare_all
from streams.recount.compare import repair as repair_counters
from streams.recount.indicators import Deviation


def status(
    as_of: Annotated[
        str | None, typer.Option(help="The end of this day, or this moment (local, or with an offset).")
    ] = None,
    json: Json = False,
) -> None:
    """What came in and what it adds up to, from the live counters; as it stood at a moment, from the events."""
    options = settings()
    catalogue, now = open_catalogue(options), datetime.now(UTC)
    with connect(options.dsn, "opscentre status") as connection:
        if as_of is None:
            names = [system.topic for system in catalogue.systems.values()]
            report = current(connection, options.kafka, names) | coverage_report(connection, catalogue, now)
        else:
            moment = _moment(as_of, Calendar(catalogue.zone))
            rules = load_rulebook(connection, catalogue).current
            at_one_moment(connection)
            values: dict[str, list[float]] = {}
            for entity, reading in readings_as_of(connection, moment).items():
                values.setdefault(entity.group, []).append(reading.detail[0])
            report = status_as_of(connection, moment, totals_as_of(connection, rules, moment), values)
    if json:
        print_json(report)
    else:
        console.print(status_table(report))
        if as_of is None:
            for line in [calendar_reach(catalogue, now).warning(), *coverage_warnings(report)]:
                warn(line)


def alerts(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    json: Json = False,
) -> None:
    """Missed deadlines: the newest, whether anybody was told, what became of them, and when each system was last swept.

    Not told are those that were settled, or overdue for more than a month, when the centre first saw them. An address
    that messages do not reach is named with its last error.
    """
    options = settings()
    with connect(options.dsn, "opscentre alerts") as connection:
        report = alerts_report(connection, limit)
    if json:
        print_json(report)
    else:
        console.print(alerts_table(report, open_catalogue(options)))


def recount(
    repair: Annotated[bool, typer.Option("--repair", help="Correct what differs; workers wait meanwhile.")] = False,
    json: Json = False,
) -> None:
    """Count all archived events once more; compare with the live counters and indicators. Status 2 if they differ.

    A repair corrects the counters; the indicators follow from them, and are compared by the next recount.
    """
    options = settings()
    catalogue = open_catalogue(options)
    indicators: list[Deviation] = []
    with connect(options.dsn, "opscentre recount") as connection:
        rulebook = load_rulebook(connection, catalogue)
        if repair:
            found = repair_counters(connection, rulebook)
        else:
            found, indicators = compare_all(connection, rulebook, catalogue)
    if json:
        differences = [one._asdict() for one in found]
        print_json(
            {"repaired": repair, "differences": differences, "indicators": [one._asdict() for one in indicators]}
        )
    else:
        what = "were corrected" if repair else "differ; `opscentre recount --repair` corrects them"
        _differences(Mismatch._fields, found, f"counters {what}")
        _differences(Deviation._fields, indicators, "values of indicators differ from the archive's")
        if not found and not indicators:
            say("no difference: every counter and indicator is what the archived events say")
    if (found or indicators) and not repair:
        raise typer.Exit(2)


def _differences(columns: Sequence[str], rows: Sequence[Sequence[object]], what: str) -> None:
    if rows:
        table = Table(*columns)
        for row in rows[:50]:
            table.add_row(*map(str, row))
        console.print(table)
        say(f"{len(rows)} {what}")


def bench(
    events: Annotated[int, typer.Option(min=1000, help="Events a measurement.")] = 100_000,
    seconds: Annotated[int, typer.Option(min=5, help="Seconds of the latency measurement at 1,000 a second.")] = 20,
    queries: Annotated[bool, typer.Option("--queries", help="Measure the screens' queries instead.")] = False,
    screens: Annotated[bool, typer.Option("--screens", help="Measure open pages instead, 300 beside one.")] = False,
    cases: Annotated[int, typer.Option(min=1000, help="Of the queries' tables: dossiers.")] = 1_000_000,
    days: Annotated[int, typer.Option(min=40, help="Of the queries' tables: days of history.")] = 1096,
    json: Json = False,
) -> None:
    """Measure throughput, latency and memory, beside a plain Faust agent and the bound of the parts below.

    Starts Kafka and TimescaleDB of its own for it (natively: see README), and removes them afterwards.

    With --queries: how long each query of the screens takes on three years of a province, as many rows as ten million
    events leave. The database makes these tables itself, in the shapes and numbers of real ones; their figures mean
    nothing. What takes longer than 50 ms, 19 times of 20, is marked.

    With --screens: on the same tables, what the wall costs the database and how soon it follows, for one viewer and for
    three hundred.
    """
    report: dict[str, Any]
    if queries:
        report, table = bench_queries(settings(), cases, days, say), queries_table
    elif screens:
        report, table = bench_screens(settings(), cases, days, seconds, say), screens_table
    else:
        report, table = run_bench(settings(), events, seconds, say), bench_table
    if json:
        print_json(report)
    else:
        console.print(table(report))


def _moment(text: str, calendar: Calendar) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--as-of {text}: give a moment such as 2025-06-30 or 2025-06-30T17:00:00+07:00"
        ) from None
    if len(text) == len("2025-06-30"):  # a day is meant as a whole
        moment += timedelta(days=1, microseconds=-1)
    return moment if moment.tzinfo else moment.replace(tzinfo=calendar.zone)


COMMANDS = (status, alerts, recount, bench)
