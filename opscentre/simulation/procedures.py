"""Procedures as the one-stop system publishes them: over the year more of them become full-process online services."""

from collections.abc import Iterator, Sequence

from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import DOSSIERS, Offer
from opscentre.simulation.simulated_event import Happening, Maker

FIRST = ("full",) * 9 + ("partial",) * 7 + ("information",) * 4
"""Service levels a year before the plan's today."""
ELIGIBLE, UPGRADED, WITHDRAWN = 0.85, 0.94, 0.03
LEVELS = {"province": "province", "commune": "commune", "both": "other"}
YEAR = 365 * DAY


def procedures(offers: Sequence[Offer], agency: str, today: int, make: Maker) -> Iterator[Happening]:
    """All that is published, and withdrawn again, in the year before an instant."""
    for offer in offers:
        begin = today - YEAR + make.below(DAY)
        eligible = make.chance(ELIGIBLE)
        data = {
            "agency": agency,
            "field": offer.field,
            "level": LEVELS[offer.level],
            "service_level": make.one(FIRST) if eligible else "information",
            "eligible": eligible,
        }
        yield make.happening(DOSSIERS, "procedure.published", offer.code, begin, data)
        if eligible and data["service_level"] != "full" and make.chance(UPGRADED):
            # Most of them in the first half of the year.
            later = begin + DAY + int(YEAR * make.random.random() ** 2 * 0.99)
            yield make.happening(DOSSIERS, "procedure.published", offer.code, later, {**data, "service_level": "full"})
        elif make.chance(WITHDRAWN):
            later = begin + DAY + make.below(YEAR - 2 * DAY)
            yield make.happening(DOSSIERS, "procedure.withdrawn", offer.code, later, {"agency": agency})
