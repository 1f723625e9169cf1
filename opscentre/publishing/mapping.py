"""Mappings: how the rows of an agency's CSV export become events. `docs/publishing.md` is the reference.

`opscentre.publishing.mapping_rows` applies them. Mistakes in a mapping are told all at once, before a row is read.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.errors import MappingError
from schemas.catalogue.toml_files import TomlFile, choice
from schemas.events import BY_TYPE
from schemas.events.effects import Event

BY_NAME: dict[str, type[Event]] = {cls.name: cls for cls in BY_TYPE.values()}
Row = MappingABC[str, str]
Constant = str | bool | int | float

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
"""A column's name within a template."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CsvOptions(_Table):
    """How the file is written."""

    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError("no such encoding; utf-8-sig (UTF-8 with or without a mark) or cp1258, say") from None
        return value


class Timed(_Table):
    """How a column writes times; `zone` is for those without an offset from UTC."""

    format: str = "iso"
    zone: str | None = None

    @field_validator("zone")
    @classmethod
    def _zone_known(cls, value: str | None) -> str | None:
        try:
            return value if value is None else ZoneInfo(value).key
        except (ValueError, LookupError, OSError):
            raise ValueError("no such time zone; Asia/Ho_Chi_Minh, say") from None


class TimeRule(Timed):
    """When it happened."""

    column: str


class Condition(_Table):
    """The event is there only for rows for which this holds."""

    column: str
    present: bool | None = None
    equals: str | None = None
    one_of: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if [self.present, self.equals, self.one_of].count(None) != 2:
            raise ValueError("needs exactly one of present, equals, one_of")
        return self

    def holds(self, row: Row) -> bool:
        """Whether it holds for this row."""
        cell = row[self.column]
        if self.present is not None:
            return bool(cell.strip()) is self.present
        return cell == self.equals if self.equals is not None else cell in (self.one_of or ())


class FieldRule(Timed):
    """One field of the event's data: from a column, from a template, or always the same."""

    column: str | None = None
    template: str | None = None
    value: Constant | None = None
    type: Literal["text", "bool", "int", "float", "datetime"] = "text"
    values: dict[str, Constant] | None = None
    default: Constant | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if [self.column, self.template, self.value].count(None) != 2:
            raise ValueError("needs exactly one of column, template, value")
        if self.column is None and self.model_fields_set & {"type", "values", "default", "format", "zone"}:
            raise ValueError("type, values, default, format and zone go with column only")
        return self


class EventRule(_Table):
    """One event that a row, or a group of rows, gives."""

    type: str
    id: str
    subject: str
    time: TimeRule
    when: tuple[Condition, ...] = ()
    data: dict[str, FieldRule] = {}

    def columns(self) -> Iterator[str]:
        """Every column that this rule reads."""
        yield from PLACEHOLDER.findall(self.id) + PLACEHOLDER.findall(self.subject)
        yield self.time.column
        yield from (condition.column for condition in self.when)
        for rule in self.data.values():
            yield from PLACEHOLDER.findall(rule.template or "") + ([rule.column] if rule.column else [])


class _Head(_Table):
    system: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    key: tuple[str, ...] = Field(min_length=1)
    rows: Literal["all", "first"] = "all"
    csv: CsvOptions = CsvOptions()


@dataclass(frozen=True)
class Mapping:
    """A mapping that has passed every check; `name` is its file's, and the state file's, name."""

    name: str
    system: str
    key: tuple[str, ...]
    rows: Literal["all", "first"]
    csv: CsvOptions
    rules: tuple[EventRule, ...]

    def columns(self) -> set[str]:
        """Every column that must be in the CSV file."""
        return {*self.key, *(column for rule in self.rules for column in rule.columns())}


def load_mapping(path: Path) -> Mapping:
    """Read a mapping.

    Raises:
        MappingError: every mistake in it: file, line where known, key, what was found, what is allowed.
    """
    file = TomlFile.read(path.parent, path.name)
    content = dict(file.content)
    entries = content.pop("events", None)
    head = file.parse(_Head, content) if file.readable else None
    rules: list[EventRule | None] = []
    if isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries):
        for number, entry in enumerate(entries):
            rules.append(_parse_rule(file, number, entry))
            _check_names(file, number, entry)
            _check_id(file, number, entry.get("id"), content.get("key"))
    elif file.readable:
        file.problem(("events",), "at least one [[events]] table is needed")
    if file.problems or head is None:
        raise MappingError("the mapping is wrong:\n" + "\n".join(str(problem) for problem in file.problems))
    return Mapping(path.stem, head.system, head.key, head.rows, head.csv, tuple(rule for rule in rules if rule))


def _parse_rule(file: TomlFile, number: int, entry: dict[str, Any]) -> EventRule | None:
    """One [[events]] table. Its parts are parsed one by one, so that each mistake is told where it stands."""
    content, at = dict(entry), ("events", number)
    when, data = content.pop("when", []), content.pop("data", {})
    if not isinstance(data, dict):
        file.problem((*at, "data"), "is a table, [events.data], with one entry a field")
        data = {}
    conditions = [file.parse(Condition, part, (*at, "when")) for part in (when if isinstance(when, list) else [when])]
    fields = {name: file.parse(FieldRule, part, (*at, "data", name)) for name, part in data.items()}
    rule = file.parse(EventRule, content, at)
    if rule is None:
        return None
    return rule.model_copy(
        update={
            "when": tuple(condition for condition in conditions if condition),
            "data": {name: part for name, part in fields.items() if part},
        }
    )


def _check_names(file: TomlFile, number: int, entry: dict[str, Any]) -> None:
    """The event type and its fields exist, and no field that it needs is left out."""
    at, name, data = ("events", number), entry.get("type"), entry.get("data", {})
    if not isinstance(name, str) or not isinstance(data, dict):
        return
    if name not in BY_NAME:
        file.problem((*at, "type"), f'"{name}" is no event type{choice(name, sorted(BY_NAME))}')
        return
    fields = BY_NAME[name].model_fields
    for found in data:
        if found not in fields:
            file.problem((*at, "data", found), f"is not a field of {name}{choice(found, fields)}")
    for needed, info in fields.items():
        if info.is_required() and needed not in data:
            file.problem((*at, "data", needed), f"is missing: {name} cannot do without it")


def _check_id(file: TomlFile, number: int, template: object, key: object) -> None:
    # More than the key would make another event of a corrected row, less would make one event of two rows.
    if isinstance(template, str) and isinstance(key, list) and set(PLACEHOLDER.findall(template)) != set(map(str, key)):
        columns = ", ".join(f"{{{column}}}" for column in key)
        file.problem(("events", number, "id"), f'"{template}" must be made of the columns of key, no others: {columns}')


def missing_columns(mapping: Mapping, header: Iterable[str]) -> list[str]:
    """Columns that the mapping reads and the file does not have."""
    return sorted(mapping.columns() - set(header))
