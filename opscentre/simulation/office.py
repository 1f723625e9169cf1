"""What the e-office system sees: officers in service, their digital signatures and work files."""

from collections.abc import Iterator

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import OFFICE, Plan
from opscentre.simulation.simulated_event import Happening, Maker

RANKS = ("leader", "official") + ("civil_servant",) * 4


class Office:
    """Makes its happenings."""

    def __init__(self, plan: Plan, make: Maker) -> None:
        self._make = make
        self._run = plan.run
        self._start = int(plan.start.timestamp())
        self._agencies = [place.code for place in plan.agencies.get(OFFICE, ())]
        numbers = range(1, plan.volumes.officers + 1)
        self._officers = [(agency, f"{agency}-{number:03d}") for agency in self._agencies for number in numbers]

    def before(self) -> Iterator[Happening]:
        """The officers in service when the simulation begins."""
        make, enrolled = self._make, self._start - DAY * 30
        for agency, officer in self._officers:
            data = {"agency": agency, "officer": officer, "rank": make.one(RANKS)}
            yield make.happening(OFFICE, "officer.enrolled", officer, enrolled, data)
        # Those who will leave sign nothing, so that nobody signs after having left.
        for agency in self._agencies:
            officer, leaves = f"{agency}-000", self._start + make.below(300 * DAY)
            data = {"agency": agency, "officer": officer}
            yield make.happening(OFFICE, "officer.enrolled", officer, enrolled, {**data, "rank": "civil_servant"})
            yield make.happening(OFFICE, "officer.left", officer, leaves, data)

    def signature(self, time: int) -> Iterator[Happening]:
        """A digital signature."""
        if self._officers:
            agency, officer = self._make.one(self._officers)
            document = f"{self._make.serial}/VB-{agency}"
            data = {"agency": agency, "officer": officer, "document": document}
            yield self._make.happening(OFFICE, "signature.used", document, time, data)

    def workfile(self, time: int) -> Iterator[Happening]:
        """A work file that is finished."""
        if self._officers:
            agency, officer = self._make.one(self._officers)
            data = {"agency": agency, "officer": officer, "online": self._make.chance(0.9)}
            subject = f"CV-{self._run}-{self._make.serial}"
            yield self._make.happening(OFFICE, "workfile.processed", subject, time, data)
