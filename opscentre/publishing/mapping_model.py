"""What a mapping may say: its tables, each checked by itself."""

import codecs
import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from opscentre.publishing.times import ISO, formats_mistake, has_offset
from opscentre.publishing.words import tidy, word
from schemas.catalogue.toml_files import choice
from schemas.events import BY_TYPE, SYSTEMS
from schemas.events.effects import Event

BY_NAME: dict[str, type[Event]] = {cls.name: cls for cls in BY_TYPE.values()}
Row = MappingABC[str, str]
Constant = str | bool | int | float

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
"""A column's name within a template."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Decimal = Literal[",", "."]
NO_TEXT = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
"""Python's codecs by these names are for other things than files."""


class CsvOptions(_Table):
    """How the file is written."""

    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    skip: int = Field(default=0, ge=0, le=1000)
    empty: tuple[str, ...] = ()
    decimal: Decimal | None = None

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name.replace("_", "-")
            "".encode(value)
        except (LookupError, ValueError):
            name = "undefined"
        if name in NO_TEXT:
            raise ValueError("no such encoding; utf-8-sig (UTF-8 with or without a mark), utf-16 or cp1258, say")
        return value

    @field_validator("delimiter")
    @classmethod
    def _tells_cells_apart(cls, value: str) -> str:
        if value.isalnum() or value in '"\r\n\0 ':
            raise ValueError('stands between cells: ",", ";", "|" or "\\t" (a tab), say')
        return value

    @cached_property
    def empties(self) -> set[str]:
        """What stands for nothing, as words."""
        return {word(text) for text in self.empty}

    def cell(self, text: str) -> str:
        """A cell as it is meant; empty where it says that it is."""
        cell = tidy(text)
        return "" if self.empties and word(cell) in self.empties else cell


class Timed(_Table):
    """How a column writes times; `zone` is for those without an offset from UTC."""

    format: tuple[str, ...] = (ISO,)
    zone: str | None = None

    @field_validator("format", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("format")
    @classmethod
    def _reads_times(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := formats_mistake(value):
            raise ValueError(wrong)
        return value

    @field_validator("zone")
    @classmethod
    def _zone_known(cls, value: str | None) -> str | None:
        try:
            return value if value is None else ZoneInfo(value).key
        except (ValueError, LookupError, OSError):
            raise ValueError("no such time zone; Asia/Ho_Chi_Minh, say") from None

    @model_validator(mode="after")
    def _zone_given(self) -> Self:
        if self.zone is None and not all(map(has_offset, self.format)):
            raise ValueError('times of this format have no offset from UTC: add `zone`, such as "Asia/Ho_Chi_Minh"')
        return self


class TimeRule(Timed):
    """When it happened."""

    column: str


class Condition(_Table):
    """The event is there only for rows for which this holds; `others` are what else the column may say."""

    column: str
    present: bool | None = None
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    others: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if [self.present, self.equals, self.one_of].count(None) != 2:
            raise ValueError("needs exactly one of present, equals, one_of")
        if self.present is not None and self.others:
            raise ValueError("others goes with equals and one_of only")
        if both := self.words & set(map(word, self.others)):
            raise ValueError(f"{sorted(both)} cannot be among the others, too")
        return self

    @cached_property
    def words(self) -> set[str]:
        """What the column may say for it to hold; none where it is asked whether it says anything."""
        given = (self.equals,) if self.equals is not None else self.one_of or ()
        return {word(text) for text in given}

    def holds(self, row: Row) -> bool:
        """Whether it holds for this row."""
        cell = row[self.column]
        return bool(cell) is self.present if self.present is not None else word(cell) in self.words


class FieldRule(Timed):
    """One field of the event's data: from a column, from a template, or always the same."""

    column: str | None = None
    template: str | None = None
    value: Constant | None = None
    type: Literal["text", "bool", "int", "float", "datetime"] = "text"
    values: dict[str, Constant] | None = None
    default: Constant | None = None
    decimal: Decimal | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if [self.column, self.template, self.value].count(None) != 2:
            raise ValueError("needs exactly one of column, template, value")
        given = self.model_fields_set
        if self.column is None and given & {"type", "values", "default", "format", "zone", "decimal"}:
            raise ValueError("type, values, default, format, zone and decimal go with column only")
        if self.type != "datetime" and given & {"format", "zone"}:
            raise ValueError('format and zone go with type = "datetime" only')
        if self.type not in ("int", "float") and "decimal" in given:
            raise ValueError('decimal goes with type = "int" or "float" only')
        return self

    @field_validator("values")
    @classmethod
    def _told_apart(cls, value: dict[str, Constant] | None) -> dict[str, Constant] | None:
        seen: dict[str, str] = {}
        for text, meaning in (value or {}).items():
            other = seen.setdefault(word(text), text)
            if value and value[other] != meaning:
                raise ValueError(f'"{other}" and "{text}" differ in blanks only, and mean different things')
        return value

    @cached_property
    def meanings(self) -> dict[str, Constant]:
        """`values`, by word."""
        return {word(text): meaning for text, meaning in (self.values or {}).items()}

    def constants(self) -> Iterator[Constant]:
        """Everything that it may give whatever a row says."""
        yield from (self.values or {}).values()
        yield from (one for one in (self.value, self.default) if one is not None)


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


class Head(_Table):
    """What stands above the events."""

    system: str
    key: tuple[str, ...] = Field(min_length=1)
    rows: Literal["all", "first"] = "all"
    csv: CsvOptions = CsvOptions()

    @field_validator("system")
    @classmethod
    def _has_events(cls, value: str) -> str:
        if value not in SYSTEMS:
            raise ValueError(f"no system that has events{choice(value, sorted(SYSTEMS))}")
        return value


@dataclass(frozen=True)
class Mapping:
    """A mapping that has passed every check; `name` is its file's, and the state file's, name."""

    name: str
    system: str
    key: tuple[str, ...]
    rows: Literal["all", "first"]
    csv: CsvOptions
    rules: tuple[EventRule, ...]

    @cached_property
    def columns(self) -> set[str]:
        """Every column that must be in the CSV file."""
        return {*self.key, *(column for rule in self.rules for column in rule.columns())}

    @cached_property
    def states(self) -> dict[str, set[str]]:
        """Column → every word of it that the mapping knows, by a condition or by a table of `values`."""
        known: dict[str, set[str]] = {}
        for rule in self.rules:
            for condition in rule.when:
                known.setdefault(condition.column, set()).update(condition.words, map(word, condition.others))
            for part in rule.data.values():
                known.setdefault(part.column or "", set()).update(part.meanings)
        return known
