"""What the catalogue says about time: office hours, days off, limits. All of it that enters a fold is `Rules`."""

import datetime
import json
import re
from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.catalogue.toml_files import guess
from schemas.catalogue.toml_table import AgencyCode, Name, Table, each_once
from schemas.timekeeping.working_time import LIMIT_PATTERN, UNITS

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Channel = Literal["online", "counter", "post", "email", "internal"]

_HOURS = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)")


def _limit(text: str) -> str:
    if not LIMIT_PATTERN.fullmatch(text):
        number = re.match("[1-9][0-9]{0,3}", text)
        possible = [f"{number[0]} {unit}" for unit in UNITS] if number else []
        close = guess(text, possible, otherwise='; an example: "7 working_days"')
        raise ValueError(f"not a number from 1 to 9999 and one of {', '.join(UNITS)}{close}")
    return text


def _week(days: list[Weekday]) -> list[Weekday]:
    return sorted(each_once(days), key=get_args(Weekday).index)


def _ascending(spans: list[str]) -> list[str]:
    before = ""
    for span in spans:
        if not _HOURS.fullmatch(span):
            raise ValueError(f'"{span}" is not of the form "07:00-11:30"')
        begin, end = span.split("-")
        if begin >= end:
            raise ValueError(f'"{span}" ends before it begins')
        if begin < before:
            raise ValueError(f'"{span}" begins before {before}, where the hours before it end')
        before = end
    return spans


Spans = Annotated[list[str], AfterValidator(_ascending), Field(min_length=1)]
"""`HH:MM-HH:MM` of one local day, ascending; `24:00` is midnight at the end of the day."""


class OfficeHours(Table):
    """When an office works, in local time: on each of the days, within each of the hours."""

    since: datetime.date | None = None
    """The local day from which this is the week, with the others that say the same day. None: until the first of
    those that say since when."""
    days: Annotated[list[Weekday], AfterValidator(_week)] = Field(min_length=1)
    hours: Spans


def _listed(value: object) -> object:
    """A single table stands for a list of one."""
    return value if isinstance(value, list) else [value]


def _weeks(weeks: list[OfficeHours]) -> list[OfficeHours]:
    """A validator: from each day on every weekday has its hours once, and there is a week before the first change."""
    if all(hours.since for hours in weeks):
        raise ValueError("each of them says since when: leave it out of those of the week before the first change")
    said = [(str(hours.since or ""), day) for hours in weeks for day in hours.days]
    if twice := sorted({f"{day}{since and f' since {since}'}" for since, day in said if said.count((since, day)) > 1}):
        raise ValueError(f"{', '.join(twice)}: more than once")
    return sorted(weeks, key=lambda one: (one.since or datetime.date.min, get_args(Weekday).index(one.days[0])))


Weeks = Annotated[list[OfficeHours], BeforeValidator(_listed), AfterValidator(_weeks), Field(min_length=1)]
"""The hours of the week, and of the weeks from later days on; one table, or a list of them."""


class CalendarEntry(Table):
    """A `[[day_off]]`, or a `[[working_day]]` made up for on what would be free, of `calendar.toml`."""

    date: datetime.date
    name: Name
    since: datetime.date | None = None
    """The local day from which it counts: what was counted before, went by the calendar of before. None: always."""
    agencies: Annotated[list[AgencyCode], AfterValidator(each_once), AfterValidator(sorted)] = Field(
        default_factory=list
    )
    """Only these, not what comes under them. Empty: the whole province."""
    hours: Spans | None = None
    """Of a day off: only these are off. Of a working day: it is worked in these, whatever its weekday's are."""


class Limits(Table):
    """How long a procedure may take, by the channel it was asked for through: `7 working_days`.

    A channel that is not named has the limit of `any`; where there is neither, there is no limit. An hour is an hour
    of office hours.
    """

    since: datetime.date | None = None
    """The local day from which these count. None: until the first of those that say since when."""
    online: Annotated[str, AfterValidator(_limit)] | None = None
    counter: Annotated[str, AfterValidator(_limit)] | None = None
    post: Annotated[str, AfterValidator(_limit)] | None = None
    email: Annotated[str, AfterValidator(_limit)] | None = None
    internal: Annotated[str, AfterValidator(_limit)] | None = None
    any: Annotated[str, AfterValidator(_limit)] | None = None


def from_earliest(limits: Iterable[Limits]) -> list[Limits]:
    """In the order in which they came to count."""
    return sorted(limits, key=lambda one: one.since or datetime.date.min)


FOLD = 5
"""Raised whenever the same events under the same catalogue are to come to other counters: `opscentre migrate` then
makes all that follows from the archive anew."""


class CalendarRule(Table):
    """A day that is off, or is worked on, against the days of the week; as in `CalendarEntry`."""

    date: datetime.date
    off: bool
    since: datetime.date | None
    agencies: list[AgencyCode]
    hours: list[str] | None = None


class Succession(Table):
    """An agency that ends, and who takes over from it what is open."""

    agency: AgencyCode
    since: datetime.date
    """The successor's first local day."""
    successor: AgencyCode


class Rules(Table):
    """What of the catalogue enters a fold of cases, and nothing else: the same rules give the same counters.

    Equal content gives equal JSON, whatever the order in the files. Names are not part of it.
    """

    fold: int = 1
    """`FOLD` of the software that they were written by."""
    zone: str
    office_hours: list[OfficeHours]
    agency_hours: dict[str, list[OfficeHours]]
    """Of the agencies that have office hours of their own, by code."""
    calendar: list[CalendarRule]
    limits: dict[str, list[Limits]]
    """By the procedure's code, each from its earliest on; a procedure without any limit is left out."""
    successions: list[Succession] = Field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> "Rules":
        """Rules from their JSON; earlier versions wrote one table of office hours where there is a list now."""
        content = json.loads(text)
        own = content["agency_hours"]
        content |= {
            "office_hours": _listed(content["office_hours"]),
            "agency_hours": {code: _listed(hours) for code, hours in own.items()},
        }
        return cls.model_validate_json(json.dumps(content))
