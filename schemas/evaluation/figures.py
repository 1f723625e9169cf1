"""What an indicator is worked out from: plain figures as of the end of a period, wherever they were taken from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from schemas.events import BY_TYPE
from schemas.events.effects import Flow

Totals = Mapping[tuple[str, str, str, str], int]
"""(system, measure, agency, dimensions) → what it holds at a moment: all that happened until then, or what stands."""

_FLOWS = {event.name for event in BY_TYPE.values() if issubclass(event, Flow)}


class ActorMonth(NamedTuple):
    """Who did something at least once in a month; `month` is its first day."""

    system: str
    measure: str
    dimensions: str
    agency: str
    actor: str
    month: date


class StandingItem(NamedTuple):
    """What stands in a register at the end of the period."""

    system: str
    register: str
    subject: str
    agency: str
    dimensions: str


class ReportedValue(NamedTuple):
    """A reading, of whatever period and whenever it was said; `reported_at` in microseconds since 1970, UTC."""

    system: str
    name: str
    agency: str
    period: str
    value: float
    reported_at: int
    id: str


class TaskState(NamedTuple):
    """A task that was assigned by the end of the period."""

    system: str
    subject: str
    agency: str
    percent: int | None
    """100 once it is completed; None where it was cancelled."""


@dataclass(frozen=True)
class Figures:
    """All that any indicator is worked out from, of one period of local days."""

    starts: date | None
    """None: since ever."""
    ends: date
    minute: int
    """The end of the last day, or of the running minute where that day is today, in minutes since 1970, UTC."""
    at_end: Totals
    before: Totals
    """The totals at the moment at which the period starts; empty where it starts never."""
    reporting: Collection[tuple[str, str, str]]
    """(system, `group_of` a measure, agency) of all that was ever counted until the end."""
    above: Mapping[str, Sequence[str]]
    """Agency → itself and all above it; an agency that is not in it does not count."""
    actors: Collection[ActorMonth] = ()
    """Of whole months: those that the period touches, and others."""
    items: Collection[StandingItem] = ()
    readings: Collection[ReportedValue] = ()
    tasks: Collection[TaskState] = ()

    @cached_property
    def counted(self) -> Mapping[tuple[str, str], Sequence[tuple[str, str, int, int]]]:
        """(system, measure) → agency, dimensions, amount at the end, and amount before the start."""
        found: dict[tuple[str, str], list[tuple[str, str, int, int]]] = {}
        for key in self.at_end.keys() | self.before.keys():
            system, measure, agency, dimensions = key
            row = (agency, dimensions, self.at_end.get(key, 0), self.before.get(key, 0))
            found.setdefault((system, measure), []).append(row)
        return found


def group_of(measure: str) -> str:
    """What a measure is of: the kind of case or the register that it begins with, or the flow."""
    return measure if measure in _FLOWS else measure.partition(".")[0]


def lineage(parents: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Each agency → itself and all above it, from each one's parent."""
    found: dict[str, tuple[str, ...]] = {}
    for agency in parents:
        line, parent = [agency], parents[agency]
        while parent is not None:
            line.append(parent)
            parent = parents[parent]
        found[agency] = tuple(line)
    return found
