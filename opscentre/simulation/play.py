"""Publishing a simulation: what is past as fast as Kafka takes it, what is to come when it is due."""

import time
from collections.abc import Callable, Iterable

from opscentre.publishing import Sink
from opscentre.simulation.plan import Emission
from opscentre.simulation.truth import Truth

EMISSIONS_BETWEEN_REPORTS = 5000
LONGEST_SLEEP = 0.5
"""Seconds; a stop is noticed within it."""


def play(
    emissions: Iterable[Emission],
    sink: Sink,
    *,
    truth: Truth | None = None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, float], None] = lambda count, at: None,
) -> int:
    """Publish emissions, each not before it is due, until there are no more or `stopped()`; returns how many.

    Args:
        emissions: in the order of `at`, as `simulate` gives them.
        sink: where to.
        truth: takes note of everything that was handed over.
        now: the wall clock, in seconds since 1970.
        sleep: waits so many seconds.
        stopped: asked before every wait and with every report of progress.
        progress: told the number published so far, and the `at` of the last.

    Raises:
        UnavailableError: Kafka did not take everything.
    """
    count, at = 0, 0.0
    for emission in emissions:
        at = emission.at
        if at > now() and not _wait(at, sink, now, sleep, stopped, lambda: progress(count, at)):  # noqa: B023
            break
        sink.send_raw(emission.topic, emission.key, emission.value, emission.headers)
        if truth is not None:
            truth.add(emission)
        count += 1
        if count % EMISSIONS_BETWEEN_REPORTS == 0:
            progress(count, at)
            if stopped():
                break
    sink.flush()
    progress(count, at)
    return count


def _wait(
    at: float,
    sink: Sink,
    now: Callable[[], float],
    sleep: Callable[[float], None],
    stopped: Callable[[], bool],
    report: Callable[[], None],
) -> bool:
    """Wait until `at`; False where that was cut short. Waiting is the time to learn whether all has arrived."""
    if at - now() > LONGEST_SLEEP:
        sink.flush()
        report()
    while (left := at - now()) > 0:
        if stopped():
            return False
        sleep(min(left, LONGEST_SLEEP))
    return True
