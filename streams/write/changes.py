"""What accepted events change: counters of flows at once, histories of cases and items by subject. Pure."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, cast

from schemas.events import BY_TYPE
from schemas.events.effects import Case, Event, Flow, Item, Opened, Progressed, Reading, effect_of, label_of
from schemas.timekeeping.moments import MINUTE, moment_of
from streams.fold.contributions import Differences, add
from streams.fold.history import Entry


class Subject(NamedTuple):
    """Identity of a case (`group` is its kind), an item (its register) or a reading (what was measured).

    A reading's `subject` is its agency and period: `H06.05 2025-Q2`.
    """

    system: str
    group: str
    subject: str


class Shape(NamedTuple):
    """What there is to know of an event class to make entries of its events."""

    effect: str
    group: str
    order: int
    labels: Callable[[Event], Sequence[Any]] | None
    has_due: bool
    detail: str | None
    actor: str | None


def _shape(event: type[Event]) -> Shape:
    group, order, detail, actor = "", 0, None, None
    if issubclass(event, Case):
        group, order = event.kind, event.order
        if issubclass(event, Opened):
            detail = event.procedure_field
        elif issubclass(event, Progressed):
            detail = "percent"
    elif issubclass(event, Item):
        group, order = event.register_name, event.order
    elif issubclass(event, Flow):
        actor = event.actor
    return Shape(effect_of(event), group, order, _getter(event.labels), "due_at" in event.model_fields, detail, actor)


def _getter(fields: Sequence[str]) -> Callable[[Event], Sequence[Any]] | None:
    """What reads the values of these fields; None where there are none."""
    if len(fields) == 1:
        return lambda event: (getattr(event, fields[0]),)
    return attrgetter(*fields) if fields else None


_SHAPES = {event: _shape(event) for event in BY_TYPE.values()}


class Fact(NamedTuple):
    """An event as far as it changes anything. `actor` is who did it, where different ones are counted."""

    effect: str
    subject: Subject
    entry: Entry
    actor: str | None = None


def fact(kind: type[Event], system: str, subject: str, id_: str, time: int, model: Event) -> Fact:
    """The fact that an event of this class with this data states."""
    effect, group, order, labels, has_due, detail_field, actor_field = _SHAPES[kind]
    due = getattr(model, "due_at") if has_due else None  # noqa: B009 - only some classes have it
    label = None if labels is None else label_of(labels(model))
    detail = None if detail_field is None else getattr(model, detail_field)
    actor = None if actor_field is None else getattr(model, actor_field)
    if effect == "reading":
        reading = cast("Reading", model)
        group, subject = subject, f"{reading.agency} {reading.period}"
        detail = [reading.value, reading.unit, reading.note]
    entry = Entry(time, order, id_, kind.name, model.agency, None if due is None else moment_of(due), label, detail)
    return Fact(effect, Subject(system, group, subject), entry, actor)


class Changes:
    """What a batch adds and takes back, gathered by subject."""

    def __init__(self) -> None:
        self.counters: Differences = {}
        self.actors: dict[tuple[str, str, str, str, str, int], int] = {}
        """(system, measure, agency, label, actor, minute since 1970 UTC) → how many of the actor's events."""
        self.cases: dict[Subject, dict[str, Entry | None]] = {}
        self.items: dict[Subject, dict[str, Entry | None]] = {}
        self.readings: dict[Subject, dict[str, Entry | None]] = {}

    def apply(self, fact: Fact, sign: int) -> None:
        """Add a fact (+1), or take it back (−1)."""
        entry = fact.entry
        if fact.effect == "flow":
            key = (fact.subject.system, entry.name, entry.agency, entry.label or "")
            add(self.counters, key, entry.time, sign)
            if fact.actor is not None:
                by = (*key, fact.actor, entry.time // MINUTE)
                self.actors[by] = self.actors.get(by, 0) + sign
            return
        subjects = self.cases if fact.effect == "case" else self.items if fact.effect == "item" else self.readings
        subjects.setdefault(fact.subject, {})[entry.id] = entry if sign > 0 else None


def rewrite(history: Iterable[Entry], entries: dict[str, Entry | None]) -> list[Entry]:
    """A history after its changes: an id that changed is out, and in again as it is now."""
    kept = [entry for entry in history if entry.id not in entries]
    kept += [entry for entry in entries.values() if entry is not None]
    kept.sort()
    return kept
