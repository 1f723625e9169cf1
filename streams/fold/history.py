"""What a case, an item or a reading remembers of its events: its history, the sorted list of those that stand."""

from operator import attrgetter
from typing import Any, NamedTuple

from schemas.events import BY_TYPE
from schemas.events.effects import (
    Added,
    Closed,
    Event,
    Extended,
    Flow,
    Opened,
    Progressed,
    Removed,
    Reopened,
    Resumed,
    Suspended,
)


class Entry(NamedTuple):
    """One event as its case or item remembers it. `in_order` is how the fold goes through them."""

    time: int
    """Microseconds since 1970, UTC."""
    order: int
    id: str
    name: str
    agency: str
    due: int | None = None
    """The due time that the event brings, microseconds since 1970, UTC."""
    dimensions: str | None = None
    detail: Any = None
    """Of an opening the procedure's code, of progress the percentage, of a reading its value, unit and note."""
    sequence: str = ""
    """The order that its system gives to events of one instant; see `schemas.events.envelope.sequence_key`."""


in_order = attrgetter("time", "sequence", "order", "id")
"""What entries are sorted by. Of one instant, as a system's clock knows it, the system's own sequence decides; where it
gives none, what the events do."""


class Step(NamedTuple):
    """What a type's entry does to its case or item; looked up once an entry, so no class is asked for its bases."""

    effect: type[Event] | None
    precedence: int = 0
    timed: bool = True


_EFFECTS: tuple[type[Event], ...] = (
    Opened,
    Extended,
    Suspended,
    Resumed,
    Closed,
    Reopened,
    Progressed,
    Added,
    Removed,
)


def _step(event: type[Event]) -> Step:
    effect = next((effect for effect in _EFFECTS if issubclass(event, effect)), Flow)
    return Step(effect, event.precedence, event.timed) if issubclass(event, Closed) else Step(effect)


CALENDAR_CHANGED = "calendar.changed"
"""Name of the entry that stands where a change of the calendar takes effect; it is in no history, see `expand`."""

AGENCY_ENDED = "agency.ended"
"""Likewise where an agency ends and its successor, `detail`, takes over what is open."""

STEPS: dict[str, Step] = {event.name: _step(event) for event in BY_TYPE.values()} | dict.fromkeys(
    (CALENDAR_CHANGED, AGENCY_ENDED), Step(None)
)
