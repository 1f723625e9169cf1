"""What goes wrong at the source: corrections, and records that can only become dead letters. Pure."""

from collections.abc import Callable
from functools import cache, partial
from random import Random
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from core.publisher import encode
from schemas.events import BY_TYPE
from schemas.events.effects import TYPE_PREFIX
from schemas.events.envelope import SOURCE_PREFIX

Value = bytes | None

Change = tuple[str, Callable[[Any, Random], Any]]
"""A field, and what makes of its value another that is valid."""


def altered(event: dict[str, Any], random: Random) -> dict[str, Any] | None:
    """The event with other content in one field; None where its type has no field that could have been mistaken."""
    changes = _changes(event["type"])
    if not changes:
        return None
    name, other = changes[int(random.random() * len(changes))]
    data = event["data"]
    # A field left out says its default: to say that in so many words would be the same content.
    value = data.get(name, BY_TYPE[event["type"]].model_fields[name].default)
    return {**event, "data": {**data, name: other(value, random)}}


@cache
def _changes(type_: str) -> list[Change]:
    """The fields of a type that can be mistaken: where one of a few values, a yes or no, a number or a time stands."""
    fields = BY_TYPE[type_].model_fields.items()
    return [(name, change) for name, field in fields if (change := _change(field))]


def _change(field: FieldInfo) -> Callable[[Any, Random], Any] | None:
    whole = field.annotation
    for kind in (whole, *get_args(whole)):  # the latter where it may be left out
        if get_origin(kind) is Literal and len(get_args(kind)) > 1:
            return partial(_another, get_args(kind))
        if kind is bool:
            return partial(_another, (True, False))
    if whole in {int, float}:
        return partial(_another_number, next((one.le for one in field.metadata if hasattr(one, "le")), None))
    return None


def _another(values: tuple[Any, ...], value: Any, random: Random) -> Any:
    others = [one for one in values if one != value]
    return others[int(random.random() * len(others))]


def _another_number(most: Any, value: float, random: Random) -> float:
    """One more, or a hundredth where it is no whole number: a place stays about where it is."""
    step = 1 if value == int(value) else 0.01
    return round(value - step if most is not None and value + step > most else value + step, 6)


def corrected(event: dict[str, Any], random: Random) -> dict[str, Any] | None:
    """The next revision, with other content."""
    other = altered(event, random)
    return None if other is None else {**other, "revision": event.get("revision", 0) + 1}


def retracted(event: dict[str, Any]) -> dict[str, Any]:
    """The next revision, which takes the event back."""
    return {**event, "revision": event.get("revision", 0) + 1, "retracted": True}


def _not_json(event: dict[str, Any], random: Random) -> Value:
    value = encode(event)
    return value[: 1 + int(random.random() * (len(value) - 1))].decode(errors="ignore").encode()


def _not_utf8(event: dict[str, Any], random: Random) -> Value:
    return encode(event).replace(b'"subject":"', b'"subject":"\xff')


def _not_cloudevents(event: dict[str, Any], random: Random) -> Value:
    missing = ("id", "type", "specversion")[int(random.random() * 3)]
    return encode({name: value for name, value in event.items() if name != missing})


def _unknown_type(event: dict[str, Any], random: Random) -> Value:
    return encode({**event, "type": f"{TYPE_PREFIX}dossier.teleported.v1"})


def _wrong_source(event: dict[str, Any], random: Random) -> Value:
    return encode({**event, "source": f"{SOURCE_PREFIX}another-system"})


def _agency_not_granted(event: dict[str, Any], random: Random) -> Value:
    return encode({**event, "data": {**event["data"], "agency": "X99.99"}})


def _invalid_data(event: dict[str, Any], random: Random) -> Value:
    # A citizen's name is what `extra="forbid"` is there to keep out.
    return encode({**event, "data": {**event["data"], "citizen": "Nguyễn Văn A"}})


def _nul_character(event: dict[str, Any], random: Random) -> Value:
    return encode({**event, "subject": f"{event['subject']}\0"})


def _time_in_future(event: dict[str, Any], random: Random) -> Value:
    return encode({**event, "time": "2099-12-31T08:00:00+07:00"})


def _time_too_old(event: dict[str, Any], random: Random) -> Value:
    return encode({**event, "time": "1970-01-01T07:00:00+07:00"})


def _empty_value(event: dict[str, Any], random: Random) -> Value:
    return None


_BREAKERS: dict[str, Callable[[dict[str, Any], Random], Value]] = {
    "not_json": _not_json,
    "not_utf8": _not_utf8,
    "not_cloudevents": _not_cloudevents,
    "unknown_type": _unknown_type,
    "wrong_source": _wrong_source,
    "agency_not_granted": _agency_not_granted,
    "invalid_data": _invalid_data,
    "nul_character": _nul_character,
    "time_in_future": _time_in_future,
    "time_too_old": _time_too_old,
    "empty_value": _empty_value,
}

CONFLICT = "conflicting_id"
REASONS = (*_BREAKERS, CONFLICT)
"""Reason codes of `schemas.events.envelope` that broken records are made for."""


def broken(event: dict[str, Any], reason: str, identity: str, random: Random) -> Value:
    """Value of a record that must become a dead letter for `reason`, made after an event but with an id of its own.

    For CONFLICT the id is the event's, whose record has to come first.

    Raises:
        ValueError: CONFLICT, and the event's type has nothing that could differ.
    """
    if reason != CONFLICT:
        return _BREAKERS[reason]({**event, "id": identity}, random)
    other = altered(event, random)
    if other is None:
        raise ValueError(f"{event['type']} has no field that could differ")
    return encode(other)
