"""`opscentre bench`: throughput, latency and memory, all from one run, beside a plain Faust agent and the bound."""

import os
import platform
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import migrate
from core.kafka import admin, create_topics, topics
from core.progress import ProgressCallback
from core.publisher import Publisher
from core.settings import Settings
from opscentre.bench.latency import measure as measure_latency
from opscentre.bench.load import realistic, worst
from opscentre.devservices.kafka import Kafka
from opscentre.devservices.ports import free_port
from opscentre.devservices.process import Process, children, wait_until
from opscentre.devservices.timescaledb import TimescaleDB
from opscentre.supervisor import worker_processes
from schemas.catalogue.load import Catalogue
from streams.recount.rebuild import apply_catalogue

WAYS = {
    "opscentre": [sys.executable, "-m", "opscentre", "worker"],
    "one_process": [sys.executable, "-m", "streams"],
    "plain_faust": [sys.executable, "-m", "opscentre.bench.readers", "plain"],
    "bound": [sys.executable, "-m", "opscentre.bench.readers", "bound"],
}
"""How to read the same topics: this project's worker, with its processes or as one; the same writer behind a plain
Faust agent; and aiokafka fetching plus archiving and deduplicating, nothing else."""

REBALANCE_DELAY_MS = 3000
"""Kafka's default: a worker's processes begin together, so that none is measured alone."""

TIMEOUT_SECONDS = 600.0
"""Seconds that one measurement may take."""


def bench(options: Settings, events: int, seconds: int, say: ProgressCallback) -> dict[str, Any]:
    """Run every measurement on servers of its own, which are removed afterwards; return the report.

    Args:
        options: where the catalogue and the cache are, and how many processes a worker has.
        events: published of each load.
        seconds: for which latency is measured.
        say: told how far it is.

    Raises:
        DevServiceError: a server or a reader cannot be started, or does not get through in TIMEOUT_SECONDS.
    """
    catalogue = open_catalogue(options)
    agencies = sorted(catalogue.systems["one-stop"].agencies)
    report: dict[str, Any] = {
        "events": events,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "processes": worker_processes(options),
    }
    with _servers(options, say) as (kafka, database):
        for load, make in (("worst", worst), ("realistic", realistic)):
            create_topics(kafka.bootstrap, topics(catalogue))
            say(f"{load}: publishing {events:,} events")
            with Publisher(kafka.bootstrap) as publisher:
                for event in make(events, agencies):
                    publisher.send(event)
            report[load] = {}
            for way in WAYS:
                report[load][way] = _throughput(options, kafka, database, way, events)
                say(f"{load}: {way} {report[load][way]['events_per_second']:,} events/s")
            _delete_topics(kafka, catalogue)
        create_topics(kafka.bootstrap, topics(catalogue))
        say(f"latency at 1,000 events a second, for {seconds} s")
        with _running(options, kafka, database, "opscentre") as (own, process):
            report["latency"] = measure_latency(own, agencies, seconds, process)
    for load in ("worst", "realistic"):
        figures = report[load]
        for way in ("opscentre", "one_process"):
            speed = figures[way]["events_per_second"]
            figures[way]["times_plain_faust"] = round(speed / figures["plain_faust"]["events_per_second"], 2)
            figures[way]["share_of_bound"] = round(speed / figures["bound"]["events_per_second"], 2)
    return report


@contextmanager
def _servers(options: Settings, say: ProgressCallback) -> Iterator[tuple[Kafka, TimescaleDB]]:
    cache = options.cache.expanduser()
    with tempfile.TemporaryDirectory(prefix="opscentre-bench-") as folder:
        kafka = Kafka(Path(folder) / "kafka", free_port(), cache, REBALANCE_DELAY_MS)
        database = TimescaleDB(Path(folder) / "timescaledb", free_port(), cache)
        try:
            for part in (kafka, database):
                part.install(say)
                part.start(say)
            yield kafka, database
        finally:
            kafka.kill()
            database.kill()


def _delete_topics(kafka: Kafka, catalogue: Catalogue) -> None:
    with admin(kafka.bootstrap) as client:
        client.delete_topics([topic.name for topic in topics(catalogue)])


@contextmanager
def _running(options: Settings, kafka: Kafka, database: TimescaleDB, way: str) -> Iterator[tuple[Settings, Process]]:
    """A reader on a fresh database."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(database.dsn(name))
    apply_catalogue(database.dsn(name), open_catalogue(options))
    with tempfile.TemporaryDirectory(prefix="opscentre-bench-") as folder:
        changed = {"kafka": kafka.bootstrap, "dsn": database.dsn(name), "group": name, "data": Path(folder)}
        own = options.model_copy(update=changed)
        process = Process(way, Path(folder))
        process.start(WAYS[way], own.environment())
        try:
            yield own, process
        finally:
            process.kill()


def _throughput(options: Settings, kafka: Kafka, database: TimescaleDB, way: str, events: int) -> dict[str, Any]:
    """Events a second from the first batch committed to the last, and the peak memory of the reader."""
    with (
        _running(options, kafka, database, way) as (own, process),
        psycopg.connect(own.dsn, autocommit=True) as connection,
    ):
        samples: list[tuple[float, int]] = []

        def done() -> bool:
            row = connection.execute("SELECT sum(events)::bigint FROM partition_offsets").fetchone()
            assert row is not None
            if row[0] and (not samples or row[0] > samples[-1][1]):
                samples.append((time.monotonic(), row[0]))
            return process.pid is None or bool(row[0] and row[0] >= events)

        wait_until(done, TIMEOUT_SECONDS, 0.02)
        process.require(lambda: bool(samples) and samples[-1][1] >= events, 0)
        (first, before), (last, after) = samples[0], samples[-1]
        return {"events_per_second": round((after - before) / (last - first)), "peak_memory_mb": peak_memory(process)}


def peak_memory(process: Process) -> int:
    """Peak resident memory of a process, or of the largest of those that it supervises, in MB."""
    pid = process.pid
    return max(map(_peak, [pid, *children(pid)])) // 1024 if pid is not None else 0


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def bench_table(report: dict[str, Any]) -> Table:
    """The report for people."""
    table = Table(title=f"{report['events']:,} events on {report['cores']} cores, Python {report['python']}")
    table.add_column("measured")
    for load in ("every event another case", "ten events a case"):
        table.add_column(load, justify="right")
    loads = (report["worst"], report["realistic"])
    names = {
        "opscentre": f"opscentre worker, its {report['processes']} processes together",
        "one_process": "one process alone",
        "plain_faust": "the same writer behind a plain Faust agent",
        "bound": "bound: aiokafka, archive, deduplicate",
    }
    for way, name in names.items():
        table.add_row(f"{name}, events/s", *(f"{load[way]['events_per_second']:,}" for load in loads))
    for way, name in (("opscentre", "worker"), ("one_process", "one process")):
        table.add_row(f"{name}: times the plain agent", *(f"{load[way]['times_plain_faust']:.1f} ×" for load in loads))
        table.add_row(f"{name}: share of the bound", *(f"{load[way]['share_of_bound']:.2f}" for load in loads))
    table.add_row("peak memory of a process, MB", *(f"{load['opscentre']['peak_memory_mb']:,}" for load in loads))
    latency = report["latency"]
    for name in ("p50", "p95", "p99"):
        table.add_row(f"acknowledged → counted at 1,000/s, {name}, ms", f"{latency[name]:,}", "")
    return table
