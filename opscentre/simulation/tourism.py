"""What the digital tourism product sees: somebody uses one of its services."""

from collections.abc import Iterator

from opscentre.simulation.plan import TOURISM, Plan
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

SERVICES = ("digital-map",) * 5 + ("audio-guide",) * 3 + ("tour-booking", "youth-volunteers")


class Tourism:
    """Makes the events of the digital tourism product; none where no commune acts in it."""

    def __init__(self, plan: Plan, factory: EventFactory) -> None:
        self._factory = factory
        self._run = plan.run
        self._sites = [site for site in plan.agencies.get(TOURISM, ()) if site.commune]

    def service(self, time: int) -> Iterator[SimulatedEvent]:
        """A service that is used in one of the communes."""
        if self._sites:
            data = {"agency": self._factory.choice(self._sites).code, "service": self._factory.choice(SERVICES)}
            yield self._factory.event(TOURISM, "service.used", f"DL-{self._run}-{self._factory.serial}", time, data)
