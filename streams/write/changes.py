"""What accepted events change: counters of flows at once, histories of cases, items and readings by entity. Pure."""

from collections.abc import Iterable

from schemas.timekeeping.moments import MINUTE
from streams.fold.contributions import CounterDeltas
from streams.fold.facts import EntityKey, Fact
from streams.fold.history import Entry, in_order


class Changes:
    """What a batch adds and takes back, gathered by entity."""

    def __init__(self) -> None:
        self.counters: CounterDeltas = {}
        self.actors: dict[tuple[str, str, str, str, str, int], int] = {}
        """(system, measure, agency, dimensions, actor, minute since 1970 UTC) → how many of the actor's events."""
        self.cases: dict[EntityKey, dict[str, Entry | None]] = {}
        self.items: dict[EntityKey, dict[str, Entry | None]] = {}
        self.readings: dict[EntityKey, dict[str, Entry | None]] = {}

    def apply(self, fact: Fact, sign: int) -> None:
        """Add a fact (+1), or take it back (−1)."""
        entry = fact.entry
        if fact.effect == "flow":
            key = (fact.entity.system, entry.name, entry.agency, entry.dimensions or "")
            minute = entry.time // MINUTE
            bucket = (*key, minute)
            self.counters[bucket] = self.counters.get(bucket, 0) + sign
            if fact.actor is not None:
                by = (*key, fact.actor, minute)
                self.actors[by] = self.actors.get(by, 0) + sign
            return
        entities = self.cases if fact.effect == "case" else self.items if fact.effect == "item" else self.readings
        entities.setdefault(fact.entity, {})[entry.id] = entry if sign > 0 else None


def rewrite(history: Iterable[Entry], entries: dict[str, Entry | None]) -> list[Entry]:
    """A history after its changes: an id that changed is out, and in again as it is now."""
    kept = [entry for entry in history if entry.id not in entries]
    kept += [entry for entry in entries.values() if entry is not None]
    kept.sort(key=in_order)
    return kept
