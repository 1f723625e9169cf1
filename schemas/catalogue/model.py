"""What a catalogue says, as models: the province, its agencies, its systems, its calendar and its procedures.

`schemas.catalogue.indicators` has its indicators.
"""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from schemas.catalogue.indicators import Indicator
from schemas.catalogue.rules import (
    FOLD,
    CalendarEntry,
    CalendarRule,
    Limits,
    OfficeHours,
    Rules,
    Succession,
    Weeks,
    from_earliest,
)
from schemas.catalogue.toml_table import AgencyCode, Language, Name, Table, each_once
from schemas.topics import topic_name

Kind = Literal["province", "department", "commune", "police", "party", "organisation"]
Level = Literal["province", "commune", "both"]


class Point(Table):
    """A place on the map, WGS 84."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Province(Table):
    """`province.toml`."""

    code: AgencyCode
    zone: str
    languages: Annotated[list[Language], AfterValidator(each_once)] = Field(min_length=1)
    """Languages of the screens, the usual one first."""
    name: Name
    office_hours: Weeks


class Agency(Table):
    """A unit that owes or does something: an `[[agency]]` of `agencies.toml`."""

    code: AgencyCode
    parent: str | None = None
    kind: Kind
    name: Name
    centre: Point | None = None
    office_hours: Weeks | None = None
    """None: the province's."""
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None
    """The last local day on which it stands."""
    successor: str | None = None
    """Code of the unit that takes over on the day after."""

    def stands(self, day: datetime.date) -> bool:
        """Whether it stands on a local day."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class ProcedureField(Table):
    """A field of administration (lĩnh vực), by which procedures are grouped: a `[[field]]` of `procedures.toml`."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
    name: Name


class Procedure(Table):
    """An administrative procedure (thủ tục hành chính): a `[[procedure]]` of `procedures.toml`."""

    code: Annotated[str, Field(pattern=r"^[0-9]\.[0-9]{6}(\.[A-Z0-9]+)?$")]
    name: Name
    field: str
    level: Level
    limits: Annotated[list[Limits], AfterValidator(from_earliest)] = Field(default_factory=list)


class Grants(Table):
    """`systems/<id>.toml` as it is written; `System` is the same with its agencies looked up."""

    owner: str
    events: list[str] = Field(min_length=1)
    agencies: list[str] = Field(min_length=1)
    partitions: int = Field(ge=1, le=1000)
    cadence: int = Field(ge=1, le=1000)
    name: Name


def _true(value: bool) -> bool:
    if not value:
        raise ValueError("must be true, or left out")
    return value


class Derivation(Table):
    """`systems/<id>.toml` of a system that publishes nothing: what it shows is worked out from the others' events."""

    derived: Annotated[bool, AfterValidator(_true)]
    owner: str
    name: Name


class Validity(NamedTuple):
    """When an agency stands that does not always: from `begin` on, before `end`; microseconds since 1970, UTC."""

    begin: int | None
    end: int | None
    successor: str | None


@dataclass(frozen=True)
class System:
    """A system that publishes events, and what it may say: `events` by name, `agencies` by code.

    `validity` is that of its agencies, by code, that stand for a time only.
    """

    id: str
    name: Name
    owner: str
    events: frozenset[str]
    agencies: frozenset[str]
    partitions: int
    cadence: int
    """Working hours within which it publishes at least once, as long as it is well."""
    validity: Mapping[str, Validity] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The topic that it writes to."""
        return topic_name(self.id)

    def granted(self, event_name: str) -> bool:
        """Whether it may publish events of this name."""
        return event_name in self.events


@dataclass(frozen=True)
class DerivedSystem:
    """A system that publishes nothing, and so has no topic."""

    id: str
    name: Name
    owner: str


@dataclass(frozen=True)
class Catalogue:
    """A catalogue without mistakes: agencies, fields and procedures by code, systems and indicators by id."""

    province: Province
    agencies: dict[str, Agency]
    systems: dict[str, System]
    derived: dict[str, DerivedSystem]
    days_off: list[CalendarEntry]
    working_days: list[CalendarEntry]
    fields: dict[str, ProcedureField]
    procedures: dict[str, Procedure]
    indicators: dict[str, Indicator]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that days begin and end in."""
        return ZoneInfo(self.province.zone)

    @property
    def office_hours(self) -> list[OfficeHours]:
        """The province's; an agency may have its own."""
        return self.province.office_hours

    def later(self, months: int) -> "Catalogue":
        """The same with every target due so many months later."""
        return replace(self, indicators={id_: one.later(months) for id_, one in self.indicators.items()})

    @cached_property
    def rules(self) -> Rules:
        """What enters a fold."""
        own = {code: agency.office_hours for code, agency in sorted(self.agencies.items()) if agency.office_hours}
        calendar = [
            CalendarRule(date=entry.date, off=off, since=entry.since, agencies=entry.agencies, hours=entry.hours)
            for off, entries in ((True, self.days_off), (False, self.working_days))
            for entry in entries
        ]
        return Rules(
            fold=FOLD,
            zone=self.province.zone,
            office_hours=self.office_hours,
            agency_hours=own,
            calendar=sorted(calendar, key=lambda rule: rule.model_dump_json()),
            successions=[
                Succession(agency=code, since=agency.valid_to + datetime.timedelta(days=1), successor=agency.successor)
                for code, agency in sorted(self.agencies.items())
                if agency.valid_to and agency.successor
            ],
            limits={code: one.limits for code, one in sorted(self.procedures.items()) if one.limits},
        )

    @cached_property
    def version(self) -> str:
        """Hash of all that the catalogue says; comments, layout and order are not part of it."""
        content = {
            "fold": FOLD,
            "province": _plain(self.province),
            "agencies": {code: _plain(agency) for code, agency in self.agencies.items()},
            "systems": {id_: _system(system) for id_, system in self.systems.items()},
            "derived": {id_: [_plain(system.name), system.owner] for id_, system in self.derived.items()},
            "days_off": sorted(entry.model_dump_json() for entry in self.days_off),
            "working_days": sorted(entry.model_dump_json() for entry in self.working_days),
            "fields": {code: _plain(field) for code, field in self.fields.items()},
            "procedures": {code: _plain(procedure) for code, procedure in self.procedures.items()},
            "indicators": {id_: _plain(indicator.file) for id_, indicator in self.indicators.items()},
        }
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _plain(table: Table) -> dict[str, Any]:
    return table.model_dump(mode="json")


def _system(system: System) -> dict[str, Any]:
    return {
        "name": _plain(system.name),
        "owner": system.owner,
        "events": sorted(system.events),
        "agencies": sorted(system.agencies),
        "partitions": system.partitions,
        "cadence": system.cadence,
    }
