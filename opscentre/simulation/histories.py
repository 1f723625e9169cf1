"""A case or item as a whole: what is stated of it, in the order in which it happened, and what can be read off that."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opscentre.simulation.ground_truth import Statement
from schemas.events import BY_TYPE
from schemas.events.effects import Case, Closed, Event, Extended, Item, Opened, Reopened, Resumed, Suspended

History = Sequence[Statement]


class Pause(NamedTuple):
    """A time for which a case was suspended; `end_index` is where in the history it ends."""

    begin: datetime
    end: datetime
    end_index: int


def sort_key(one: Statement) -> tuple[datetime, int, str]:
    """Where an event stands in its history: of events at one instant, that is decided by what they do."""
    kind = BY_TYPE[one.type]
    assert issubclass(kind, Case | Item)  # nothing else has a history
    return one.time, kind.order, one.id


def has_effect(one: Statement, *effects: type[Event]) -> bool:
    """Whether an event has one of these effects."""
    return issubclass(BY_TYPE[one.type], effects)


def closed(one: Statement) -> type[Closed]:
    """The class of a closing."""
    kind = BY_TYPE[one.type]
    assert issubclass(kind, Closed)  # asked of closings only
    return kind


def opening(history: History) -> Statement | None:
    """Of several openings, the first."""
    return next((one for one in history if has_effect(one, Opened)), None)


def finish(history: History) -> Statement | None:
    """Of the closings since it was last reopened the one with the best precedence, of several such the first.

    One that is neither on time nor late is the first or none.
    """
    closings = [one for one in _since_reopened(history) if has_effect(one, Closed)]
    standing = closings[:1] + [one for one in closings[1:] if closed(one).timed]
    return min(standing, key=lambda one: closed(one).precedence, default=None)


def suspended(history: History) -> bool:
    """Whether the last suspension since it was last reopened has not ended."""
    pauses = [one for one in _since_reopened(history) if has_effect(one, Suspended, Resumed)]
    return bool(pauses) and has_effect(pauses[-1], Suspended)


def suspended_since(history: History) -> datetime:
    """Since when a case stands still that is open and suspended: not before it was opened."""
    begin = None
    for one in _since_reopened(history):
        if has_effect(one, Suspended, Resumed):
            begin = None if has_effect(one, Resumed) else begin or one.time
    opened = opening(history)
    assert begin is not None  # asked of what is suspended only
    assert opened is not None
    return max(begin, opened.time)


def other_openings(history: History, zone: ZoneInfo) -> Iterator[Statement]:
    """The openings under a number that another agency, or one of another year, has: they open nothing."""
    first = opening(history)
    for one in history:
        if first and one is not first and has_effect(one, Opened):
            year, own = one.time.astimezone(zone).year, first.time.astimezone(zone).year
            if (one.agency, year) != (first.agency, own):
                yield one


def reopenings(history: History) -> Iterator[Statement]:
    """The reopenings of a case that had been opened and closed: each undid a finish."""
    for number, one in enumerate(history):
        if has_effect(one, Reopened) and opening(history[:number]) and finish(history[:number]):
            yield one


def pauses(history: History) -> Iterator[Pause]:
    """The times for which the clock stood still: each from its suspension to the resumption, or to the closing.

    None before the case was opened; one that is cut short by a reopening never was. From the finish to the reopening it
    stands still, too.
    """
    opened = opening(history)
    begin, over = None, False
    for number, one in enumerate(history):
        if has_effect(one, Reopened):
            ended = finish(history[:number])
            if ended and opened and opening(history[:number]):
                yield Pause(max(ended.time, opened.time), one.time, number)
            begin, over = None, False
        elif not over and has_effect(one, Suspended):
            begin = begin or one.time
        elif not over and has_effect(one, Resumed, Closed):
            if begin and opened and opened.time < one.time:
                yield Pause(max(begin, opened.time), one.time, number)
            begin, over = None, has_effect(one, Closed)


def last_due(history: History) -> int | None:
    """Where in the history the last due time is that the agency gave; None where it gave none."""
    given = [number for number, one in enumerate(history) if one.due and _gives_due(one, history[:number])]
    return given[-1] if given else None


def _gives_due(one: Statement, before: History) -> bool:
    """Whether a due time counts: of a second opening, after the end, or of a closing that is not the finish, not."""
    if has_effect(one, Opened):
        return opening(before) is None
    if has_effect(one, Reopened):
        return True
    ended = finish(before)
    if has_effect(one, Closed):
        return ended is None or (closed(one).timed and closed(one).precedence < closed(ended).precedence)
    return ended is None and has_effect(one, Extended, Resumed)


def _since_reopened(history: History) -> History:
    reopened = [number for number, one in enumerate(history) if has_effect(one, Reopened)]
    return history[reopened[-1] :] if reopened else history
