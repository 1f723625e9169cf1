"""Procedures as the one-stop system publishes them: over the year more of them become full-process online services."""

from collections.abc import Iterator, Sequence

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import DOSSIERS, SimulatedProcedure
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

FIRST = ("full",) * 9 + ("partial",) * 7 + ("information",) * 4
"""Service levels a year before the plan's today."""
ELIGIBLE, UPGRADED, WITHDRAWN = 0.85, 0.94, 0.03
LEVELS = {"province": "province", "commune": "commune", "both": "other"}
YEAR = 365 * DAY


def procedure_events(
    procedures: Sequence[SimulatedProcedure], agency: str, today: int, factory: EventFactory
) -> Iterator[SimulatedEvent]:
    """All that is published, and withdrawn again, in the year before an instant."""
    for procedure in procedures:
        begin = today - YEAR + factory.below(DAY)
        eligible = factory.chance(ELIGIBLE)
        data = {
            "agency": agency,
            "field": procedure.field,
            "level": LEVELS[procedure.level],
            "service_level": factory.choice(FIRST) if eligible else "information",
            "eligible": eligible,
        }
        yield factory.event(DOSSIERS, "procedure.published", procedure.code, begin, data)
        if eligible and data["service_level"] != "full" and factory.chance(UPGRADED):
            # Most of them in the first half of the year.
            later = begin + DAY + int(YEAR * factory.random.random() ** 2 * 0.99)
            yield factory.event(
                DOSSIERS, "procedure.published", procedure.code, later, {**data, "service_level": "full"}
            )
        elif factory.chance(WITHDRAWN):
            later = begin + DAY + factory.below(YEAR - 2 * DAY)
            yield factory.event(DOSSIERS, "procedure.withdrawn", procedure.code, later, {"agency": agency})
