"""What stands in a register, and what was reported last: pure folds, as `streams.fold.cases` is for cases."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.events.effects import Added
from streams.fold.cases import Contribution
from streams.fold.history import STEPS, Entry


@dataclass(slots=True)
class ItemState:
    """Whether an item stands after some of its events, and since when (microseconds since 1970, UTC)."""

    agency: str = ""
    standing: bool = False
    since: int | None = None
    dimensions: str = ""


class ItemFold:
    """Folds histories of one register of one system."""

    def __init__(self, system: str, register: str) -> None:
        self._system = system
        self._measure = f"{register}.standing"

    def expand(self, history: Sequence[Entry]) -> Sequence[Entry]:
        """The history as it is: no rule of the catalogue enters it."""
        return history

    def start(self) -> ItemState:
        """The state before any event."""
        return ItemState()

    def advance(self, state: ItemState, entry: Entry) -> None:
        """Let one entry act on the state."""
        if STEPS[entry.name].effect is Added:
            if not state.standing:
                state.since = entry.time
            state.standing, state.agency, state.dimensions = True, entry.agency, entry.dimensions or ""
        else:
            if state.standing or state.since is None:
                state.since = entry.time
            state.standing, state.agency = False, entry.agency

    def contribution(self, state: ItemState, moment: int) -> Contribution:
        """What an item counts for from `moment` on."""
        return {(self._system, self._measure, state.agency, state.dimensions): (moment, 1)} if state.standing else {}
