"""What happens in the province day by day, in all systems. No faults: see `faults`."""

from collections.abc import Iterator
from random import Random

from opscentre.simulation.clock import DAY, Clock, day_off
from opscentre.simulation.dossiers import Dossiers
from opscentre.simulation.office import Office
from opscentre.simulation.plan import Plan
from opscentre.simulation.security import Security
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent
from opscentre.simulation.telecom import Telecom
from opscentre.simulation.tourism import Tourism


class Province:
    """Makes events; all chance comes from one generator, so the calls' order is part of the plan."""

    def __init__(self, plan: Plan) -> None:
        self.clock = Clock(plan.start)
        self._factory = factory = EventFactory(plan.run, self.clock, Random(f"{plan.run} province"))
        self._office, self._telecom = Office(plan, factory), Telecom(plan, factory)
        dossiers, security, tourism = Dossiers(plan, factory), Security(plan, factory), Tourism(plan, factory)
        volumes = plan.volumes
        # What begins, how often on a working day, how much of that on a day off, and when in the day.
        self._daily = (
            (dossiers.dossier, volumes.dossiers, 0.1, self._any_hour),
            (self._office.signature, volumes.signatures, 0.1, factory.office_hour),
            (self._office.workfile, volumes.workfiles, 0.1, factory.office_hour),
            (self._telecom.station, volumes.stations, 0.1, factory.office_hour),
            (security.incident, volumes.incidents, 0.1, self._any_hour),
            (security.violation, volumes.violations, 0.1, factory.office_hour),
            (security.credential, volumes.credentials, 0.1, factory.office_hour),
            (security.authentication, volumes.authentications, 0.1, self._any_hour),
            (tourism.service, volumes.services, 2.0, factory.office_hour),
        )
        # A station in two thousand: at twenty things a second still one in a minute and a half.
        shares = (
            (self._telecom.station, 1),
            (dossiers.dossier, 799),
            (self._office.signature, 600),
            (self._office.workfile, 400),
            (security.authentication, 110),
            (tourism.service, 30),
            (security.credential, 30),
            (security.violation, 20),
            (security.incident, 10),
        )
        self._live = [begin for begin, share in shares for _ in range(share)]

    def before(self) -> Iterator[SimulatedEvent]:
        """What is there when the simulation begins: officers in service, stations on the air."""
        yield from self._office.before()
        yield from self._telecom.before()

    def day(self, day: int, since: float, until: float) -> Iterator[SimulatedEvent]:
        """All that begins on a local day from `since` and before `until`, and what comes of it, in no order."""
        midnight, off = self.clock.midnight(day), day_off(day)
        for begin, number, share, moment in self._daily:
            # The fraction is left to chance: one station a day is a station on one day off in ten.
            for _ in range(int(number * (share if off else 1) + self._factory.random.random())):
                time = midnight + moment()
                if since <= time < until:
                    yield from begin(time)

    def minute(self, instant: int, rate: float) -> Iterator[SimulatedEvent]:
        """All that begins within the 60 seconds from `instant`, evenly, `rate` a second, and what comes of it."""
        for _ in range(int(60 * rate + self._factory.random.random())):
            yield from self._factory.choice(self._live)(instant + self._factory.below(60))

    def _any_hour(self) -> int:
        return self._factory.below(DAY) if self._factory.chance(0.15) else self._factory.office_hour()
