"""What is to be simulated: where, when, how much, and how badly the systems behave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.catalogue.load import Catalogue
from schemas.catalogue.model import Agency, Level, Procedure, System

DOSSIERS, OFFICE, STATIONS, TOURISM = "one-stop", "e-office", "telecom", "tourism"
POLICE, POPULATION = "police-ops", "population"

LOOKBACK = timedelta(days=2 * 365)
"""How far a simulation goes back before its start: tasks and readings of the programme, stations on the air."""


@dataclass(frozen=True)
class Site:
    """An agency; degrees WGS 84 where it is shown on a map."""

    code: str
    latitude: float | None = None
    longitude: float | None = None
    commune: bool = True


@dataclass(frozen=True)
class SimulatedProcedure:
    """A procedure, of its `field`; `limits` by channel as the catalogue has them, such as `7 working_days`."""

    code: str
    field: str
    level: Level
    limits: Mapping[str, str]

    def limit(self, channel: str) -> str | None:
        """The limit of a channel, where there is one."""
        return self.limits.get(channel) or self.limits.get("any")


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
    """How many begin on a working day in the whole province; on days off a tenth of it, in tourism twice as many."""

    dossiers: int = 1000
    signatures: int = 1500
    workfiles: int = 1200
    stations: int = 1
    incidents: int = 15
    violations: int = 40
    credentials: int = 60
    authentications: int = 300
    services: int = 250
    """Uses of the digital tourism product."""
    officers: int = 12
    """Officers an agency, all enrolled when the simulation begins; besides them one who leaves later."""
    stations_before: int = 120
    """Stations on the air before the simulation begins, activated over the year before it."""
    past: bool = True
    """Whether what the programme brought before the simulation begins is told; not where it was told already."""


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
        services=-(-dossiers // 4),
    )


@dataclass(frozen=True)
class Plan:
    """A simulation. The same plan gives the same records, byte for byte.

    `start`, `end` and `live_from` know their zone; days and office hours are those of `start`'s offset from UTC.
    From `live_from` on things begin evenly, day and night, `live_rate` a second, instead of by `volumes`.
    `agencies` are those that act in each system, by its id, and `assignees` the codes of those to which the programme
    assigns what the system tells of: the first leads, and reports the readings.
    """

    seed: int
    start: datetime
    end: datetime
    agencies: Mapping[str, Sequence[Site]]
    assignees: Mapping[str, Sequence[str]] = field(default_factory=dict)
    procedures: Sequence[SimulatedProcedure] = ()
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

    @property
    def today(self) -> date:
        """The day around which the programme's targets lie; it tells its events from those of another day's plan."""
        return (self.live_from or self.end).astimezone(self.start.tzinfo).date()


class SimulatedRecord(NamedTuple):
    """One record to be published.

    `at` is when, in seconds since 1970; records come in this order. `event` is None and `broken` the reason code
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
    """A plan for a catalogue's province: its procedures, and its agencies as far as they are granted to the systems.

    Only agencies that stand all the time from LOOKBACK before `start` until `end` act in it.

    Args:
        catalogue: of the province.
        seed: another one gives other events.
        start: when history begins; knows its zone, as `end` and `live_from` do.
        end: before which everything is published.
        volumes: how much begins on a working day.
        shares: of what goes wrong at the source.
        live_from: from when on things begin evenly; None: never.
        live_rate: how many begin a second from then on.
    """
    zone = catalogue.zone
    systems = catalogue.systems.values()
    first, last = (start - LOOKBACK).astimezone(zone).date(), end.astimezone(zone).date()
    standing = {code: one for code, one in catalogue.agencies.items() if one.stands(first) and one.stands(last)}
    return Plan(
        seed,
        start.astimezone(zone),
        end.astimezone(zone),
        {system.id: _sites(system, standing) for system in systems},
        {system.id: assignees for system in systems if (assignees := _assignees(system, standing))},
        [_simulated(procedure) for procedure in catalogue.procedures.values()],
        volumes or Volumes(),
        shares or Shares(),
        live_from,
        live_rate,
    )


def _sites(system: System, agencies: Mapping[str, Agency]) -> list[Site]:
    """Where a system's events happen: in departments, with the police, in communes, as far as it is granted these."""
    sites = [
        Site(
            agency.code,
            agency.centre.latitude if agency.centre else None,
            agency.centre.longitude if agency.centre else None,
            agency.kind == "commune",
        )
        for code, agency in agencies.items()
        if code in system.agencies and agency.kind in {"department", "police", "commune"}
    ]
    if system.id == STATIONS:
        return [site for site in sites if site.commune and site.latitude is not None]
    return sites


def _assignees(system: System, agencies: Mapping[str, Agency]) -> list[str]:
    """The system's owner, then what else stands beside the communes, as far as it is granted these."""
    granted = sorted(agencies.keys() & system.agencies, key=lambda code: (code != system.owner, code))
    beside = [code for code in granted if code == system.owner or agencies[code].kind not in {"province", "commune"}]
    return beside or granted[:1]


def _simulated(procedure: Procedure) -> SimulatedProcedure:
    limits = procedure.limits[-1].model_dump(exclude={"since"}, exclude_none=True) if procedure.limits else {}
    return SimulatedProcedure(procedure.code, procedure.field, procedure.level, limits)
