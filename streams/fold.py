"""What a case or an item is, as a pure fold of its own events. No I/O, no clock, no order of arrival.

A history is the sorted list of the standing entries of one case or item. `held` says what a state counts
for from a moment on (open, overdue, standing …); `streams.counters` turns the change of that into counters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.effects import (
    Added,
    Case,
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
from schemas.events import BY_TYPE


class Entry(NamedTuple):
    """One event as its case or item remembers it. Sorts as the fold goes: by time, then order, then id."""

    time: int
    """Microseconds since 1970, UTC."""
    order: int
    id: str
    name: str
    agency: str
    due: int | None = None
    """The due time that the event brings, microseconds since 1970, UTC."""
    label: str | None = None
    detail: Any = None
    """Of an opening the procedure's code, of progress the percentage, of a reading its value, unit and note."""


Held = dict[tuple[str, str, str], int]
"""(measure, agency, label) → the moment from which it counts, which may lie ahead of the entry that caused it."""

DueRule = Callable[[int], int]
"""Due time → the moment at which what is still open becomes overdue."""


class Step(NamedTuple):
    """What a type's entry does to its case or item; looked up once an entry, so no class is asked for its bases."""

    effect: type[Event]
    precedence: int = 0
    timed: bool = True


_EFFECTS: tuple[type[Event], ...] = (Opened, Extended, Suspended, Resumed, Closed, Reopened, Progressed, Added, Removed)


def _step(event: type[Event]) -> Step:
    effect = next((effect for effect in _EFFECTS if issubclass(event, effect)), Flow)
    return Step(effect, event.precedence, event.timed) if issubclass(event, Closed) else Step(effect)


_STEPS: dict[str, Step] = {event.name: _step(event) for event in BY_TYPE.values()}


@dataclass(slots=True)
class CaseState:
    """Where a case stands after some of its events. Moments are microseconds since 1970, UTC."""

    agency: str = ""
    opened_at: int | None = None
    opened_by: str = ""
    label: str = ""
    due: int | None = None
    suspended: bool = False
    closed_at: int | None = None
    closing: Step | None = None

    @property
    def name(self) -> str:
        """One word for the state: open, suspended, closed, incomplete, or void where nothing has begun."""
        if self.opened_at is None:
            return "void" if self.closed_at is None else "incomplete"
        if self.closed_at is not None:
            return "closed"
        return "suspended" if self.suspended else "open"

    @property
    def contradictory(self) -> bool:
        """Ended before it began: closed all the same, and listed."""
        return self.opened_at is not None and self.closed_at is not None and self.closed_at < self.opened_at


def advance_case(state: CaseState, entry: Entry) -> None:
    """Let one entry act on the state."""
    step = _STEPS[entry.name]
    effect = step.effect
    # Whoever the latest event names owes it now; who opened it stays with the opening.
    state.agency = entry.agency
    if effect is Opened:
        if state.opened_at is None:
            state.opened_at, state.opened_by, state.label = entry.time, entry.agency, entry.label or ""
            if entry.due is not None:
                state.due = entry.due
        return
    if effect is Closed:
        if state.closing is None or step.precedence < state.closing.precedence:
            state.closed_at, state.closing = entry.time, step
            if entry.due is not None:
                state.due = entry.due
        return
    if effect is Reopened:
        state.closed_at = state.closing = None
        state.suspended = False
        return
    if state.closing is not None:
        return  # paperwork after the end moves nothing
    if effect is Extended:
        state.due = entry.due
    elif effect is Suspended:
        state.suspended = True
    elif effect is Resumed:
        state.suspended = False
        if entry.due is not None:
            state.due = entry.due


def on_time(state: CaseState, overdue_at: DueRule) -> bool | None:
    """Whether a closed case met its due time; None where that is not asked (open, withdrawn)."""
    if state.closed_at is None or state.closing is None or not state.closing.timed:
        return None
    return state.due is None or state.closed_at < overdue_at(state.due)


def held_by_case(measures: "CaseMeasures", state: CaseState, moment: int, overdue_at: DueRule) -> Held:
    """What a case counts for from `moment` on, as long as nothing else happens to it."""
    agency = state.agency
    if state.opened_at is None:
        return {} if state.closed_at is None else {(measures.incomplete, agency, ""): moment}
    held: Held = {(measures.opened, state.opened_by, state.label): moment}
    if state.closed_at is None:
        held[measures.open, agency, ""] = moment
        if state.suspended:
            held[measures.suspended, agency, ""] = moment
        elif state.due is not None:
            held[measures.overdue, agency, ""] = max(moment, overdue_at(state.due))
        return held
    held[measures.closed, agency, ""] = moment
    met = on_time(state, overdue_at)
    if met is not None:
        held[measures.on_time if met else measures.late, agency, ""] = moment
    if state.contradictory:
        held[measures.contradictory, agency, ""] = moment
    return held


class CaseMeasures(NamedTuple):
    """Names of a kind's measures, as in `dossier.opened`."""

    opened: str
    open: str
    suspended: str
    overdue: str
    closed: str
    on_time: str
    late: str
    incomplete: str
    contradictory: str

    @classmethod
    def of(cls, kind: str) -> "CaseMeasures":
        """The measures of one kind of case."""
        return cls(*(f"{kind}.{field}" for field in cls._fields))


@dataclass(slots=True)
class ItemState:
    """Whether an item stands after some of its events, and since when (microseconds since 1970, UTC)."""

    agency: str = ""
    standing: bool = False
    since: int | None = None
    label: str = ""


def advance_item(state: ItemState, entry: Entry) -> None:
    """Let one entry act on the state."""
    if _STEPS[entry.name].effect is Added:
        if not state.standing:
            state.since = entry.time
        state.standing, state.agency, state.label = True, entry.agency, entry.label or ""
    else:
        if state.standing or state.since is None:
            state.since = entry.time
        state.standing, state.agency = False, entry.agency


def held_by_item(measure: str, state: ItemState, moment: int) -> Held:
    """What an item counts for from `moment` on."""
    return {(measure, state.agency, state.label): moment} if state.standing else {}


def is_by_day(kind: str) -> bool:
    """Whether lateness of this kind of case is decided by day (see `Case.by_day`)."""
    return _BY_DAY[kind]


_BY_DAY = {event.kind: event.by_day for event in BY_TYPE.values() if issubclass(event, Case)}
