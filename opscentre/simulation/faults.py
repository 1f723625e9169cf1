"""What goes wrong at the source: corrections, and records that can only become dead letters. Pure."""

from collections.abc import Callable
from random import Random
from typing import Any

from opscentre.publisher import encode
from schemas.effects import TYPE_PREFIX
from schemas.envelope import SOURCE_PREFIX

Value = bytes | None

# Fields that a correction changes, by type, and what else they can be. The labels of counters are among them.
_OTHER: dict[str, tuple[str, tuple[Any, ...]]] = {
    "dossier.received": ("channel", ("online", "counter", "post")),
    "dossier.processed": ("outcome", ("approved", "rejected", "stopped")),
    "dossier.suspended": ("reason", ("supplement", "payment", "other")),
    "workfile.processed": ("online", (True, False)),
    "officer.enrolled": ("rank", ("leader", "official", "civil_servant")),
    "station.activated": ("operator", ("viettel", "vinaphone", "mobifone")),
    "incident.reported": ("category", ("public_order", "traffic_accident", "fire")),
    "violation.recorded": ("field", ("traffic", "public_order", "fire_safety")),
    "violation.settled": ("outcome", ("fined", "warned", "dismissed")),
    "credential.requested": ("credential", ("health_record", "judicial_record", "identity_card")),
    "identity.authenticated": ("means", ("vneid", "identity_card", "other")),
}


def altered(event: dict[str, Any], random: Random) -> dict[str, Any] | None:
    """The event with other content in one field; None where its type has no field that could have been mistaken."""
    found = _OTHER.get(event["type"].removeprefix(TYPE_PREFIX).removesuffix(".v1"))
    if found is None:
        return None
    name, values = found
    others = [value for value in values if value != event["data"][name]]
    return {**event, "data": {**event["data"], name: others[int(random.random() * len(others))]}}


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
"""Reason codes of `schemas.envelope` that broken records are made for."""


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
