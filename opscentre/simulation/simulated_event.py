"""What the systems say, as events without any fault."""

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

from opscentre.simulation.clock import Clock
from schemas.events.effects import TYPE_PREFIX
from schemas.events.envelope import SOURCE_PREFIX, SPECVERSION

Thing = TypeVar("Thing")


class Happening(NamedTuple):
    """An event, and when it happened (seconds since 1970)."""

    time: int
    system: str
    event: dict[str, Any]


class Maker:
    """Makes happenings; all chance comes from its one generator, so the calls' order is part of the plan."""

    def __init__(self, prefix: str, clock: Clock, random: Random) -> None:
        """Ids are the prefix and a number."""
        self.clock = clock
        self.random = random
        self.serial = 0
        """Number of the latest happening; subjects that need one of their own may use it, too."""
        self._prefix = prefix

    def happening(self, system: str, name: str, subject: str, time: int, data: dict[str, Any]) -> Happening:
        """One event; `time` is when it happened."""
        self.serial += 1
        event = {
            "specversion": SPECVERSION,
            "id": f"{self._prefix}-{self.serial}",
            "source": SOURCE_PREFIX + system,
            "type": f"{TYPE_PREFIX}{name}.v1",
            "subject": subject,
            "time": self.clock.text(time),
            "datacontenttype": "application/json",
            "data": data,
        }
        return Happening(time, system, event)

    def below(self, number: int) -> int:
        """Four times as fast as randrange; the bias for small numbers is nothing."""
        return int(self.random.random() * number)

    def one(self, things: Sequence[Thing]) -> Thing:
        """One of them."""
        return things[int(self.random.random() * len(things))]

    def chance(self, share: float) -> bool:
        """True in so large a share of the calls."""
        return self.random.random() < share

    def office_hour(self) -> int:
        """A second of the day within 7:00 to 11:30 or 13:30 to 17:00."""
        second = int(self.random.random() * 8 * 3600)
        return second + (7 * 3600 if second < 16_200 else 9 * 3600)
