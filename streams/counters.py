"""Counters by difference: contribution(after) − contribution(before), each in the bucket where it belongs.

What a case or item counts for changes along its history; every change is +1 where something begins and −1 where
it ends. The sum of all buckets up to a moment T is therefore what the fold of the events with time ≤ T holds at T,
whatever the order in which the events came.
"""

from collections.abc import Sequence
from copy import copy
from typing import Protocol, TypeVar

from schemas.times import MINUTE, Calendar
from streams.fold import (
    CaseMeasures,
    CaseState,
    Entry,
    Held,
    ItemState,
    advance_case,
    advance_item,
    held_by_case,
    held_by_item,
    is_by_day,
)

Differences = dict[tuple[str, str, str, int], int]
"""(measure, agency, label, minute since 1970 UTC) → how much to add."""


State = TypeVar("State")


class Fold(Protocol[State]):
    """How one kind of history is folded."""

    def start(self) -> State:
        """The state before any event."""

    def advance(self, state: State, entry: Entry) -> None:
        """Let one entry act on the state."""

    def held(self, state: State, moment: int) -> Held:
        """What the state counts for from a moment on."""


class CaseFold:
    """Folds histories of one kind of case."""

    def __init__(self, kind: str, calendar: Calendar) -> None:
        self.measures = CaseMeasures.of(kind)
        self.overdue_at = calendar.end_of_day if is_by_day(kind) else _after

    def start(self) -> CaseState:
        """The state before any event."""
        return CaseState()

    def advance(self, state: CaseState, entry: Entry) -> None:
        """Let one entry act on the state."""
        advance_case(state, entry)

    def held(self, state: CaseState, moment: int) -> Held:
        """What the state counts for from a moment on."""
        return held_by_case(self.measures, state, moment, self.overdue_at)


class ItemFold:
    """Folds histories of one register."""

    def __init__(self, register: str) -> None:
        self.measure = f"{register}.standing"

    def start(self) -> ItemState:
        """The state before any event."""
        return ItemState()

    def advance(self, state: ItemState, entry: Entry) -> None:
        """Let one entry act on the state."""
        advance_item(state, entry)

    def held(self, state: ItemState, moment: int) -> Held:
        """What the state counts for from a moment on."""
        return held_by_item(self.measure, state, moment)


class Folds:
    """The fold of each kind of case and of each register, in one province's calendar."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._cases: dict[str, CaseFold] = {}
        self._items: dict[str, ItemFold] = {}

    def case(self, kind: str) -> CaseFold:
        """The fold of a kind of case."""
        return self._cases.get(kind) or self._cases.setdefault(kind, CaseFold(kind, self._calendar))

    def item(self, register: str) -> ItemFold:
        """The fold of a register."""
        return self._items.get(register) or self._items.setdefault(register, ItemFold(register))


def _after(due: int) -> int:
    return due + 1


def difference(fold: "Fold[State]", before: Sequence[Entry], after: Sequence[Entry], into: Differences) -> State:
    """Add to `into` what turns the contribution of one history into that of another; return the state after.

    What both histories begin with contributes nothing, so an event that comes in order costs one step.
    """
    same = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        same += 1
    state = fold.start()
    for entry in after[:same]:
        fold.advance(state, entry)
    held = fold.held(state, after[same - 1].time) if same else {}
    if same < len(before):
        _walk(fold, copy(state), held, before[same:], -1, into)
    _walk(fold, state, held, after[same:] if same else after, 1, into)
    return state


def _walk(
    fold: "Fold[State]", state: State, held: Held, entries: Sequence[Entry], sign: int, into: Differences
) -> None:
    for entry in entries:
        fold.advance(state, entry)
        now = fold.held(state, entry.time)
        _change(held, now, entry.time, sign, into)
        held = now


def _change(before: Held, after: Held, moment: int, sign: int, into: Differences) -> None:
    """What a step at `moment` ends and begins. What was to begin later and will not is taken back where it stood."""
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            add(into, key, max(old, moment), -sign)
        elif new != old and (new > moment or old > moment):
            add(into, key, max(old, moment), -sign)
            add(into, key, new, sign)
    for key, new in after.items():
        if key not in before:
            bucket = (*key, new // MINUTE)  # as `add` does, without the call: every event comes this way
            into[bucket] = into.get(bucket, 0) + sign


def add(into: Differences, key: tuple[str, str, str], moment: int, value: int) -> None:
    """Add to one counter in the minute of a moment."""
    bucket = (*key, moment // MINUTE)
    into[bucket] = into.get(bucket, 0) + value
