"""Worker processes for tests: started, watched through the database, killed by their ids; always cleaned up."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from confluent_kafka import KafkaError, Message, Producer

from core.settings import Settings
from schemas.events.envelope import SOURCE_PREFIX
from streams.recount.compare import compare_all
from tests.forked import Forked
from tests.helpers import CATALOGUE, RULEBOOK

Raw = tuple[str, bytes | None, bytes | None] | tuple[str, bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Topic, key and value of a record, and perhaps headers."""


class Workers:
    """The workers of one test; on leaving, those that still run are killed."""

    def __init__(self, settings: Settings, environment: Callable[[Settings], dict[str, str]], folder: Path) -> None:
        self.settings = settings
        self._environment = environment(settings)
        self._folder = folder
        self.started: list[Forked] = []
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.started:
            worker.kill()
        if self._connection is not None:
            self._connection.close()

    def start(self, group: str | None = None) -> Forked:
        """One worker process, that ends when in doubt.

        In a group of its own it gets its partitions at once, where it would wait for the session of a worker that
        was killed in the same group to run out.
        """
        return self._start("streams", [], group)

    def notify(self) -> Forked:
        """A notifier process."""
        return self._start("consumers", [])

    def supervise(self, group: str | None = None) -> Forked:
        """A worker under its supervisor, which starts it again; `group` as for `start`."""
        return self._start("tests.supervised", [str(self.settings.stop_seconds)], group)

    def _start(self, name: str, arguments: list[str], group: str | None = None) -> Forked:
        environment = {**self._environment, **({"OPSCENTRE_GROUP": group} if group else {})}
        process = Forked(name, arguments, environment, self._folder / f"worker-{len(self.started)}.log")
        self.started.append(process)
        return process

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 60, interval: float = 0.1) -> None:
        """Wait until something is so; where it is not in time, fail with what the workers said."""
        deadline = time.monotonic() + seconds
        while not done():
            over = bool(self.started) and all(worker.status is not None for worker in self.started)
            if over or time.monotonic() > deadline:
                said = "\n\n".join(worker.log[-3000:] for worker in self.started)
                raise AssertionError(f"not within {seconds:.0f} s: {what}; progress {self.progress()}\n{said}")
            time.sleep(interval)

    def wait_progress(self, offset: int, seconds: float = 60) -> None:
        """Wait until the partitions' offsets in the database sum up to at least this."""
        self.wait(lambda: self.progress() >= offset, f"progress {offset}", seconds)

    def progress(self) -> int:
        """Sum of the partitions' offsets in the database; -1 while it does not answer."""
        for _ in range(2):  # the connection is kept, for a new one is dear; so it can be one to a server that is gone
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self.settings.dsn, connect_timeout=2, autocommit=True)
                row = self._connection.execute(
                    "SELECT coalesce(sum(next_offset), 0)::bigint FROM partition_offsets"
                ).fetchone()
            except psycopg.OperationalError:
                self._connection = None
            else:
                assert row is not None
                return int(row[0])
        return -1


def publish(bootstrap: str, records: Iterable[Raw], codec: str = "lz4") -> int:
    """Publish records as fast as can be; return how many, all of them on the broker's disk."""
    failed: list[KafkaError] = []

    def report(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": codec,
            "linger.ms": 20,
            "queue.buffering.max.messages": 1_000_000,
            "message.max.bytes": 2_090_000,
            "on_delivery": report,
        }
    )
    count = 0
    for topic, key, value, *headers in records:
        producer.produce(topic, value, key, headers=list(headers[0]) if headers else None)
        count += 1
        if count % 1000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0, "not all was delivered in time"
    assert not failed, f"{len(failed)} failed, the first: {failed[0]}"
    return count


def mixed(number: int, first: int = 0) -> Iterable[Raw]:
    """That many events, cheap to make, all different: half signatures, half dossiers received and processed."""
    for n in range(first, first + number):
        at = f"2025-0{n % 6 + 1}-{n % 28 + 1:02}T0{n % 10}:15:00+07:00"
        agency = f"H06.0{n % 5 + 1}"
        if n % 2:
            event, subject, topic, type_ = n, f"s-{n % 977}", "e-office", "signature.used"
            data = f'"officer":"o-{n % 300}"'
        else:
            case, step = divmod(n // 2, 2)
            event, subject, topic = n, f"d-{case}", "one-stop"
            agency = f"H06.0{case % 5 + 1}"
            type_ = "dossier.processed" if step else "dossier.received"
            data = '"outcome":"approved"' if step else '"procedure":"2.000815","channel":"online"'
        value = (
            f'{{"specversion":"1.0","source":"{SOURCE_PREFIX}{topic}","type":"vn.opscentre.{type_}.v1","id":"{event}",'
            f'"subject":"{subject}","time":"{at}","data":{{"agency":"{agency}",{data}}}}}'
        )
        yield f"events.{topic}", subject.encode(), value.encode()


def mismatches(dsn: str) -> list[object]:
    """What the live counters and indicators, and a recount from the archive, do not agree on."""
    with psycopg.connect(dsn) as connection:
        counters, indicators = compare_all(connection, RULEBOOK, CATALOGUE)
        return [*counters, *indicators]


def assert_exact(dsn: str, number: int, dead_letters: int = 0) -> None:
    """The archive holds exactly that many events, each once, and the counters agree with it."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM events), (SELECT count(DISTINCT (system, id, revision)) FROM events), "
            "(SELECT count(*) FROM dead_letters)"
        ).fetchone()
    assert row == (number, number, dead_letters)
    assert mismatches(dsn) == []
