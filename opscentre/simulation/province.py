"""What happens in the province: dossiers, signatures, work files, officers, stations. No faults: see `faults`."""

from collections.abc import Iterator
from random import Random
from typing import Any

from opscentre.simulation.plan import DOSSIERS, OFFICE, STATIONS, Place, Plan
from opscentre.simulation.security import Happening, Security
from opscentre.simulation.texts import DAY, Clock, day_off
from schemas.effects import TYPE_PREFIX
from schemas.envelope import SOURCE_PREFIX, SPECVERSION

OPERATORS = ("viettel", "vinaphone", "mobifone")
CHANNELS = ("online",) * 16 + ("counter",) * 3 + ("post",)
LEVELS = {"online": ("full", "full", "full", "partial")}
APPLICANTS = ("citizen",) * 8 + ("business",) * 2
PROCEDURES = ("2.000815", "2.000884", "1.001193", "1.000894", "2.001009", "1.004222", "1.000656", "2.002226")
LIMIT_DAYS = (5, 7, 10, 10, 15, 15, 20, 30)
"""Days between reception and due time, weighted by repetition, so that processing takes about seven on average."""
RANKS = ("leader", "official") + ("civil_servant",) * 4
REASONS = ("supplement", "supplement", "payment", "other")
ON_TIME = 0.784
WITHOUT_LIMIT = 0.05
SAME_DAY = 0.25
SUSPENDED, EXTENDED, REFUSED, WITHDRAWN, RETURNED = 0.10, 0.02, 0.02, 0.015, 0.8


class Province:
    """Makes events; all chance comes from one generator, so the calls' order is part of the plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.clock = Clock(plan.start)
        self._random = Random(f"{plan.run} province")
        self._run = plan.run
        self._serial = 0
        self._start = int(plan.start.timestamp())
        # Some agencies have ten times the dossiers of others.
        weights = Random(plan.seed)
        self._desks = [p for p in plan.dossier_agencies for _ in range(1 + int(weights.paretovariate(1.2)) % 10)]
        self._security = Security(plan.police, plan.population, self._random, self.clock, self._happening)
        self._officers = [
            (place, f"{place.code}-{number:03d}")
            for place in plan.office_agencies
            for number in range(1, plan.volumes.officers + 1)
        ]

    def before(self) -> Iterator[Happening]:
        """What is there when the simulation begins: officers in service, stations on the air."""
        for place, officer in self._officers:
            rank = RANKS[self._below(len(RANKS))]
            data = {"agency": place.code, "officer": officer, "rank": rank}
            yield self._happening(OFFICE, "officer.enrolled", officer, self._start - DAY * 30, data)
        # Those who will leave sign nothing, so that nobody signs after having left.
        for place in self._plan.office_agencies:
            officer, leaves = f"{place.code}-000", self._start + self._below(300 * DAY)
            data = {"agency": place.code, "officer": officer, "rank": "civil_servant"}
            yield self._happening(OFFICE, "officer.enrolled", officer, self._start - DAY * 30, data)
            data = {"agency": place.code, "officer": officer}
            yield self._happening(OFFICE, "officer.left", officer, leaves, data)
        for _ in range(self._plan.volumes.stations_before if self._plan.communes else 0):
            yield from self._station(self._start - self._below(365 * DAY))

    def day(self, day: int, since: float, until: float) -> Iterator[Happening]:
        """All that begins on a local day from `since` and before `until`, and what comes of it, in no order."""
        volumes, midnight = self._plan.volumes, self.clock.midnight(day)
        share = 0.1 if day_off(day) else 1.0
        for begin, number, moment in (
            (self._dossier, volumes.dossiers, self._any_hour),
            (self._signature, volumes.signatures, self._office_hour),
            (self._workfile, volumes.workfiles, self._office_hour),
            (self._station, volumes.stations, self._office_hour),
            (self._security.incident, volumes.incidents, self._any_hour),
            (self._security.violation, volumes.violations, self._office_hour),
            (self._security.credential, volumes.credentials, self._office_hour),
            (self._security.authentication, volumes.authentications, self._any_hour),
        ):
            # The fraction is left to chance: one station a day is a station on one day off in ten.
            for _ in range(int(number * share + self._random.random())):
                time = midnight + moment()
                if since <= time < until:
                    yield from begin(time)

    def minute(self, instant: int, rate: float) -> Iterator[Happening]:
        """All that begins within the 60 seconds from `instant`, evenly, `rate` a second, and what comes of it."""
        for _ in range(int(60 * rate + self._random.random())):
            # A station in two thousand: at twenty things a second still one in a minute and a half.
            kind, time = self._below(2000), instant + self._below(60)
            yield from (
                self._station(time)
                if kind == 0
                else self._dossier(time)
                if kind < 800
                else self._signature(time)
                if kind < 1400
                else self._workfile(time)
                if kind < 1800
                else self._security.authentication(time)
                if kind < 1940
                else self._security.credential(time)
                if kind < 1970
                else self._security.violation(time)
                if kind < 1990
                else self._security.incident(time)
            )

    def _below(self, number: int) -> int:
        # Four times as fast as randrange; the bias for small numbers is nothing.
        return int(self._random.random() * number)

    def _office_hour(self) -> int:
        """A second of the day within 7:00 to 11:30 or 13:30 to 17:00."""
        second = self._below(8 * 3600)
        return second + (7 * 3600 if second < 16_200 else 9 * 3600)

    def _any_hour(self) -> int:
        return self._below(DAY) if self._random.random() < 0.15 else self._office_hour()

    def _happening(self, system: str, name: str, subject: str, time: int, data: dict[str, Any]) -> Happening:
        self._serial += 1
        event = {
            "specversion": SPECVERSION,
            "id": f"{self._run}-{self._serial}",
            "source": SOURCE_PREFIX + system,
            "type": f"{TYPE_PREFIX}{name}.v1",
            "subject": subject,
            "time": self.clock.text(time),
            "datacontenttype": "application/json",
            "data": data,
        }
        return Happening(time, system, event)

    def _dossier(self, time: int) -> Iterator[Happening]:
        if not self._desks:
            return
        chance, text = self._random.random, self.clock.text
        agency = self._desks[self._below(len(self._desks))].code
        # The run's number is in the serial, so that simulations of the same days are different dossiers.
        subject = f"{agency}-{self.clock.short(time)}-{int(self._run[:5], 16)}{self._serial:04d}"
        channel = CHANNELS[self._below(len(CHANNELS))]
        limit = None if chance() < WITHOUT_LIMIT else LIMIT_DAYS[self._below(len(LIMIT_DAYS))]
        due = None if limit is None else self.clock.midnight(self.clock.day(time) + limit) + 17 * 3600
        levels = LEVELS.get(channel, ("partial",))
        data = {
            "agency": agency,
            "procedure": PROCEDURES[self._below(len(PROCEDURES))],
            "channel": channel,
            "service_level": levels[self._below(len(levels))],
            "applicant": APPLICANTS[self._below(len(APPLICANTS))],
        }
        if due is not None:
            data["due_at"] = text(due)
        yield self._happening(DOSSIERS, "dossier.received", subject, time, data)
        last = time
        if due is not None and chance() < SUSPENDED:
            last, moved = time + 3600 + self._below(DAY), (1 + self._below(10)) * DAY
            reason = REASONS[self._below(len(REASONS))]
            yield self._happening(DOSSIERS, "dossier.suspended", subject, last, {"agency": agency, "reason": reason})
            last, due = last + moved, due + moved
            yield self._happening(DOSSIERS, "dossier.resumed", subject, last, {"agency": agency, "due_at": text(due)})
        if due is not None and chance() < EXTENDED:
            last, due = max(last + 60, due - self._below(2 * DAY)), due + 5 * DAY
            yield self._happening(DOSSIERS, "dossier.extended", subject, last, {"agency": agency, "due_at": text(due)})
        yield from self._ending(agency, subject, channel, last, due)

    def _ending(self, agency: str, subject: str, channel: str, last: int, due: int | None) -> Iterator[Happening]:
        chance = self._random.random
        finish = self._finish(last, due)
        kind = chance()
        if kind < WITHDRAWN:
            yield self._happening(DOSSIERS, "dossier.withdrawn", subject, finish, {"agency": agency})
        elif kind < WITHDRAWN + REFUSED:
            data = {"agency": agency, "reason": "Không đủ điều kiện"}
            yield self._happening(DOSSIERS, "dossier.refused", subject, finish, data)
        else:
            outcome = "approved" if chance() < 0.97 else "rejected"
            processed = {
                "agency": agency,
                "outcome": outcome,
                "paid_online": channel == "online" and chance() < 0.6,
                "digitised": chance() < 0.8,
            }
            yield self._happening(DOSSIERS, "dossier.processed", subject, finish, processed)
            if chance() < RETURNED:
                handed = finish + 600 + self._below(2 * DAY)
                yield self._happening(DOSSIERS, "dossier.returned", subject, handed, {"agency": agency})

    def _finish(self, last: int, due: int | None) -> int:
        """When it ends: after `last`, in office hours where there is room; by day on time for ON_TIME of them."""
        first = self.clock.day(last)
        if self._random.random() < SAME_DAY or due is None:
            return last + 900 + self._below(2 * 3600)
        due_day = self.clock.day(due)
        # Those of the same day are all on time, so of the others more are late.
        if self._random.random() < (ON_TIME - SAME_DAY) / (1 - SAME_DAY):
            day = first + self._below(max(1, due_day - first + 1))
            while day_off(day) and day > first:
                day -= 1
        else:
            day = max(due_day, first) + 1 + int(self._random.expovariate(0.4))
            while day_off(day):
                day += 1
        return max(last + 900, self.clock.midnight(day) + self._office_hour())

    def _signature(self, time: int) -> Iterator[Happening]:
        if self._officers:
            place, officer = self._officers[self._below(len(self._officers))]
            document = f"{self._serial}/VB-{place.code}"
            data = {"agency": place.code, "officer": officer, "document": document}
            yield self._happening(OFFICE, "signature.used", document, time, data)

    def _workfile(self, time: int) -> Iterator[Happening]:
        if self._officers:
            place, officer = self._officers[self._below(len(self._officers))]
            data = {"agency": place.code, "officer": officer, "online": self._random.random() < 0.9}
            yield self._happening(OFFICE, "workfile.processed", f"CV-{self._run}-{self._serial}", time, data)

    def _station(self, time: int) -> Iterator[Happening]:
        if not self._plan.communes:
            return
        place: Place = self._plan.communes[self._below(len(self._plan.communes))]
        operator = OPERATORS[self._below(len(OPERATORS))]
        subject = f"{operator}-{place.code}-{self._run}-{self._serial}"
        data = {
            "agency": place.code,
            "operator": operator,
            "technology": "5g",
            "latitude": round((place.latitude or 0.0) + self._random.gauss(0, 0.01), 6),
            "longitude": round((place.longitude or 0.0) + self._random.gauss(0, 0.01), 6),
        }
        yield self._happening(STATIONS, "station.activated", subject, time, data)
        if self._random.random() < 0.02:
            off = time + DAY + self._below(200 * DAY)
            yield self._happening(STATIONS, "station.deactivated", subject, off, {"agency": place.code})
