"""One row of a CSV export into the events that it gives, by a mapping. Pure: nothing is read, sent or kept here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from core.errors import RowError
from core.publisher import event
from opscentre.publishing.mapping import BY_NAME, PLACEHOLDER, Constant, EventRule, FieldRule, Mapping, Row, Timed
from schemas.events.envelope import EARLIEST, MAX_TEXT

COMPACT = "yyyyMMddHHmmss"
"""The form of times in the national synchronisation's records."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _listing(allowed: Iterable[str]) -> str:
    return ", ".join(f'"{value}"' for value in allowed)


@dataclass(frozen=True)
class Outcome:
    """What one row gives: `events` (without revisions), and ids of events that it no longer gives, if it ever did."""

    events: list[dict[str, Any]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def map_row(mapping: Mapping, row: Row) -> Outcome:
    """The events of one row, without revisions.

    Raises:
        RowError: the row cannot be mapped, or an event would not fit its type; nothing of the row is to be sent.
    """
    outcome = Outcome()
    for rule in mapping.rules:
        identity = _fill(rule.id, row)
        if len(identity) > MAX_TEXT:
            raise RowError(f"the id {identity[:50]}… is longer than {MAX_TEXT} characters")
        if all(condition.holds(row) for condition in rule.when):
            outcome.events.append(_map_event(mapping.system, rule, identity, row))
        else:
            outcome.absent.append(identity)
    # Rules may share an id, each for its own kind of ending: then the one that holds speaks for it.
    given = [found["id"] for found in outcome.events]
    if len(set(given)) < len(given):
        raise RowError(f"two events of the row have the same id ({', '.join(given)}): their `when` must exclude it")
    return Outcome(outcome.events, [identity for identity in outcome.absent if identity not in given])


def _map_event(system: str, rule: EventRule, identity: str, row: Row) -> dict[str, Any]:
    time = _instant(_cell(row, rule.time.column), rule.time.column, rule.time)
    if time < EARLIEST:
        raise RowError(f'column "{rule.time.column}": {time.isoformat()} is before the year {EARLIEST.year}')
    data = {name: value for name, part in rule.data.items() if (value := _field(part, row)) is not None}
    try:
        BY_NAME[rule.type].model_validate(data)
    except ValidationError as error:
        details = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}, found {e['input']!r}" for e in error.errors())
        raise RowError(f"{rule.type}: {'; '.join(details)}") from None
    subject = _fill(rule.subject, row)
    if len(subject) > MAX_TEXT:
        raise RowError(f"the subject {subject[:50]}… is longer than {MAX_TEXT} characters")
    return event(system, rule.type, subject, time, data, id=identity)


def _cell(row: Row, column: str) -> str:
    cell = row[column]
    if "\0" in cell:
        raise RowError(f'column "{column}" contains a NUL character')
    return cell


def _fill(template: str, row: Row) -> str:
    def cell(placeholder: re.Match[str]) -> str:
        value = _cell(row, placeholder[1]).strip()
        if not value:
            raise RowError(f'column "{placeholder[1]}" is empty, and is needed for {template}')
        return value

    return PLACEHOLDER.sub(cell, template)


def _field(rule: FieldRule, row: Row) -> Constant | None:
    """The field's value; None where the cell is empty and no default is given: the field is left out."""
    if rule.column is None:
        return rule.value if rule.template is None else _fill(rule.template, row)
    cell = _cell(row, rule.column)
    if rule.values is not None and cell in rule.values:
        return rule.values[cell]
    if not cell.strip():
        return rule.default
    if rule.values is not None:
        raise RowError(f'column "{rule.column}": "{cell}" is not mapped. Allowed: {_listing(rule.values)}')
    return _convert(cell, rule.column, rule)


def _convert(cell: str, column: str, rule: FieldRule) -> Constant:
    try:
        match rule.type:
            case "text":
                return cell
            case "bool":
                return _BOOLEANS[cell.strip().lower()]
            case "int":
                return int(cell)
            case "float":
                number = float(cell)
                if not isfinite(number):
                    raise ValueError  # JSON knows neither NaN nor infinity
                return number
            case "datetime":
                return _instant(cell, column, rule).isoformat()
    except (ValueError, KeyError):
        allowed = f" Allowed: {_listing(_BOOLEANS)}" if rule.type == "bool" else ""
        raise RowError(f'column "{column}": "{cell}" is not of type {rule.type}{allowed}') from None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _instant(cell: str, column: str, rule: Timed) -> datetime:
    text = cell.strip()
    if not text:
        raise RowError(f'column "{column}" is empty, and is needed for the time; an event that not every row has '
                       "takes a `when`")  # fmt: skip
    try:
        if rule.format == "iso":
            value = datetime.fromisoformat(text)
        elif rule.format == COMPACT:
            # strptime alone would read 2025123 as some day or other.
            value = datetime.strptime(text if re.fullmatch(r"\d{14}", text) else "", "%Y%m%d%H%M%S")  # noqa: DTZ007
        else:
            value = datetime.strptime(text, rule.format)  # noqa: DTZ007 - the rule's zone is given below
    except ValueError:
        raise RowError(f'column "{column}": "{cell}" is not a time of the form {rule.format}') from None
    if value.tzinfo is None:
        if rule.zone is None:
            raise RowError(f'column "{column}": "{cell}" has no offset from UTC; give the column a `zone`')
        value = value.replace(tzinfo=_zone(rule.zone))
    return value
