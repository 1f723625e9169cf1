"""What is to be simulated: where, when, how much, and how badly the systems behave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.catalogues import Catalogue

DOSSIERS, OFFICE, STATIONS = "one-stop", "e-office", "telecom"
POLICE, POPULATION = "police-ops", "population"


@dataclass(frozen=True)
class Place:
    """An agency; degrees WGS 84 where it is shown on a map."""

    code: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class Shares:
    """Shares of all events, 0 to 1, that something happens to. `late` is days, `out_of_order` minutes to hours."""

    duplicates: float = 0.05
    late: float = 0.05
    out_of_order: float = 0.05
    broken: float = 0.01
    corrected: float = 0.02
    retracted: float = 0.005


@dataclass(frozen=True)
class Volumes:
    """How many begin on a working day in the whole province; on days off, a tenth of it."""

    dossiers: int = 1000
    signatures: int = 1500
    workfiles: int = 1200
    stations: int = 1
    incidents: int = 15
    violations: int = 40
    credentials: int = 60
    authentications: int = 300
    officers: int = 12
    """Officers an agency, all enrolled when the simulation begins; besides them one who leaves later."""
    stations_before: int = 120
    """Stations on the air before the simulation begins, activated over the year before it."""


def volumes_for(dossiers: int) -> Volumes:
    """Volumes of a province that has so many dossiers, the rest in proportion."""
    return Volumes(
        dossiers=dossiers,
        signatures=dossiers * 3 // 2,
        workfiles=dossiers * 6 // 5,
        incidents=-(-dossiers * 15 // 1000),
        violations=-(-dossiers * 4 // 100),
        credentials=-(-dossiers * 6 // 100),
        authentications=-(-dossiers * 3 // 10),
    )


@dataclass(frozen=True)
class Plan:
    """A simulation. The same plan gives the same emissions, byte for byte.

    `start`, `end` and `live_from` know their zone; days and office hours are those of `start`'s offset from UTC.
    From `live_from` on things begin evenly, day and night, `live_rate` a second, instead of by `volumes`.
    """

    seed: int
    start: datetime
    end: datetime
    dossier_agencies: Sequence[Place]
    office_agencies: Sequence[Place]
    communes: Sequence[Place]
    police: Sequence[Place]
    population: Sequence[Place]
    volumes: Volumes = field(default_factory=Volumes)
    shares: Shares = field(default_factory=Shares)
    live_from: datetime | None = None
    live_rate: float = 5.0

    def __post_init__(self) -> None:
        for name in ("start", "end", "live_from"):
            value = getattr(self, name)
            if value is not None and value.tzinfo is None:
                raise ValueError(f"{name} has no zone")

    @property
    def run(self) -> str:
        """Prefix of all event ids: another seed or start must not reuse an id for other content."""
        text = f"{self.seed} {self.start.isoformat()} {self.live_from} {self.volumes} {self.shares} {self.live_rate}"
        return blake2b(text.encode(), digest_size=5).hexdigest()


class Emission(NamedTuple):
    """One record to be published.

    `at` is when, in seconds since 1970; emissions come in this order. `event` is None and `broken` the reason code
    of the dead letter that must come of it, where it is broken.
    """

    at: float
    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    event: dict[str, Any] | None
    broken: str | None


def plan_for(
    catalogue: Catalogue,
    seed: int,
    start: datetime,
    end: datetime,
    *,
    volumes: Volumes | None = None,
    shares: Shares | None = None,
    live_from: datetime | None = None,
    live_rate: float = 5.0,
) -> Plan:
    """A plan for a catalogue's province: its departments and communes, as far as they are granted to the systems."""

    def places(system: str, *kinds: str) -> list[Place]:
        granted = catalogue.systems[system].agencies if system in catalogue.systems else frozenset[str]()
        return [
            Place(agency.code, *((agency.centre.latitude, agency.centre.longitude) if agency.centre else ()))
            for agency in catalogue.agencies.values()
            if agency.code in granted and agency.kind in kinds
        ]

    zone = catalogue.zone
    return Plan(
        seed,
        start.astimezone(zone),
        end.astimezone(zone),
        places(DOSSIERS, "department", "commune"),
        places(OFFICE, "department", "commune"),
        [place for place in places(STATIONS, "commune") if place.latitude is not None],
        places(POLICE, "department", "commune"),
        places(POPULATION, "department", "commune"),
        volumes or Volumes(),
        shares or Shares(),
        live_from,
        live_rate,
    )
