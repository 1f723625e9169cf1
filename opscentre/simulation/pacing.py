"""Publishing a simulation: what is past as fast as Kafka takes it, what is to come when it is due."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from opscentre.publishing.files import Sink
from opscentre.simulation.plan import SimulatedRecord

RECORDS_BETWEEN_REPORTS = 5000
MAX_SLEEP_SECONDS = 0.5
"""A stop is noticed within it."""
CHECKPOINT_SECONDS = 2.0
"""After so long there is a checkpoint, where publishing has to wait now and then anyway."""


class Journal(Protocol):
    """What keeps account of what is published: see `opscentre.simulation.runs.RunJournal`."""

    def add(self, record: SimulatedRecord) -> bool:
        """Take note of a record before it is handed over; True: it is time for a checkpoint after this one."""

    def checkpoint(self) -> None:
        """Take note that everything has arrived."""


def publish_when_due(
    records: Iterable[SimulatedRecord],
    sink: Sink,
    journal: Journal,
    *,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, float], None] = lambda count, at: None,
) -> int:
    """Publish records, each not before it is due, until there are no more or `stopped()`; returns how many.

    Args:
        records: in the order of `at`, as `simulate` gives them.
        sink: where to.
        journal: takes note of everything that is handed over, and of when all of it has arrived.
        now: the wall clock, in seconds since 1970.
        sleep: waits so many seconds.
        stopped: asked before every wait and with every report of progress.
        progress: told the number published so far, and the `at` of the last.

    Raises:
        UnavailableError: Kafka did not take everything.
    """
    count, at, last_checkpoint = 0, 0.0, now()

    def checkpoint() -> None:
        nonlocal last_checkpoint
        sink.flush()
        journal.checkpoint()
        progress(count, at)
        last_checkpoint = now()

    for record in records:
        at = record.at
        if (ahead := at - now()) > 0:
            # Waiting is the time to learn whether all has arrived.
            if ahead > MAX_SLEEP_SECONDS or now() - last_checkpoint > CHECKPOINT_SECONDS:
                checkpoint()
            if not _wait(at, now, sleep, stopped):
                break
        due = journal.add(record)
        sink.send_raw(record.topic, record.key, record.value, record.headers)
        count += 1
        if due:
            checkpoint()
        if count % RECORDS_BETWEEN_REPORTS == 0:
            progress(count, at)
            if stopped():
                break
    checkpoint()
    return count


def _wait(at: float, now: Callable[[], float], sleep: Callable[[float], None], stopped: Callable[[], bool]) -> bool:
    """Wait until `at`; False where that was cut short."""
    while (left := at - now()) > 0:
        if stopped():
            return False
        sleep(min(left, MAX_SLEEP_SECONDS))
    return True
