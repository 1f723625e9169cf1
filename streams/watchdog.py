"""A plain thread that ends a worker which no longer moves. It asks Kafka and the database itself, on its own clock."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping

import psycopg

from core.database import connect
from core.errors import UnavailableError, first_line
from core.kafka import TopicEnds, admin, end_offsets
from core.offsets import lags, next_offsets, set_aside
from core.settings import Settings
from streams.app import App
from streams.ingest.records import Partition
from streams.pipeline import crash, restart

log = logging.getLogger(__name__)


def replaced_topic(partitions: Mapping[str, Partition], topics: Mapping[str, TopicEnds]) -> str | None:
    """The first topic of a worker that Kafka no longer has as the worker knows it: deleted, or created anew."""
    for name, partition in partitions.items():
        if name not in topics or topics[name].topic_id != partition.topic_id:
            return name
    return None


class ProgressCheck:
    """Tells a worker that is stuck from one that is idle, busy, or cannot be seen."""

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`patience` is how many seconds of `clock` there may be lag without progress, counted from now."""
        self._patience = patience
        self._clock = clock
        self._offsets: Mapping[tuple[str, int], int] = {}
        self._moved_at = clock()

    def stuck(self, lag: int, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Whether records have waited for too long and none was written, as of this look.

        Args:
            lag: records that wait now.
            offsets: (topic, partition) → the offset to go on from. Another set of partitions is progress, too: a
                worker that was just given some needs its time.
        """
        now = self._clock()
        if lag == 0 or offsets != self._offsets:
            self._offsets, self._moved_at = offsets, now
        return now - self._moved_at > self._patience

    def unseen(self) -> None:
        """Nobody could look, for Kafka or the database is away: nobody's fault, and a restart would not help."""
        self._moved_at = self._clock()


class Watchdog(threading.Thread):
    """Ends the process when there is lag but no progress, or when a topic was created anew under it."""

    def __init__(
        self, settings: Settings, app: App, partitions: Mapping[str, Partition], topics: Collection[str]
    ) -> None:
        """`partitions`, with any number, are by topic; `topics` are all that are to be read, once they are there."""
        super().__init__(name="watchdog", daemon=True)
        self._settings = settings
        self._app = app
        self._partitions = partitions
        self._topics = topics
        self._replaced: str | None = None

    def run(self) -> None:
        """Look every few seconds, until the process ends."""
        patience = self._settings.watchdog_seconds
        check = ProgressCheck(patience)
        while True:
            time.sleep(min(5.0, patience / 4))
            try:
                lag, offsets = self._look()
            except (UnavailableError, psycopg.OperationalError) as error:
                log.warning("watchdog: Kafka or database unreachable: %s", first_line(error))
                check.unseen()
            except Exception as error:
                log.exception("the watchdog")
                crash(f"nobody watches it any more: {error}")
            else:
                if check.stuck(lag, offsets):
                    crash(f"{lag} records wait, and none was written for {patience:.0f} s")

    def _look(self) -> tuple[int, dict[tuple[str, int], int]]:
        """Records that wait in this worker's partitions (in all, where it has none), and where those stand."""
        with admin(self._settings.kafka) as client:
            topics = end_offsets(client, self._topics)
        if new := sorted(topics.keys() - self._partitions.keys()):
            restart(f"topic {', '.join(new)} was created")
        topics = {name: topic for name, topic in topics.items() if name in self._partitions}
        replaced = replaced_topic(self._partitions, topics)
        if replaced is not None and replaced == self._replaced:
            crash(f"topic {replaced} was deleted or created anew")
        self._replaced = replaced  # twice in a row, for once may be a broker that is about to know
        with connect(self._settings.dsn, "opscentre watchdog") as connection:
            offsets, aside = next_offsets(connection), set_aside(connection)
        waiting = {
            (name, number): lag
            for (name, number), lag in lags(topics, offsets).items()
            if (topics[name].topic_id, number) not in aside  # said elsewhere; nobody moves it
        }
        mine = self._app.assigned or waiting.keys()
        stands = {(name, number): offsets.get((topics[name].topic_id, number), 0) for name, number in mine}
        return sum(waiting.get(key, 0) for key in mine), stands
