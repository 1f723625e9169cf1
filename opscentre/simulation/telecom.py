"""What the telecommunications register sees: 5G stations."""

from collections.abc import Iterator

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import STATIONS, Plan
from opscentre.simulation.simulated_event import Happening, Maker

OPERATORS = ("viettel", "vinaphone", "mobifone")


class Telecom:
    """Makes its happenings."""

    def __init__(self, plan: Plan, make: Maker) -> None:
        self._make = make
        self._run = plan.run
        self._start = int(plan.start.timestamp())
        self._places = plan.agencies.get(STATIONS, ())
        self._before = plan.volumes.stations_before

    def before(self) -> Iterator[Happening]:
        """The stations on the air when the simulation begins."""
        for _ in range(self._before):
            yield from self.station(self._start - self._make.below(365 * DAY))

    def station(self, time: int) -> Iterator[Happening]:
        """A station that goes on the air, and perhaps off again."""
        if not self._places:
            return
        make = self._make
        place, operator = make.one(self._places), make.one(OPERATORS)
        subject = f"{operator}-{place.code}-{self._run}-{make.serial}"
        data = {
            "agency": place.code,
            "operator": operator,
            "technology": "5g",
            "latitude": round((place.latitude or 0.0) + make.random.gauss(0, 0.01), 6),
            "longitude": round((place.longitude or 0.0) + make.random.gauss(0, 0.01), 6),
        }
        yield make.happening(STATIONS, "station.activated", subject, time, data)
        if make.chance(0.02):
            off = time + DAY + make.below(200 * DAY)
            yield make.happening(STATIONS, "station.deactivated", subject, off, {"agency": place.code})
