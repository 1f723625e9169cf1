"""From the producer's acknowledgement to the committed counter."""

import statistics
import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from kafka import KafkaProducer

from core.publisher import encode
from core.settings import Settings
from opscentre.bench.load import dossier
from opscentre.devservices.process import Process

RATE = 1000
WARM_UP = 2.0
"""Seconds at the beginning that do not count: joining the group, first plans."""


def measure(settings: Settings, agencies: Sequence[str], seconds: int, process: Process) -> dict[str, Any]:
    """Publish a thousand events a second; return their number and the percentiles of the delay in milliseconds.

    Args:
        settings: where Kafka and the database are.
        agencies: codes of those whose dossiers are published.
        seconds: that count, after WARM_UP.
        process: the worker.

    Raises:
        DevServiceError: it has ended, or has not counted everything after a minute.
    """
    acknowledged: list[tuple[int, int, float]] = []
    seen: dict[int, list[tuple[int, float]]] = {}
    stopped = threading.Event()
    watcher = threading.Thread(target=_watch, args=(settings.dsn, seen, stopped))
    watcher.start()
    try:
        producer = KafkaProducer(bootstrap_servers=settings.kafka, linger_ms=2, acks="all")
        _publish(producer, agencies, 1, acknowledged)  # the worker has joined when this one is counted
        producer.flush()
        process.require(lambda: _counted(seen, acknowledged) == len(acknowledged), 60)
        begin = time.monotonic() + WARM_UP
        _publish(producer, agencies, int((seconds + WARM_UP) * RATE), acknowledged)
        producer.flush()
        process.require(lambda: _counted(seen, acknowledged) == len(acknowledged), 60)
        producer.close()
    finally:
        stopped.set()
        watcher.join()
    delays = sorted(_delay(seen, *one) * 1000 for one in acknowledged if one[2] >= begin)
    percentiles = statistics.quantiles(delays, n=100)
    return {"events": len(delays), **{f"p{p}": round(percentiles[p - 1], 1) for p in (50, 95, 99)}}


def _publish(
    producer: KafkaProducer, agencies: Sequence[str], count: int, acknowledged: list[tuple[int, int, float]]
) -> None:
    begin = time.monotonic()

    def note(metadata: Any) -> None:
        acknowledged.append((metadata.partition, metadata.offset, time.monotonic()))

    for number in range(count):
        ahead = begin + number / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        event = dossier("received", number + 1_000_000 * (count > 1), datetime.now(UTC), agencies)
        future = producer.send("events.one-stop", key=event["subject"].encode(), value=encode(event))
        future.add_callback(note)


def _watch(dsn: str, seen: dict[int, list[tuple[int, float]]], stopped: threading.Event) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not stopped.wait(0.004):
            rows = connection.execute(
                "SELECT partition, next_offset FROM partition_offsets WHERE topic = 'events.one-stop'"
            )
            now = time.monotonic()
            for partition, offset in rows:
                history = seen.setdefault(partition, [])
                if not history or history[-1][0] != offset:
                    history.append((offset, now))


def _counted(seen: dict[int, list[tuple[int, float]]], acknowledged: list[tuple[int, int, float]]) -> int:
    return sum(bool(seen.get(p)) and seen[p][-1][0] > offset for p, offset, _ in acknowledged)


def _delay(seen: dict[int, list[tuple[int, float]]], partition: int, offset: int, acknowledged: float) -> float:
    history = seen[partition]
    return max(0.0, history[bisect_right(history, offset, key=lambda point: point[0])][1] - acknowledged)
