"""One worker process: `python -m streams`. The command `opscentre worker` runs it under a supervisor."""

import gc
import logging
import os
import signal
import sys
import threading
import time

import faust
import psycopg

from core import logs
from core.catalogue import open_catalogue
from core.database import connect
from core.errors import OpsCentreError, OutdatedCatalogueError, UnavailableError
from core.kafka import admin, cluster_id, end_offsets
from core.settings import Settings, settings
from schemas.catalogue.model import Catalogue
from streams.app import build
from streams.fold.rulebook import Rulebook, load_rulebook
from streams.ingest.decoder import Decoder
from streams.ingest.records import Partition
from streams.sweep.timers import Timer, housekeeping_timer, sweep_timer
from streams.watchdog import Watchdog
from streams.write.writer import Writer

log = logging.getLogger("streams")

WRITERS = 2
"""Connections of a worker that write: while one waits for the database, the other computes."""

COLLECT_SECONDS = 20.0
"""Models make no cycles, so the collector would only cost; what Kafka's clients leave is collected now and then."""

_stopping = threading.Event()


class Worker(faust.Worker):  # type: ignore[misc]
    """Faust's worker, which also tells the writer to stop waiting for a database that is away, and keeps our log."""

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        _stopping.set()
        super()._schedule_shutdown(signal)

    def _setup_logging(self) -> None:
        """It is set up already; Faust would put its own in the place of ours."""


def main() -> None:
    """Run until SIGTERM or SIGINT (status 0), or until anything is in an unknown state (another status)."""
    logs.set_up()
    try:
        run(settings())
    except OpsCentreError as error:
        log.critical("%s", error)
        sys.exit(1)


def run(options: Settings) -> None:
    """Wait for the database and the topics, then stream."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # until Faust takes over, there is nothing to finish
    catalogue, rulebook = _wait_for_database(options)
    partitions = _partitions(options.kafka, [system.topic for system in catalogue.systems.values()])
    decoders = {system.topic: Decoder(system) for system in catalogue.systems.values() if system.topic in partitions}
    writers = [Writer(options.dsn, rulebook, give_up=_stopping.is_set) for _ in range(WRITERS)]
    app = build(options, partitions, decoders, writers)
    worker = Worker(app, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it is for terminals, and draws in a file, too
    topics = {system.topic: system.id for system in catalogue.systems.values()}
    Watchdog(options, app, partitions, topics).start()
    sweep_timer(options, topics).start()
    housekeeping_timer(options).start()
    sys.setswitchinterval(0.02)  # a thread gives way when it waits for the database; more often only costs
    gc.collect()
    gc.freeze()
    gc.disable()
    Timer("garbage collection", COLLECT_SECONDS, gc.collect).start()
    worker.execute_from_commandline()


def _wait_for_database(options: Settings) -> tuple[Catalogue, Rulebook]:
    """The catalogue, read anew until the database is at the same."""
    said = ""
    while True:
        catalogue = open_catalogue(options)
        try:
            with connect(options.dsn, "opscentre worker") as connection:
                return catalogue, load_rulebook(connection, catalogue)
        except (UnavailableError, OutdatedCatalogueError) as error:
            why = str(error)
        except psycopg.errors.UndefinedTable:
            why = "the database has no tables yet: run `opscentre migrate`"
        if why != said:
            log.warning("waiting: %s", said := why)
        time.sleep(1)


def _partitions(bootstrap: str, topics: list[str]) -> dict[str, Partition]:
    with admin(bootstrap) as client:
        cluster = cluster_id(client)
        found = end_offsets(client, topics)
    missing = sorted(set(topics) - found.keys())
    if missing:
        lacking = f"Kafka has no topic {', '.join(missing)}: run `opscentre migrate`"
        if not found:
            raise UnavailableError(lacking)
        log.warning("%s; the others are read meanwhile", lacking)
    return {name: Partition(cluster, topic.topic_id, name, 0) for name, topic in found.items()}


if __name__ == "__main__":
    main()
