"""Counters by difference: contribution(after) − contribution(before), each in the bucket where it belongs.

What a case or item counts for changes along its history; every change is added where something begins and taken back
where it ends. The sum of all buckets up to a moment T is therefore what the fold of the events with time ≤ T holds at
T, whatever the order in which the events came.
"""

from collections.abc import Sequence
from copy import copy
from typing import Protocol, TypeVar

from schemas.timekeeping.moments import MINUTE
from streams.fold.cases import CaseFold, Contribution, Key
from streams.fold.history import Entry
from streams.fold.items import ItemFold
from streams.fold.rules import CaseRules

CounterDeltas = dict[tuple[str, str, str, str, int], int]
"""(system, measure, agency, dimensions, minute since 1970 UTC) → how much to add."""


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
    for entry in after[:same]:
        fold.advance(state, entry)
    contribution = fold.contribution(state, after[same - 1].time) if same else {}
    if same < len(before):
        _walk(fold_before or fold, copy(state), contribution, before[same:], -1, into)
    _walk(fold, state, contribution, after[same:] if same else after, 1, into)
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


def _walk(
    fold: Fold[State],
    state: State,
    contribution: Contribution,
    entries: Sequence[Entry],
    sign: int,
    into: CounterDeltas,
) -> None:
    for entry in entries:
        fold.advance(state, entry)
        now = fold.contribution(state, entry.time)
        _change(contribution, now, entry.time, sign, into)
        contribution = now


def _change(before: Contribution, after: Contribution, moment: int, sign: int, into: CounterDeltas) -> None:
    """What a step at `moment` ends and begins. What was to begin later and will not is taken back where it stood."""
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            add(into, key, max(old[0], moment), -sign * old[1])
        elif (new[0] > moment or old[0] > moment or new[1] != old[1]) and new != old:
            add(into, key, max(old[0], moment), -sign * old[1])
            add(into, key, new[0], sign * new[1])
    for key, (begin, amount) in after.items():
        if key not in before:
            bucket = (*key, begin // MINUTE)  # as `add` does, without the call: every event comes this way
            into[bucket] = into.get(bucket, 0) + sign * amount


def add(into: CounterDeltas, key: Key, moment: int, value: int) -> None:
    """Add to one counter in the minute of a moment."""
    bucket = (*key, moment // MINUTE)
    into[bucket] = into.get(bucket, 0) + value
