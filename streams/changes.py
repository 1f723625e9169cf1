"""What accepted events change: counters of flows at once, histories of cases and items by subject. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.effects import Case, Event, Item, effect_of
from schemas.events import BY_TYPE
from schemas.times import moment_of
from streams.counters import Differences, add
from streams.fold import Entry


class Subject(NamedTuple):
    """Identity of a case (`group` is its kind) or an item (`group` is its register)."""

    system: str
    group: str
    subject: str


class Shape(NamedTuple):
    """What there is to know of an event class to make entries of its events."""

    effect: str
    group: str
    order: int
    label: str | None
    has_due: bool


def _shape(event: type[Event]) -> Shape:
    group, order = "", 0
    if issubclass(event, Case):
        group, order = event.kind, event.order
    elif issubclass(event, Item):
        group, order = event.register_name, event.order
    return Shape(effect_of(event), group, order, event.label, "due_at" in event.model_fields)


_SHAPES = {event: _shape(event) for event in BY_TYPE.values()}


class Fact(NamedTuple):
    """An event as far as it changes anything."""

    effect: str
    subject: Subject
    entry: Entry


def fact(kind: type[Event], system: str, subject: str, id_: str, time: int, model: Event) -> Fact:
    """The fact that an event of this class with this data states."""
    shape = _SHAPES[kind]
    due = getattr(model, "due_at") if shape.has_due else None  # noqa: B009 - only some classes have it
    label = getattr(model, shape.label) if shape.label else None
    entry = Entry(time, shape.order, id_, kind.name, model.agency, None if due is None else moment_of(due), label)
    return Fact(shape.effect, Subject(system, shape.group, subject), entry)


class Changes:
    """What a batch adds and takes back, gathered by subject."""

    def __init__(self) -> None:
        self.counters: Differences = {}
        self.cases: dict[Subject, dict[str, Entry | None]] = {}
        self.items: dict[Subject, dict[str, Entry | None]] = {}

    def apply(self, fact: Fact, sign: int) -> None:
        """Add a fact (+1), or take it back (−1)."""
        entry = fact.entry
        if fact.effect == "flow":
            add(self.counters, (entry.name, entry.agency, entry.label or ""), entry.time, sign)
            return
        subjects = self.cases if fact.effect == "case" else self.items
        subjects.setdefault(fact.subject, {})[entry.id] = entry if sign > 0 else None


def rewrite(history: Iterable[Entry], entries: dict[str, Entry | None]) -> list[Entry]:
    """A history after its changes: an id that changed is out, and in again as it is now."""
    kept = [entry for entry in history if entry.id not in entries]
    kept += [entry for entry in entries.values() if entry is not None]
    kept.sort()
    return kept
