"""What a worker does by the clock and not by events, each on a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

import psycopg

from core.database import connect
from core.errors import UnavailableError, first_line
from core.settings import Settings
from streams.sweep.deadlines import sweep
from streams.sweep.housekeeping import keep_house, merge_months

HOUSEKEEPING_SECONDS = 3600.0

log = logging.getLogger(__name__)


class Timer(threading.Thread):
    """Does something when it is started, and again every so many seconds until the process ends.

    Whatever goes wrong is said and tried again: counting must not stop because nobody can be told of a deadline, or
    because something is kept for longer than it should be.
    """

    def __init__(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        """`name` says in the log what is done; `seconds` are those between an end and the next beginning."""
        super().__init__(name=name, daemon=True)
        self._seconds = seconds
        self._work = work

    def run(self) -> None:
        """Work until the process ends."""
        while True:
            try:
                self._work()
            except (UnavailableError, psycopg.OperationalError) as error:
                log.warning("no %s now: %s", self.name, first_line(error))
            except Exception:
                log.exception("the %s failed; it is tried again", self.name)
            time.sleep(self._seconds)


def sweep_timer(options: Settings, topics: Mapping[str, str]) -> Timer:
    """Sweeps every `sweep_seconds`. Every worker has one; of those that meet, one sweeps.

    The table `sweeps` shows when each system was last swept.

    Args:
        options: where Kafka and the database are, and how often.
        topics: topic → id of the system that writes to it.
    """

    def work() -> None:
        if found := sweep(options.dsn, options.kafka, topics, options.decide_days):
            log.info("%d deadlines were missed", found)

    return Timer("sweep for missed deadlines", options.sweep_seconds, work)


def housekeeping_timer(options: Settings) -> Timer:
    """Keeps house every hour. Every worker has one; of those that meet, one does it."""

    def work() -> None:
        with connect(options.dsn, "opscentre housekeeping") as connection:
            keep_house(connection, options.raw_days)
            merge_months(connection)

    return Timer("housekeeping", HOUSEKEEPING_SECONDS, work)
