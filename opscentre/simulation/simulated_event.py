"""What the systems say, as events without any fault."""

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

from opscentre.simulation.clock import Clock
from schemas.events.effects import TYPE_PREFIX
from schemas.events.envelope import SOURCE_PREFIX, SPECVERSION

Option = TypeVar("Option")


class SimulatedEvent(NamedTuple):
    """An event, and when it happened (seconds since 1970)."""

    time: int
    system: str
    event: dict[str, Any]


class EventFactory:
    """Makes events; all chance comes from its one generator, so the calls' order is part of the plan."""

    def __init__(self, prefix: str, clock: Clock, random: Random) -> None:
        """Ids are the prefix and a number; `clock` writes the times, `random` is asked for all chance."""
        self.clock = clock
        self.random = random
        self.serial = 0
        """Number of the latest event; subjects that need one of their own may use it, too."""
        self._prefix = prefix

    def event(self, system: str, name: str, subject: str, time: int, data: dict[str, Any]) -> SimulatedEvent:
        """One event; `name` is its type without prefix and version, `time` when it happened in seconds since 1970."""
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
        return SimulatedEvent(time, system, event)

    def below(self, number: int) -> int:
        """A whole number from 0 and below `number`.

        Four times as fast as randrange; the bias for small numbers is nothing.
        """
        return int(self.random.random() * number)

    def choice(self, options: Sequence[Option]) -> Option:
        """One of the options, each as likely as another."""
        return options[int(self.random.random() * len(options))]

    def chance(self, share: float) -> bool:
        """True in so large a share of the calls."""
        return self.random.random() < share

    def office_hour(self) -> int:
        """A second of the local day within 7:00 to 11:30 or 13:30 to 17:00."""
        second = int(self.random.random() * 8 * 3600)
        return second + (7 * 3600 if second < 16_200 else 9 * 3600)
