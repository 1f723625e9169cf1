"""What the digital tourism product sees: somebody uses one of its services."""

from collections.abc import Iterator

from opscentre.simulation.plan import TOURISM, Plan
from opscentre.simulation.simulated_event import Happening, Maker

SERVICES = ("digital-map",) * 5 + ("audio-guide",) * 3 + ("tour-booking", "youth-volunteers")


class Tourism:
    """Makes its happenings."""

    def __init__(self, plan: Plan, make: Maker) -> None:
        self._make = make
        self._run = plan.run
        self._places = [place for place in plan.agencies.get(TOURISM, ()) if place.commune]

    def service(self, time: int) -> Iterator[Happening]:
        """A service that is used in one of the communes."""
        if self._places:
            data = {"agency": self._make.one(self._places).code, "service": self._make.one(SERVICES)}
            yield self._make.happening(TOURISM, "service.used", f"DL-{self._run}-{self._make.serial}", time, data)
