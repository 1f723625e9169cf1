"""What accepted events change: counters of flows at once, histories of cases and items by subject. Pure."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from schemas.effects import Case, Event, Flow, Item, Opened, Progressed, Reading, effect_of, label_of
from schemas.events import BY_TYPE
from schemas.times import MINUTE, moment_of
from streams.counters import Differences, add
from streams.history import Entry


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
    label: str | None
    labels: "attrgetter[tuple[Any, ...]] | None"
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
    one = event.labels[0] if len(event.labels) == 1 else None
    several = attrgetter(*event.labels) if len(event.labels) > 1 else None
    return Shape(effect_of(event), group, order, one, several, "due_at" in event.model_fields, detail, actor)


_SHAPES = {event: _shape(event) for event in BY_TYPE.values()}


class Fact(NamedTuple):
    """An event as far as it changes anything. `actor` is who did it, where different ones are counted."""

    effect: str
    subject: Subject
    entry: Entry
    actor: str | None = None


def fact(kind: type[Event], system: str, subject: str, id_: str, time: int, model: Event) -> Fact:
    """The fact that an event of this class with this data states."""
    shape = _SHAPES[kind]
    due = getattr(model, "due_at") if shape.has_due else None  # noqa: B009 - only some classes have it
    label = None
    if shape.labels is not None:
        label = label_of(shape.labels(model))
    elif shape.label is not None:
        label = label_of((getattr(model, shape.label),))
    detail = None if shape.detail is None else getattr(model, shape.detail)
    entry = Entry(
        time, shape.order, id_, kind.name, model.agency, None if due is None else moment_of(due), label, detail
    )
    if isinstance(model, Reading):
        entry = entry._replace(detail=[model.value, model.unit, model.note])
        return Fact("reading", Subject(system, subject, f"{model.agency} {model.period}"), entry)
    actor = None if shape.actor is None else getattr(model, shape.actor)
    return Fact(shape.effect, Subject(system, shape.group, subject), entry, actor)


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
