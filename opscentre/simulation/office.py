"""What the e-office system sees: officers in service, their digital signatures and work files."""

from collections.abc import Iterator

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import OFFICE, Plan
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

RANKS = ("leader", "official") + ("civil_servant",) * 4


class Office:
    """Makes the events of the e-office system; none where no agency acts in it."""

    def __init__(self, plan: Plan, factory: EventFactory) -> None:
        self._factory = factory
        self._run = plan.run
        self._start = int(plan.start.timestamp())
        self._agencies = [site.code for site in plan.agencies.get(OFFICE, ())]
        numbers = range(1, plan.volumes.officers + 1)
        self._officers = [(agency, f"{agency}-{number:03d}") for agency in self._agencies for number in numbers]

    def before(self) -> Iterator[SimulatedEvent]:
        """The officers in service when the simulation begins."""
        factory, enrolled = self._factory, self._start - DAY * 30
        for agency, officer in self._officers:
            data = {"agency": agency, "officer": officer, "rank": factory.choice(RANKS)}
            yield factory.event(OFFICE, "officer.enrolled", officer, enrolled, data)
        # Those who will leave sign nothing, so that nobody signs after having left.
        for agency in self._agencies:
            officer, leaves = f"{agency}-000", self._start + factory.below(300 * DAY)
            data = {"agency": agency, "officer": officer}
            yield factory.event(OFFICE, "officer.enrolled", officer, enrolled, {**data, "rank": "civil_servant"})
            yield factory.event(OFFICE, "officer.left", officer, leaves, data)

    def signature(self, time: int) -> Iterator[SimulatedEvent]:
        """A digital signature."""
        if self._officers:
            agency, officer = self._factory.choice(self._officers)
            document = f"{self._factory.serial}/VB-{agency}"
            data = {"agency": agency, "officer": officer, "document": document}
            yield self._factory.event(OFFICE, "signature.used", document, time, data)

    def workfile(self, time: int) -> Iterator[SimulatedEvent]:
        """A work file that is finished."""
        if self._officers:
            agency, officer = self._factory.choice(self._officers)
            data = {"agency": agency, "officer": officer, "online": self._factory.chance(0.9)}
            subject = f"CV-{self._run}-{self._factory.serial}"
            yield self._factory.event(OFFICE, "workfile.processed", subject, time, data)
