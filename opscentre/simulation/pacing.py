"""Publishing a simulation: what is past as fast as Kafka takes it, what is to come when it is due."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from opscentre.publishing.files import Sink
from opscentre.simulation.plan import Emission

EMISSIONS_BETWEEN_REPORTS = 5000
LONGEST_SLEEP = 0.5
"""Seconds; a stop is noticed within it."""
LONGEST_WORK = 2.0
"""Seconds for which it may go on, where it has to wait now and then anyway, without a rest."""


class Log(Protocol):
    """What keeps account of what is published: see `opscentre.simulation.runs.Logbook`."""

    def add(self, emission: Emission) -> bool:
        """Take note of an emission before it is handed over; True: it is time to rest after this one."""

    def rest(self) -> None:
        """Take note that everything has arrived."""


def play(
    emissions: Iterable[Emission],
    sink: Sink,
    log: Log,
    *,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, float], None] = lambda count, at: None,
) -> int:
    """Publish emissions, each not before it is due, until there are no more or `stopped()`; returns how many.

    Args:
        emissions: in the order of `at`, as `simulate` gives them.
        sink: where to.
        log: takes note of everything that is handed over, and of when all of it has arrived.
        now: the wall clock, in seconds since 1970.
        sleep: waits so many seconds.
        stopped: asked before every wait and with every report of progress.
        progress: told the number published so far, and the `at` of the last.

    Raises:
        UnavailableError: Kafka did not take everything.
    """
    count, at, rested = 0, 0.0, now()

    def rest() -> None:
        nonlocal rested
        sink.flush()
        log.rest()
        progress(count, at)
        rested = now()

    for emission in emissions:
        at = emission.at
        if (ahead := at - now()) > 0:
            # Waiting is the time to learn whether all has arrived.
            if ahead > LONGEST_SLEEP or now() - rested > LONGEST_WORK:
                rest()
            if not _wait(at, now, sleep, stopped):
                break
        full = log.add(emission)
        sink.send_raw(emission.topic, emission.key, emission.value, emission.headers)
        count += 1
        if full:
            rest()
        if count % EMISSIONS_BETWEEN_REPORTS == 0:
            progress(count, at)
            if stopped():
                break
    rest()
    return count


def _wait(at: float, now: Callable[[], float], sleep: Callable[[float], None], stopped: Callable[[], bool]) -> bool:
    """Wait until `at`; False where that was cut short."""
    while (left := at - now()) > 0:
        if stopped():
            return False
        sleep(min(left, LONGEST_SLEEP))
    return True
