"""`opscentre bench --queries`: how long the screens' queries take on the tables of a province with years behind it."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import migrate
from core.progress import ProgressCallback
from core.settings import Settings
from dashboards.check import SLOW_MS, check
from dashboards.model import Screen
from dashboards.screens import screens
from opscentre.bench.history import make_history
from opscentre.devservices.ports import free_port
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.catalogue.model import Catalogue
from streams.recount.rebuild import apply_catalogue

REPETITIONS = 10
CHOICES = 4
"""Of each choice the first so many values: the province and three agencies."""


def bench_queries(options: Settings, cases: int, days: int, say: ProgressCallback) -> dict[str, Any]:
    """Measure every query on a database server of its own, which is removed afterwards.

    Args:
        options: where the catalogue and the cache are.
        cases: dossiers.
        days: days of history.
        say: what is told meanwhile.
    """
    catalogue = open_catalogue(options)
    with tempfile.TemporaryDirectory(prefix="opscentre-bench-") as folder:
        server = TimescaleDB(Path(folder) / "timescaledb", free_port(), options.cache.expanduser())
        try:
            server.install(say)
            server.start(say)
            migrate(server.dsn())
            apply_catalogue(server.dsn(), catalogue)
            with psycopg.connect(server.dsn(), autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
                make_history(connection, catalogue, cases, days, say)
                say("measuring every query")
                every = list(screens(catalogue, options.language).values())
                return report_of(connection, indicator_queries(catalogue), every, cases, days)
        finally:
            server.kill()


def indicator_queries(catalogue: Catalogue) -> dict[str, str]:
    """What screens ask of the indicators: of each the running period and the province's last months, and targets."""
    found = {"indicator_status": "SELECT * FROM indicators.indicator_status"}
    for one in catalogue.indicators.values():
        running = f"period = '{one.file.period}' AND ends = indicators.today()"
        months = f"period = 'month' AND agency = '{catalogue.province.code}' AND dimensions = ''"
        found[f"{one.id}, now"] = f'SELECT * FROM indicators."{one.id}" WHERE {running}'  # noqa: S608 - of the catalogue
        found[f"{one.id}, 24 months"] = f'SELECT * FROM indicators."{one.id}" WHERE {months}'  # noqa: S608
    return found


def report_of(
    connection: psycopg.Connection, queries: Mapping[str, str], every: Sequence[Screen], cases: int, days: int
) -> dict[str, Any]:
    """Each query's milliseconds, those of indicators and those of every panel, and the rows of the tables."""
    taken: dict[str, list[float]] = {}
    rows: dict[str, int] = {}
    for _ in range(REPETITIONS):
        for name, milliseconds, found in (*_asked(connection, queries), *_shown(connection, every)):
            taken.setdefault(name, []).append(milliseconds)
            rows[name] = found
    measured = {
        name: {"ms": round(median(times), 1), "p95": round(quantiles(times, n=20)[-1], 1), "rows": rows[name]}
        for name, times in taken.items()
    }
    return {"cases": cases, "days": days, "rows": _rows(connection), "queries": measured}


def _asked(connection: psycopg.Connection, queries: Mapping[str, str]) -> Iterator[tuple[str, float, int]]:
    for name, query in queries.items():
        began = time.perf_counter()
        rows = len(connection.execute(query.encode()).fetchall())
        yield name, 1000 * (time.perf_counter() - began), rows


def _shown(connection: psycopg.Connection, every: Sequence[Screen]) -> Iterator[tuple[str, float, int]]:
    for one in check(connection, every, CHOICES):
        yield (
            f"{one.screen}, {one.panel} ({one.choice})" if one.choice else f"{one.screen}, {one.panel}",
            one.milliseconds,
            one.rows,
        )


def _rows(connection: psycopg.Connection) -> dict[str, int]:
    found = connection.execute(
        "SELECT relname, reltuples::bigint FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind = 'r' AND reltuples > 0 ORDER BY 1"
    )
    return dict(found.fetchall())


def queries_table(report: dict[str, Any]) -> Table:
    """The report for people, the slowest first."""
    rows = ", ".join(f"{number:,} {table}" for table, number in report["rows"].items())
    table = Table(title=f"{REPETITIONS} times each, on generated tables of {report['days']:,} days: {rows}")
    table.add_column("query")
    for heading in ("median ms", "p95 ms", "rows", ""):
        table.add_column(heading, justify="right")
    for name, found in sorted(report["queries"].items(), key=lambda one: -one[1]["p95"]):
        slow = f"over {SLOW_MS:.0f} ms" if found["p95"] > SLOW_MS else ""
        table.add_row(name, f"{found['ms']:,.1f}", f"{found['p95']:,.1f}", f"{found['rows']:,}", slow)
    return table
