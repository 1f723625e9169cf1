"""Counters by difference: contribution(after) − contribution(before), each in the bucket where it belongs.

What a case or item counts for changes along its history; every change is added where something begins and taken back
where it ends. The sum of all buckets up to a moment T is therefore what stands at T, as the fold of the events with
time ≤ T says, whatever the order in which the events came. What counts at a finish is taken back where it was added, so
that a bucket holds the finishes that happened then and still stand.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Protocol, TypeVar

from schemas.counters import AT_A_FINISH
from schemas.timekeeping.moments import MINUTE
from streams.fold.cases import CaseFold, Contribution
from streams.fold.history import Entry
from streams.fold.items import ItemFold
from streams.fold.rules import CaseRules

Bucket = tuple[str, str, str, str, int]
"""(system, measure, agency, dimensions, minute since 1970 UTC)."""

CounterDeltas = dict[Bucket, int]
"""How much to add to what a counter holds of a minute."""

State = TypeVar("State")


class Fold(Protocol[State]):
    """How one kind of history is folded."""

    def expand(self, history: Sequence[Entry]) -> Sequence[Entry]:
        """The history with what the rules add to it."""

    def start(self) -> State:
        """The state before any event."""

    def advance(self, state: State, entry: Entry) -> None:
        """Let one entry act on the state."""

    def contribution(self, state: State, moment: int) -> Contribution:
        """What the state counts for from a moment on."""


class Folds:
    """The fold of each kind of case and of each register, under one catalogue's rules."""

    def __init__(self, rules: CaseRules) -> None:
        self.rules = rules
        self._cases: dict[tuple[str, str], CaseFold] = {}
        self._items: dict[tuple[str, str], ItemFold] = {}

    def case(self, system: str, kind: str) -> CaseFold:
        """The fold of a kind of case of a system."""
        key = system, kind
        return self._cases.get(key) or self._cases.setdefault(key, CaseFold(system, kind, self.rules))

    def item(self, system: str, register: str) -> ItemFold:
        """The fold of a register of a system."""
        key = system, register
        return self._items.get(key) or self._items.setdefault(key, ItemFold(system, register))


def contribution_delta(
    fold: Fold[State],
    before: Sequence[Entry],
    after: Sequence[Entry],
    into: CounterDeltas,
    fold_before: Fold[State] | None = None,
) -> State:
    """Add to `into` what turns the contribution of one history into that of another; return the state after.

    What both histories begin with contributes nothing, so an event that comes in order costs one step. `fold_before`
    is the fold by which the history before was counted, where that was another one.
    """
    before, after, same = (fold_before or fold).expand(before), fold.expand(after), 0
    if fold_before is None:
        for old, new in zip(before, after, strict=False):
            if old != new:
                break
            same += 1
    state = fold.start()
    contribution: Contribution = {}
    if same:
        for entry in after[:same]:
            fold.advance(state, entry)
        contribution = fold.contribution(state, after[same - 1].time)
    if same < len(before):
        for bucket, amount in _steps(fold_before or fold, copy(state), contribution, before[same:]):
            into[bucket] = into.get(bucket, 0) - amount
    for bucket, amount in _steps(fold, state, contribution, after[same:] if same else after):
        into[bucket] = into.get(bucket, 0) + amount
    return state


def state_at(fold: Fold[State], history: Sequence[Entry], moment: int) -> tuple[State, int]:
    """The state after what of a history has happened by a moment, and since when it has been that."""
    state, last = fold.start(), 0
    for entry in fold.expand(history):
        if entry.time <= moment:
            fold.advance(state, entry)
            last = entry.time
    return state, last


def contribution_at(fold: Fold[State], history: Sequence[Entry], moment: int) -> Contribution:
    """What of a history has happened by a moment counts for then."""
    state, last = state_at(fold, history, moment)
    return {key: begun for key, begun in fold.contribution(state, last).items() if begun[0] <= moment}


def _steps(
    fold: Fold[State], state: State, before: Contribution, entries: Sequence[Entry]
) -> Iterator[tuple[Bucket, int]]:
    """Let entries act on a state that counts for `before`; yield what each of them ends (less) and begins (more).

    What was to begin later and will not is taken back where it stood, and so is what counts at a finish.
    """
    for entry in entries:
        fold.advance(state, entry)
        moment = entry.time
        after = fold.contribution(state, moment)
        for key, old in before.items():
            new = after.get(key)
            if key[1] in AT_A_FINISH:
                if new != old:
                    yield (*key, old[0] // MINUTE), -old[1]
                    if new is not None:
                        yield (*key, new[0] // MINUTE), new[1]
            elif new is None:
                yield (*key, max(old[0], moment) // MINUTE), -old[1]
            elif (new[0] > moment or old[0] > moment or new[1] != old[1]) and new != old:
                yield (*key, max(old[0], moment) // MINUTE), -old[1]
                yield (*key, new[0] // MINUTE), new[1]
        for key, (begin, amount) in after.items():
            if key not in before:
                yield (*key, begin // MINUTE), amount
        before = after
