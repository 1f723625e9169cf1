"""What a worker does by the clock and not by events: the sweep for missed deadlines, on a thread of its own."""

import logging
import threading
import time
from collections.abc import Mapping

import psycopg

from core.errors import UnavailableError
from core.settings import Settings
from streams.sweep.deadlines import sweep

log = logging.getLogger(__name__)


class SweepTimer(threading.Thread):
    """Sweeps every so many seconds. Every worker has one; of those that meet, one sweeps.

    Whatever goes wrong is said and tried again: counting must not stop because nobody can be told of a deadline.
    The table `sweeps` shows when each system was last swept.
    """

    def __init__(self, options: Settings, topics: Mapping[str, str]) -> None:
        """`topics`: topic → id of the system that writes to it."""
        super().__init__(name="sweep", daemon=True)
        self._options = options
        self._topics = topics

    def run(self) -> None:
        """Sweep until the process ends."""
        while True:
            try:
                found = sweep(self._options.dsn, self._options.kafka, self._topics, self._options.decide_days)
                if found:
                    log.info("%d deadlines were missed", found)
            except (UnavailableError, psycopg.OperationalError) as error:
                log.warning("no sweep for missed deadlines now: %s", str(error).splitlines()[0])
            except Exception:
                log.exception("the sweep for missed deadlines failed; it is tried again")
            time.sleep(self._options.sweep_seconds)
