"""`opscentre bench --screens`: what open pages cost the database, one viewer's beside three hundred's."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import migrate, scalar
from core.progress import ProgressCallback
from core.readers import make_reader
from core.settings import Settings
from opscentre.bench import peak_memory
from opscentre.bench.history import make_history
from opscentre.devservices.ports import free_port, listens
from opscentre.devservices.process import Process
from opscentre.devservices.timescaledb import TimescaleDB
from streams.recount.rebuild import apply_catalogue

VIEWERS = 300
SCREEN = "wall"

_ASKED = "SELECT sum(xact_commit)::bigint FROM pg_stat_database WHERE datname = current_database()"
_BEGIN = (
    "INSERT INTO partition_offsets (cluster, topic_id, partition, topic) VALUES ('bench', 'bench', 0, 'events.bench')"
)
_COUNT = (
    "UPDATE partition_offsets SET updated_at = clock_timestamp(), next_offset = next_offset + 1, events = events + 1"
)


def bench_screens(options: Settings, cases: int, days: int, seconds: int, say: ProgressCallback) -> dict[str, Any]:
    """Open the wall once, then many times, while something is counted every second; on servers of its own.

    Args:
        options: where the catalogue and the cache are.
        cases: dossiers.
        days: days of history.
        seconds: for which each number of viewers is measured.
        say: what is told meanwhile.
    """
    catalogue = open_catalogue(options)
    with tempfile.TemporaryDirectory(prefix="opscentre-bench-") as folder:
        server = TimescaleDB(Path(folder) / "timescaledb", free_port(), options.cache.expanduser())
        own = options.model_copy(
            update={"dsn": server.dsn(), "web": f"http://127.0.0.1:{free_port()}", "reader_dsn": ""}
        )
        pages = Process("web", Path(folder))
        try:
            server.install(say)
            server.start(say)
            migrate(own.dsn)
            make_reader(own)
            apply_catalogue(own.dsn, catalogue)
            with psycopg.connect(own.dsn, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
                make_history(connection, catalogue, cases, days, say)
                connection.execute(_BEGIN)
                pages.start([sys.executable, "-m", "opscentre", "web"], own.environment())
                port = urlsplit(own.web).port or 0
                pages.require(lambda: listens(port), 60)
                found = {}
                for viewers in (1, VIEWERS):
                    say(f"{viewers} viewers for {seconds} s")
                    found[str(viewers)] = asyncio.run(_measure(connection, port, viewers, seconds))
                return {"screen": SCREEN, "seconds": seconds, "viewers": found, "peak_memory_mb": peak_memory(pages)}
        finally:
            pages.stop(10)
            server.kill()


async def _measure(connection: psycopg.Connection, port: int, viewers: int, seconds: int) -> dict[str, Any]:
    delays: list[float] = []
    counted = [0.0]
    reading = [asyncio.create_task(_view(port, counted, delays)) for _ in range(viewers)]
    try:
        await asyncio.sleep(3)  # every page is open, and has what there is
        delays.clear()
        before, begun = await asyncio.to_thread(scalar, connection, _ASKED), time.monotonic()
        for _ in range(seconds):
            counted[0] = time.monotonic()
            await asyncio.to_thread(connection.execute, _COUNT)
            await asyncio.sleep(1)
        await asyncio.sleep(1)  # the statistics of a moment ago have come in
        asked = await asyncio.to_thread(scalar, connection, _ASKED) - before
        elapsed = time.monotonic() - begun
    finally:
        for one in reading:
            one.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    p95 = round(1000 * statistics.quantiles(delays, n=20)[-1]) if len(delays) > 1 else None
    return {"queries_per_second": round(asked / elapsed, 1), "refreshes": len(delays), "p95_ms": p95}


async def _view(port: int, counted: list[float], delays: list[float]) -> None:
    """An open page: its stream, and how long after something was counted each new panel has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /vi/{SCREEN}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    try:
        async for _ in _panels(reader):
            delays.append(time.monotonic() - counted[0])  # noqa: PERF401 - one after the other, as they come
    finally:
        writer.close()


async def _panels(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    while part := await reader.read(65536):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if line.startswith(b"event: p"):
                yield line


def screens_table(report: dict[str, Any]) -> Table:
    """The report for people."""
    table = Table(title=f"the {report['screen']} open, something counted every second, {report['seconds']} s each")
    for heading in ("viewers", "transactions of the database a second", "panels sent", "p95 of a refresh, ms"):
        table.add_column(heading, justify="right")
    for viewers, found in report["viewers"].items():
        figures = (found["queries_per_second"], found["refreshes"], found["p95_ms"])
        table.add_row(viewers, *("—" if figure is None else f"{figure:,}" for figure in figures))
    table.caption = f"peak memory of the pages: {report['peak_memory_mb']} MB"
    return table
