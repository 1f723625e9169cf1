"""One row of a CSV export into the events that it gives, by a mapping. Pure: nothing is read, sent or kept here."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from unicodedata import name as name_of
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from core.errors import RowError
from core.publisher import event
from opscentre.publishing.mapping_model import BY_NAME, PLACEHOLDER, Constant, EventRule, FieldRule, Mapping, Row, Timed
from opscentre.publishing.numbers import read_float, read_int
from opscentre.publishing.times import read_time
from opscentre.publishing.words import word
from schemas.events.envelope import EARLIEST, MAX_TEXT
from schemas.events.mistakes import say

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _listing(allowed: Iterable[str]) -> str:
    return ", ".join(f'"{value}"' for value in allowed)


@dataclass(frozen=True)
class Outcome:
    """What one row gives: `events` (without revisions), and ids of events that it no longer gives, if it ever did.

    `unknown` are columns and their cells that the mapping does not know, where they alone keep an event out.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    unknown: set[tuple[str, str]] = field(default_factory=set)


def map_row(mapping: Mapping, row: Row) -> Outcome:
    """The events of one row, without revisions. `row` has the file's cells by the mapping's columns.

    Raises:
        RowError: the row cannot be mapped, or an event would not fit its type; nothing of the row is to be sent.
    """
    row = {column: mapping.csv.cell(row[column]) for column in mapping.columns}
    outcome = Outcome()
    for rule in mapping.rules:
        identity = _number("id", rule.id, row)
        if all(condition.holds(row) for condition in rule.when):
            outcome.events.append(_map_event(mapping, rule, identity, row))
        else:
            outcome.absent.append(identity)
            outcome.unknown.update(_unknown(mapping, rule, row))
    # Rules may share an id, each for its own kind of ending: then the one that holds speaks for it.
    given = [found["id"] for found in outcome.events]
    if len(set(given)) < len(given):
        raise RowError(f"two events of the row have the same id ({', '.join(given)}): their `when` must exclude it")
    return replace(outcome, absent=[identity for identity in outcome.absent if identity not in given])


def _unknown(mapping: Mapping, rule: EventRule, row: Row) -> set[tuple[str, str]]:
    """The words that keep an event out though its time stands in the row, where the mapping knows none of them.

    A state that was renamed, or misspelt, says so; one in which nothing has happened yet has no time.
    """
    if not row[rule.time.column]:
        return set()
    missed = [condition for condition in rule.when if not condition.holds(row)]
    words = {(condition.column, row[condition.column]) for condition in missed if condition.present is None}
    unknown = {(column, cell) for column, cell in words if cell and word(cell) not in mapping.states[column]}
    return unknown if len(unknown) == len({condition.column for condition in missed}) else set()


def _map_event(mapping: Mapping, rule: EventRule, identity: str, row: Row) -> dict[str, Any]:
    time = _instant(_cell(row, rule.time.column), rule.time.column, rule.time)
    if time < EARLIEST:
        raise RowError(f'column "{rule.time.column}": {time.isoformat()} is before the year {EARLIEST.year}')
    data = {name: found for name, part in rule.data.items() if (found := _field(part, row, mapping)) is not None}
    try:
        BY_NAME[rule.type].model_validate(data)
    except ValidationError as error:
        mistakes = (_explain(rule, one) for one in error.errors(include_url=False))
        raise RowError(f"{rule.type}: {'; '.join(mistakes)}") from None
    return event(mapping.system, rule.type, _number("subject", rule.subject, row), time, data, id=identity)


def _explain(rule: EventRule, mistake: MappingABC[str, Any]) -> str:
    """One of pydantic's mistakes, with the column that it is in."""
    name = str(mistake["loc"][0])
    part = rule.data.get(name)
    if mistake["type"] == "missing":
        return f'column "{part.column}" is empty, and is needed for {name}' if part else f"{name} is missing"
    source = f' (column "{part.column}")' if part and part.column else ""
    return f"{name}{source} {say(mistake)}; found {mistake['input']!r}"


def _number(what: str, template: str, row: Row) -> str:
    """An id or a subject."""
    text = _fill(template, row)
    if len(text) > MAX_TEXT:
        raise RowError(f"the {what} {text[:50]}… is longer than {MAX_TEXT} characters")
    for character in text:
        if not character.isprintable():
            raise RowError(
                f"the {what} {text!r} has a character that cannot be seen, {name_of(character, 'a control character')} "
                f"(U+{ord(character):04X}): take it out where the export is made"
            )
    return text


def _cell(row: Row, column: str) -> str:
    cell = row[column]
    if "\0" in cell:
        raise RowError(f'column "{column}" contains a NUL character')
    return cell


def _fill(template: str, row: Row) -> str:
    def cell(placeholder: re.Match[str]) -> str:
        value = _cell(row, placeholder[1])
        if not value:
            raise RowError(f'column "{placeholder[1]}" is empty, and is needed for {template}')
        return value

    return PLACEHOLDER.sub(cell, template)


def _field(rule: FieldRule, row: Row, mapping: Mapping) -> Constant | None:
    """The field's value; None where the cell is empty and no default is given: the field is left out."""
    if rule.column is None:
        return rule.value if rule.template is None else _fill(rule.template, row)
    cell = _cell(row, rule.column)
    if rule.values is not None and (known := rule.meanings.get(word(cell))) is not None:
        return known
    if not cell:
        return rule.default
    if rule.values is not None:
        raise RowError(f'column "{rule.column}": "{cell}" is not mapped. Allowed: {_listing(rule.values)}')
    return _convert(cell, rule.column, rule, mapping)


def _convert(cell: str, column: str, rule: FieldRule, mapping: Mapping) -> Constant:
    decimal = rule.decimal or mapping.csv.decimal
    try:
        match rule.type:
            case "text":
                return cell
            case "bool":
                return _BOOLEANS[cell.lower()]
            case "int":
                return read_int(cell, decimal)
            case "float":
                return read_float(cell, decimal)
            case "datetime":
                return _instant(cell, column, rule).isoformat()
    except KeyError:
        raise RowError(f'column "{column}": "{cell}" is not of type bool. Allowed: {_listing(_BOOLEANS)}') from None
    except ValueError as error:
        raise RowError(f'column "{column}": "{cell}" {error}') from None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _instant(cell: str, column: str, rule: Timed) -> datetime:
    if not cell:
        raise RowError(f'column "{column}" is empty, and is needed for the time; an event that not every row has '
                       "takes a `when`")  # fmt: skip
    try:
        value = read_time(cell, rule.format)
    except ValueError as error:
        raise RowError(f'column "{column}": "{cell}" {error}') from None
    if value.tzinfo is None:
        if rule.zone is None:
            raise RowError(f'column "{column}": "{cell}" has no offset from UTC; give the column a `zone`')
        value = value.replace(tzinfo=_zone(rule.zone))
    return value
