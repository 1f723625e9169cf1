"""Random schedules of what can go wrong, under load; in the end everything is exact. `python -m tests.torture --help`.

A schedule follows from its seed: SIGKILL, SIGSTOP and restart of workers, broker and database, connections cut, a
database that refuses, and a broker's data put back to an older copy, after which its producers publish once more what
they had sent since, as the runbook says.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

import psycopg

from core.database import migrate
from core.kafka import admin, create_topics, end_offsets, topics
from core.settings import Settings
from opscentre.devservices.kafka import SHORT_LIVED, Kafka
from opscentre.devservices.ports import free_port
from opscentre.devservices.timescaledb import TimescaleDB
from opscentre.reports.partitions import listed, reread
from schemas.catalogue.load import load_catalogue
from streams.recount.rebuild import apply_catalogue
from tests.workers import Workers, assert_exact, mixed, publish

CATALOGUE = load_catalogue()
TOPICS = [system.topic for system in CATALOGUE.systems.values()]


PUT_BACK = "the broker's data are put back"


class Result(NamedTuple):
    """What a schedule came to."""

    seed: int
    events: int
    done: list[str]
    seconds: float


class Torture:
    """One installation under load, and what is done to it."""

    def __init__(self, random: Random, kafka: Kafka, database: TimescaleDB, workers: Workers, folder: Path) -> None:
        self._random = random
        self._kafka = kafka
        self._database = database
        self._workers = workers
        self._log = folder / "kafka" / "log"
        self._copy = folder / "copy"
        self._copied_at: int | None = None
        self.published = 0
        self._actions: Mapping[str, Callable[[], None]] = {
            "a worker is killed": self._kill_worker,
            "a worker stands still": self._stop_worker,
            "a worker is told to end": self._end_worker,
            "connections are cut": self._cut,
            "the database refuses": self._refuse,
            "the database restarts": self._restart_database,
            "the database is killed": self._kill_database,
            "the broker restarts": self._restart_broker,
            "the broker is killed": self._kill_broker,
            "the broker's data are copied": self._copy_broker,
            PUT_BACK: self._restore_broker,
        }

    def act(self) -> str:
        """Do something that is possible now, and say what."""
        names = [name for name in self._actions if name != PUT_BACK]
        if self._copied_at is not None:
            names += [PUT_BACK] * len(names)  # else it would hardly ever come
        name = self._random.choice(names)
        self._actions[name]()
        return name

    def load(self, number: int) -> None:
        """Publish so many more events, some of them twice."""
        first = max(0, self.published - self._random.randrange(200))
        publish(self._kafka.bootstrap, mixed(self.published + number - first, first))
        self.published += number

    def repair(self) -> None:
        """What the runbook says: partitions that were set aside are read anew."""
        with admin(self._kafka.bootstrap) as client:
            ends = end_offsets(client, TOPICS)
        with psycopg.connect(self._workers.settings.dsn) as connection:
            for row in listed(connection, ends):
                if row["set_aside"]:
                    reread(connection, row["topic"], row["partition"], ends[row["topic"]].topic_id)

    def _pids(self) -> list[int]:
        return [worker.child for worker in self._workers.started if worker.status is None and worker.child is not None]

    def _kill_worker(self) -> None:
        if pids := self._pids():
            os.kill(self._random.choice(pids), signal.SIGKILL)

    def _stop_worker(self) -> None:
        if pids := self._pids():
            pid = self._random.choice(pids)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self._random.uniform(0.2, 4))
            os.kill(pid, signal.SIGCONT)

    def _end_worker(self) -> None:
        if pids := self._pids():
            os.kill(self._random.choice(pids), signal.SIGTERM)

    def _cut(self) -> None:
        with psycopg.connect(self._database.dsn(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND application_name LIKE 'opscentre%'"
            )

    def _refuse(self) -> None:
        self._database.refuse_connections()
        time.sleep(self._random.uniform(0.2, 3))
        self._database.accept_connections()

    def _restart_database(self) -> None:
        self._database.stop()
        self._database.start(_silent)

    def _kill_database(self) -> None:
        self._database.kill()
        self._database.start(_silent)

    def _restart_broker(self) -> None:
        self._kafka.stop()
        self._kafka.start(_silent)

    def _kill_broker(self) -> None:
        self._kafka.kill()
        self._kafka.start(_silent)

    def _copy_broker(self) -> None:
        self._kafka.stop()
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self._log, self._copy)
        self._copied_at = self.published
        self._kafka.start(_silent)

    def _restore_broker(self) -> None:
        assert self._copied_at is not None
        self._kafka.stop()
        shutil.rmtree(self._log)
        shutil.copytree(self._copy, self._log)
        self._kafka.start(_silent)
        since = range(self._copied_at, self.published)
        # Their producers send it once more, in whatever order, with new events among it.
        again = list(mixed(len(since), since.start))
        self._random.shuffle(again)
        publish(self._kafka.bootstrap, again)
        self._copied_at = None


def torture(seed: int, kafka: Kafka, database: TimescaleDB, folder: Path, events: int = 20_000) -> Result:
    """Run the schedule of a seed on these servers, which hold nothing yet; an AssertionError says what is not exact."""
    random, began = Random(seed), time.monotonic()
    migrate(database.dsn())
    apply_catalogue(database.dsn(), CATALOGUE)
    create_topics(kafka.bootstrap, topics(CATALOGUE))
    settings = Settings(
        kafka=kafka.bootstrap,
        dsn=database.dsn(),
        group=f"torture-{seed}",
        data=folder / "data",
        watchdog_seconds=60,
        stop_seconds=5,
    )
    done = []
    with Workers(settings, lambda one: {**os.environ, **one.environment()}, folder) as workers:
        for _ in range(2):
            workers.supervise()
        run = Torture(random, kafka, database, workers, folder)
        rounds = random.randrange(4, 9)
        for _ in range(rounds):
            run.load(events // rounds)
            time.sleep(random.uniform(0, 2))
            done.append(run.act())
        run.load(500)

        def counted() -> bool:
            run.repair()
            with psycopg.connect(settings.dsn) as connection:
                rows = connection.execute("SELECT count(*) FROM events").fetchone()
                with admin(kafka.bootstrap) as client:
                    places = listed(connection, end_offsets(client, TOPICS))
            behind = any(place["lag"] or place["set_aside"] for place in places)
            return rows == (run.published,) and not behind

        workers.wait(counted, f"{run.published} events are counted; done: {done}", 180, 1)
    assert_exact(settings.dsn, run.published)
    return Result(seed, run.published, done, time.monotonic() - began)


def _silent(_: str) -> None:
    pass


def main() -> None:
    """Run schedules one after the other, each on servers of its own; status 1 if any was not exact."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many schedules (5)")
    parser.add_argument("--first", type=int, default=1, help="seed of the first (1)")
    parser.add_argument("--events", type=int, default=20_000, help="events a schedule (20,000)")
    options = parser.parse_args()
    cache = Path(os.environ.get("OPSCENTRE_CACHE", "~/.cache/opscentre")).expanduser()
    failed = []
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory(prefix="torture-") as name:
            folder = Path(name)
            kafka = Kafka(folder / "kafka", free_port(), cache, jvm=SHORT_LIVED)
            database = TimescaleDB(folder / "timescaledb", free_port(), cache)
            try:
                for part in (kafka, database):
                    part.install(_silent)
                    part.start(_silent)
                result = torture(seed, kafka, database, folder, options.events)
                print(f"seed {seed}: exact, {result.events:,} events, {result.seconds:.0f} s: {'; '.join(result.done)}")
            except AssertionError as error:
                failed.append(seed)
                print(f"seed {seed}: NOT EXACT: {error}")
            finally:
                kafka.kill()
                database.kill()
        sys.stdout.flush()
    print(f"{options.seeds - len(failed)} of {options.seeds} exact" + (f"; not: {failed}" if failed else ""))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
