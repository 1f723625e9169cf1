"""What an event states: its entry in the history of a case, an item or a reading, or who did something. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple, cast

from schemas.events import BY_TYPE
from schemas.events.effects import (
    ARCHIVED,
    Case,
    Event,
    Flow,
    Item,
    Opened,
    Progressed,
    Reading,
    dimensions_of,
    effect_of,
)
from schemas.timekeeping.moments import moment_of
from streams.fold.history import Entry


class EntityKey(NamedTuple):
    """Identity of a case (`group` is its kind), an item (its register) or a reading (what was measured).

    A reading's `id` is its agency and period: `H06.05 2025-Q2`.
    """

    system: str
    group: str
    id: str


class Shape(NamedTuple):
    """What there is to know of an event class to make entries of its events."""

    effect: str
    group: str
    order: int
    dimensions: Callable[[Event], Sequence[Any]] | None
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
    return Shape(
        effect_of(event), group, order, _getter(event.dimensions), "due_at" in event.model_fields, detail, actor
    )


def _getter(fields: Sequence[str]) -> Callable[[Event], Sequence[Any]] | None:
    """What reads the values of these fields; None where there are none."""
    if len(fields) == 1:
        return lambda event: (getattr(event, fields[0]),)
    return attrgetter(*fields) if fields else None


_SHAPES = {event: _shape(event) for event in BY_TYPE.values()}


class Fact(NamedTuple):
    """An event as far as it changes anything. `actor` is who did it, where different ones are counted."""

    effect: str
    entity: EntityKey
    entry: Entry
    actor: str | None = None


def fact(kind: type[Event], system: str, subject: str, id_: str, time: int, model: Event, sequence: str) -> Fact:
    """The fact that an event of this class with this data states."""
    effect, group, order, get_dimensions, has_due, detail_field, actor_field = _SHAPES[kind]
    due = getattr(model, "due_at") if has_due else None  # noqa: B009 - only some classes have it
    dimensions = None if get_dimensions is None else dimensions_of(get_dimensions(model))
    detail = None if detail_field is None else getattr(model, detail_field)
    actor = None if actor_field is None else getattr(model, actor_field)
    entity = EntityKey(system, group, subject)
    if effect == "reading":
        reading = cast("Reading", model)
        entity = EntityKey(system, subject, f"{reading.agency} {reading.period}")
        detail = [reading.value, reading.unit, reading.note]
    due = None if due is None else moment_of(due)
    entry = Entry(time, order, id_, kind.name, model.agency, due, dimensions, detail, sequence)
    return Fact(effect, entity, entry, actor)


def archived_fact(type_: str, system: str, subject: str, id_: str, time: datetime, data: str, sequence: str) -> Fact:
    """The fact that an archived event states, from its columns; `data` is JSON."""
    kind = BY_TYPE[type_]
    model = kind.__pydantic_validator__.validate_json(data, context=ARCHIVED)
    return fact(kind, system, subject, id_, moment_of(time), model, sequence)
