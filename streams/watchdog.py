"""A plain thread that ends a worker which no longer moves. It asks Kafka and the database itself, on its own clock."""

import gc
import logging
import threading
import time

import psycopg

from core.database import connect
from core.errors import UnavailableError
from core.kafka import admin, end_offsets
from core.settings import Settings
from streams.app import App
from streams.ingest.records import Partition
from streams.pipeline import crash
from streams.sweep.housekeeping import keep_house, merge_months

HOUSEKEEPING_SECONDS = 3600.0
COLLECT_SECONDS = 20.0
"""Models make no cycles, so the collector would only cost; what Kafka's clients leave is collected now and then."""

log = logging.getLogger(__name__)


class Watchdog(threading.Thread):
    """Ends the process when there is lag but no progress, or when a topic was created anew under it."""

    def __init__(self, settings: Settings, app: App, partitions: dict[str, Partition]) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._settings = settings
        self._app = app
        self._partitions = partitions

    def run(self) -> None:
        """Look every few seconds, until the process ends."""
        interval = min(5.0, self._settings.watchdog_seconds / 4)
        tidied = -HOUSEKEEPING_SECONDS
        collected = time.monotonic()
        last: dict[tuple[str, int], int] = {}
        moved = time.monotonic()
        while True:
            time.sleep(interval)
            if time.monotonic() - collected > COLLECT_SECONDS:
                gc.collect()
                collected = time.monotonic()
            try:
                lag, stands = self._look()
                if time.monotonic() - tidied > HOUSEKEEPING_SECONDS:
                    tidied = time.monotonic()
                    with connect(self._settings.dsn, "opscentre housekeeping") as connection:
                        keep_house(connection, self._settings.raw_days)
                        merge_months(connection)
            except (UnavailableError, psycopg.OperationalError) as error:
                # Kafka or the database is away: no progress is nobody's fault, and a restart would not help.
                log.warning("the watchdog cannot see: %s", str(error).splitlines()[0])
                moved = time.monotonic()
                continue
            except Exception as error:
                log.exception("the watchdog")
                crash(f"nobody watches it any more: {error}")
            if stands != last or lag == 0:
                last, moved = stands, time.monotonic()
            elif time.monotonic() - moved > self._settings.watchdog_seconds:
                crash(f"{lag} records wait, and none was written for {self._settings.watchdog_seconds:.0f} s")

    def _look(self) -> tuple[int, dict[tuple[str, int], int]]:
        """Records that wait in this worker's partitions (in all, where it has none), and where those stand."""
        with admin(self._settings.kafka) as client:
            found = end_offsets(client, self._partitions)
        for name, partition in self._partitions.items():
            if name not in found or found[name].topic_id != partition.topic_id:
                crash(f"topic {name} was deleted or created anew")
        ends = {(name, number): end for name, place in found.items() for number, end in place.ends.items()}
        with connect(self._settings.dsn, "opscentre watchdog") as connection:
            rows = connection.execute(
                "SELECT topic, topic_id, partition, next_offset FROM partition_offsets"
            ).fetchall()
        stands = {
            (topic, number): offset
            for topic, topic_id, number, offset in rows
            if topic in self._partitions and self._partitions[topic].topic_id == topic_id
        }
        mine = self._app.assigned or set(ends)
        lag = sum(ends.get(key, 0) - stands.get(key, 0) for key in mine)
        return lag, {key: stands.get(key, 0) for key in mine}
