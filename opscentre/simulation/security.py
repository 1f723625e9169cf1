"""What the police and the population system live through: incidents, violations, credentials, authentications."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from opscentre.simulation.plan import POLICE, POPULATION, Place
from opscentre.simulation.texts import DAY, Clock


class Happening(NamedTuple):
    """An event, and when it happened (seconds since 1970)."""

    time: int
    system: str
    event: dict[str, Any]


Make = Callable[[str, str, str, int, dict[str, Any]], Happening]
"""Makes a happening of system, event name, subject, time and data."""

CATEGORIES = ("public_order",) * 4 + ("traffic_accident",) * 3 + ("fire", "other")
FIELDS = ("traffic",) * 8 + ("public_order", "fire_safety", "other")
OUTCOMES = ("fined",) * 7 + ("warned", "transferred", "dismissed")
CREDENTIALS = ("health_record",) * 4 + ("judicial_record",) * 3 + ("electronic_identity", "identity_card")
MEANS = ("vneid",) * 6 + ("identity_card", "other")
ON_TIME, REOPENED, REFUSED = 0.85, 0.02, 0.04


class Security:
    """Makes their happenings; `random` is the province's, so that the calls' order is part of the plan."""

    def __init__(
        self, police: Sequence[Place], population: Sequence[Place], random: Random, clock: Clock, make: Make
    ) -> None:
        self._police = police
        self._population = population
        self._random = random
        self._clock = clock
        self._make = make
        self._serial = 0

    def incident(self, time: int) -> Iterator[Happening]:
        """An incident, due within the hour or two, and perhaps reopened once it was settled."""
        place = self._one(self._police)
        if place is None:
            return
        due = time + 1800 + self._below(5400)
        data: dict[str, Any] = {"agency": place.code, "category": CATEGORIES[self._below(len(CATEGORIES))]}
        if place.latitude is not None:
            data |= {"latitude": place.latitude, "longitude": place.longitude}
        subject, mine = self._subject("SV", time), {"agency": place.code}
        yield self._make(POLICE, "incident.reported", subject, time, {**data, "due_at": self._clock.text(due)})
        settled = self._settled(time + 300, due, 7200)
        yield self._make(POLICE, "incident.settled", subject, settled, mine)
        if self._random.random() < REOPENED:
            yield self._make(POLICE, "incident.reopened", subject, settled + 600, mine)
            yield self._make(POLICE, "incident.settled", subject, settled + 1800 + self._below(3600), mine)

    def violation(self, time: int) -> Iterator[Happening]:
        """A violation, to be decided within a week."""
        place = self._one(self._police)
        if place is None:
            return
        due = self._clock.midnight(self._clock.day(time) + 7) + 17 * 3600
        subject, field = self._subject("BB", time), FIELDS[self._below(len(FIELDS))]
        data = {"agency": place.code, "field": field, "due_at": self._clock.text(due)}
        yield self._make(POLICE, "violation.recorded", subject, time, data)
        outcome = OUTCOMES[self._below(len(OUTCOMES))]
        settled = self._settled(time + 3600, due, 5 * DAY)
        yield self._make(POLICE, "violation.settled", subject, settled, {"agency": place.code, "outcome": outcome})

    def credential(self, time: int) -> Iterator[Happening]:
        """A credential asked for, issued or refused within ten days."""
        place = self._one(self._population)
        if place is None:
            return
        due = self._clock.midnight(self._clock.day(time) + 10) + 17 * 3600
        subject, kind = self._subject("GT", time), CREDENTIALS[self._below(len(CREDENTIALS))]
        data = {"agency": place.code, "credential": kind, "due_at": self._clock.text(due)}
        yield self._make(POPULATION, "credential.requested", subject, time, data)
        name = "credential.refused" if self._random.random() < REFUSED else "credential.issued"
        settled = self._settled(time + 3600, due, 6 * DAY)
        yield self._make(POPULATION, name, subject, settled, {"agency": place.code})

    def authentication(self, time: int) -> Iterator[Happening]:
        """An electronic authentication."""
        place = self._one(self._population)
        if place is not None:
            data = {"agency": place.code, "means": MEANS[self._below(len(MEANS))]}
            yield self._make(POPULATION, "identity.authenticated", self._subject("XT", time), time, data)

    def _settled(self, first: int, due: int, late: int) -> int:
        """When it is settled: in time for most, else up to `late` seconds after."""
        if self._random.random() < ON_TIME:
            return first + self._below(max(1, due - first))
        return due + DAY // 2 + self._below(late)

    def _subject(self, prefix: str, time: int) -> str:
        self._serial += 1
        return f"{prefix}-{self._clock.short(time)}-{self._random.randrange(16**6):06x}{self._serial}"

    def _one(self, places: Sequence[Place]) -> Place | None:
        return places[self._below(len(places))] if places else None

    def _below(self, number: int) -> int:
        return int(self._random.random() * number)
