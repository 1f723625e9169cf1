"""What a simulation has really sent, for holding the tables against it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from opscentre.simulation.plan import Emission


class Truth:
    """Fed with every emission in the order of publishing; of one revision, the first that came stands.

    `duplicates` counts resends, also those with a refreshed time, also of revisions that stand no longer;
    `broken` counts the dead letters to come by reason code.
    """

    def __init__(self) -> None:
        self.duplicates = 0
        self.broken: Counter[str] = Counter()
        # Encoded, because a dict takes five times the memory.
        self._standing: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._superseded: set[tuple[str, str, int]] = set()

    @property
    def events(self) -> int:
        """How many different (system, id, revision) were sent: the rows that the archive must have."""
        return len(self._standing) + len(self._superseded)

    def add(self, emission: Emission) -> None:
        """Take note of an emission that is being published."""
        event = emission.event
        if emission.broken is not None:
            self.broken[emission.broken] += 1
        elif event is not None and emission.value is not None:
            self._add_event(event["source"].rpartition("/")[2], event["id"], event.get("revision", 0), emission.value)

    def _add_event(self, system: str, identity: str, revision: int, value: bytes) -> None:
        stands = self._standing.get((system, identity))
        if stands is None:
            self._standing[system, identity] = (revision, value)
        elif revision == stands[0] or (system, identity, revision) in self._superseded:
            self.duplicates += 1
        elif revision < stands[0]:
            self._superseded.add((system, identity, revision))
        else:
            self._superseded.add((system, identity, stands[0]))
            self._standing[system, identity] = (revision, value)

    def standing(self) -> Iterator[dict[str, Any]]:
        """Of each (system, id) the event with the highest revision; retracted ones among them, marked as such."""
        for _, value in self._standing.values():
            yield json.loads(value)
