"""What a catalogue says, as models: the province, its agencies, its systems and what each system may say."""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from schemas.topics import topic_name

Kind = Literal["province", "department", "commune"]
# Capitals and digits only, so that a code is never taken for a kind where a system's grants name either.
AgencyCode = Annotated[str, Field(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Table(BaseModel):
    """A table of a file: a key that it does not know is a mistake, not a comment."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Name(Table):
    """A name as the screens show it."""

    vi: Text
    en: Text


class Point(Table):
    """A place on the map, WGS 84."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Province(Table):
    """`province.toml`."""

    code: AgencyCode
    zone: str
    name: Name


class Agency(Table):
    """A unit that owes or does something: an `[[agency]]` of `agencies.toml`."""

    code: AgencyCode
    parent: str | None = None
    kind: Kind
    name: Name
    centre: Point | None = None


class Grants(Table):
    """`systems/<id>.toml` as it is written; `System` is the same with its agencies looked up."""

    owner: str
    events: list[str] = Field(min_length=1)
    agencies: list[str] = Field(min_length=1)
    partitions: int = Field(ge=1, le=1000)
    name: Name


@dataclass(frozen=True)
class System:
    """A system that publishes events, and what it may say: `events` by name, `agencies` by code."""

    id: str
    name: Name
    owner: str
    events: frozenset[str]
    agencies: frozenset[str]
    partitions: int

    @property
    def topic(self) -> str:
        """The topic that it writes to."""
        return topic_name(self.id)

    def granted(self, event_name: str) -> bool:
        """Whether it may publish events of this name."""
        return event_name in self.events


@dataclass(frozen=True)
class Catalogue:
    """A catalogue without mistakes. `agencies` by code, `systems` by id."""

    province: Province
    agencies: dict[str, Agency]
    systems: dict[str, System]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that days begin and end in."""
        return ZoneInfo(self.province.zone)

    @cached_property
    def version(self) -> str:
        """Hash of all that the catalogue says; comments, layout and order are not part of it."""
        content = {
            "province": self.province.model_dump(),
            "agencies": {code: agency.model_dump() for code, agency in self.agencies.items()},
            "systems": {id_: _plain(system) for id_, system in self.systems.items()},
        }
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _plain(system: System) -> dict[str, object]:
    return {
        "name": system.name.model_dump(),
        "owner": system.owner,
        "events": sorted(system.events),
        "agencies": sorted(system.agencies),
        "partitions": system.partitions,
    }
