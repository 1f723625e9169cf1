"""What the police and the population system live through: incidents, violations, credentials, authentications."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import POLICE, POPULATION, Plan, Site
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

CATEGORIES = ("public_order",) * 4 + ("traffic_accident",) * 3 + ("fire", "other")
FIELDS = ("traffic",) * 8 + ("public_order", "fire_safety", "other")
OUTCOMES = ("fined",) * 7 + ("warned", "transferred", "dismissed")
CREDENTIALS = ("health_record",) * 4 + ("judicial_record",) * 3 + ("electronic_identity", "identity_card")
MEANS = ("vneid",) * 6 + ("identity_card", "other")
ON_TIME, EXTENDED, REOPENED, REFUSED = 0.85, 0.02, 0.02, 0.04
WITHOUT_DUE_TIME = 0.1
"""Of the credentials: nobody says when they are due, and no procedure's limit does."""


class Security:
    """Makes the events of the two systems; of one that nobody acts in, none."""

    def __init__(self, plan: Plan, factory: EventFactory) -> None:
        self._police = plan.agencies.get(POLICE, ())
        self._population = plan.agencies.get(POPULATION, ())
        self._factory = factory
        self._event, self._clock, self._random = factory.event, factory.clock, factory.random
        self._serial = 0

    def incident(self, time: int) -> Iterator[SimulatedEvent]:
        """An incident, due within the hour or two, and perhaps reopened once it was settled."""
        site = self._one(self._police)
        if site is None:
            return
        due = time + 1800 + self._factory.below(5400)
        data: dict[str, Any] = {"agency": site.code, "category": self._factory.choice(CATEGORIES)}
        if site.latitude is not None:
            data |= {"latitude": site.latitude, "longitude": site.longitude}
        subject, mine = self._subject("SV", time), {"agency": site.code}
        yield self._event(POLICE, "incident.reported", subject, time, {**data, "due_at": self._clock.text(due)})
        due = yield from self._extended(POLICE, "incident", subject, due, 3600, mine)
        settled = self._settled(time + 300, due, 7200)
        yield self._event(POLICE, "incident.settled", subject, settled, mine)
        if self._random.random() < REOPENED:
            data = {**mine, "due_at": self._clock.text(settled + 3600)} if self._factory.chance(0.5) else mine
            yield self._event(POLICE, "incident.reopened", subject, settled + 600, data)
            yield self._event(POLICE, "incident.settled", subject, settled + 1800 + self._factory.below(3600), mine)

    def violation(self, time: int) -> Iterator[SimulatedEvent]:
        """A violation, to be decided within a week."""
        site = self._one(self._police)
        if site is None:
            return
        due = self._clock.midnight(self._clock.day(time) + 7) + 17 * 3600
        subject, field = self._subject("BB", time), self._factory.choice(FIELDS)
        data = {"agency": site.code, "field": field, "due_at": self._clock.text(due)}
        yield self._event(POLICE, "violation.recorded", subject, time, data)
        mine = {"agency": site.code}
        due = yield from self._extended(POLICE, "violation", subject, due, 7 * DAY, mine)
        settled, ending = self._settled(time + 3600, due, 5 * DAY), {**mine, "outcome": self._factory.choice(OUTCOMES)}
        yield self._event(POLICE, "violation.settled", subject, settled, ending)
        if self._random.random() < REOPENED:
            yield self._event(POLICE, "violation.reopened", subject, settled + DAY, mine)
            yield self._event(POLICE, "violation.settled", subject, settled + DAY + self._factory.below(DAY), ending)

    def credential(self, time: int) -> Iterator[SimulatedEvent]:
        """A credential asked for, issued or refused within ten days."""
        site = self._one(self._population)
        if site is None:
            return
        due = self._clock.midnight(self._clock.day(time) + 10) + 17 * 3600
        subject, kind = self._subject("GT", time), self._factory.choice(CREDENTIALS)
        data = {"agency": site.code, "credential": kind}
        said = self._random.random() >= WITHOUT_DUE_TIME
        if said:
            data["due_at"] = self._clock.text(due)
        yield self._event(POPULATION, "credential.requested", subject, time, data)
        mine = {"agency": site.code}
        if said:
            due = yield from self._extended(POPULATION, "credential", subject, due, 5 * DAY, mine)
        name = "credential.refused" if self._random.random() < REFUSED else "credential.issued"
        settled = self._settled(time + 3600, due, 6 * DAY)
        yield self._event(POPULATION, name, subject, settled, mine)
        if self._random.random() < REOPENED:
            yield self._event(POPULATION, "credential.reopened", subject, settled + DAY, mine)
            yield self._event(POPULATION, "credential.issued", subject, settled + 2 * DAY, mine)

    def authentication(self, time: int) -> Iterator[SimulatedEvent]:
        """An electronic authentication."""
        site = self._one(self._population)
        if site is not None:
            data = {"agency": site.code, "means": self._factory.choice(MEANS)}
            yield self._event(POPULATION, "identity.authenticated", self._subject("XT", time), time, data)

    def _extended(
        self, system: str, kind: str, subject: str, due: int, longer: int, mine: dict[str, Any]
    ) -> Generator[SimulatedEvent, None, int]:
        """For some there is more time, shortly before it is over; return until when."""
        if self._random.random() >= EXTENDED:
            return due
        data = {**mine, "due_at": self._clock.text(due + longer)}
        yield self._event(system, f"{kind}.extended", subject, due - 60, data)
        return due + longer

    def _settled(self, first: int, due: int, late: int) -> int:
        """When it is settled: in time for most, else up to `late` seconds after."""
        if self._random.random() < ON_TIME:
            return first + self._factory.below(max(1, due - first))
        return due + DAY // 2 + self._factory.below(late)

    def _subject(self, prefix: str, time: int) -> str:
        self._serial += 1
        return f"{prefix}-{self._clock.short(time)}-{self._random.randrange(16**6):06x}{self._serial}"

    def _one(self, sites: Sequence[Site]) -> Site | None:
        return self._factory.choice(sites) if sites else None
