"""What the telecommunications register sees: 5G stations."""

from collections.abc import Iterator

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import STATIONS, Plan
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

OPERATORS = ("viettel", "vinaphone", "mobifone")


class Telecom:
    """Makes the events of the telecommunications register; none where no commune is on a map."""

    def __init__(self, plan: Plan, factory: EventFactory) -> None:
        self._factory = factory
        self._run = plan.run
        self._start = int(plan.start.timestamp())
        self._sites = plan.agencies.get(STATIONS, ())
        self._before = plan.volumes.stations_before

    def before(self) -> Iterator[SimulatedEvent]:
        """The stations on the air when the simulation begins."""
        for _ in range(self._before):
            yield from self.station(self._start - self._factory.below(365 * DAY))

    def station(self, time: int) -> Iterator[SimulatedEvent]:
        """A station that goes on the air, and perhaps off again."""
        if not self._sites:
            return
        factory = self._factory
        site, operator = factory.choice(self._sites), factory.choice(OPERATORS)
        subject = f"{operator}-{site.code}-{self._run}-{factory.serial}"
        data = {
            "agency": site.code,
            "operator": operator,
            "technology": "5g",
            "latitude": round((site.latitude or 0.0) + factory.random.gauss(0, 0.01), 6),
            "longitude": round((site.longitude or 0.0) + factory.random.gauss(0, 0.01), 6),
        }
        yield factory.event(STATIONS, "station.activated", subject, time, data)
        if factory.chance(0.02):
            off = time + DAY + factory.below(200 * DAY)
            yield factory.event(STATIONS, "station.deactivated", subject, off, {"agency": site.code})
