"""Figures for indicators from the archive: gathered history by history, for all their periods in one pass."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from schemas.evaluation import ActorMonth, Figures, ReportedValue, StandingItem, TaskState
from schemas.evaluation.figures import group_of
from schemas.timekeeping.moments import MINUTE, Calendar, moment_of
from streams.fold.cases import Key
from streams.fold.contributions import Folds, state_at
from streams.fold.facts import EntityKey
from streams.fold.history import Entry
from streams.write.changes import Changes


def end_of(ends: date, calendar: Calendar, now: datetime) -> int:
    """The minute since 1970 UTC at which a period is over that ends on a local day: today, with the running minute."""
    minute = moment_of(now) // MINUTE + 1
    return min(minute, midnight(ends + timedelta(days=1), calendar))


def midnight(day: date, calendar: Calendar) -> int:
    """The minute since 1970 UTC at which a local day begins."""
    return calendar.midnight(day) // MINUTE


class Gathering:
    """What histories come to at the end of a day, and had come to when each of several periods began."""

    def __init__(self, folds: Folds, ends: date, minute: int, starts: Iterable[date]) -> None:
        """`minute` is the end of the last day, or of the running minute (`end_of`); periods begin on days `starts`."""
        self._folds = folds
        self._ends, self._minute = ends, minute
        self._begins = {day: midnight(day, folds.rules.calendar) for day in starts}
        self._edges = sorted({*self._begins.values(), minute})
        self._parts: list[dict[Key, int]] = [{} for _ in self._edges]
        self._reporting: set[tuple[str, str, str]] = set()
        self._actors: dict[ActorMonth, int] = {}
        self._items: list[StandingItem] = []
        self._readings: list[ReportedValue] = []
        self._tasks: list[TaskState] = []

    def add(self, effect: str, entity: EntityKey, history: Sequence[Entry], changes: Changes) -> None:
        """Take one entity's history, and the counters that it comes to."""
        for (*counter, minute), value in changes.counters.items():
            if value and minute < self._minute:
                system, measure, agency, dimensions = counter
                key, amounts = (system, measure, agency, dimensions), self._parts[bisect_right(self._edges, minute)]
                amounts[key] = amounts.get(key, 0) + value
                self._reporting.add((system, group_of(measure), agency))
        for (system, measure, agency, dimensions, actor, minute), value in changes.actors.items():
            month = self._folds.rules.calendar.day(minute * MINUTE).replace(day=1)
            acted = ActorMonth(system, measure, dimensions, agency, actor, month)
            self._actors[acted] = self._actors.get(acted, 0) + value
        if effect == "item":
            self._item(entity, history)
        elif effect == "reading":
            self._reading(entity, history)
        elif entity.group == "task":
            self._task(entity, history)

    def _item(self, entity: EntityKey, history: Sequence[Entry]) -> None:
        state, _ = state_at(self._folds.item(entity.system, entity.group), history, self._last)
        if state.standing:
            self._items.append(StandingItem(*entity, state.agency, state.dimensions))

    def _task(self, entity: EntityKey, history: Sequence[Entry]) -> None:
        state, _ = state_at(self._folds.case(entity.system, entity.group), history, self._last)
        if state.opened_at is not None:
            percent: int | None = state.percent
            if state.closing is not None:
                percent = 100 if state.closing.timed else None
            self._tasks.append(TaskState(entity.system, entity.id, state.agency, percent))

    def _reading(self, entity: EntityKey, history: Sequence[Entry]) -> None:
        latest, period = history[-1], entity.id.rpartition(" ")[2]
        value = latest.detail[0], latest.time, latest.id
        self._readings.append(ReportedValue(entity.system, entity.group, latest.agency, period, *value))

    @property
    def _last(self) -> int:
        return self._minute * MINUTE - 1

    def figures(self, starts: date | None, above: Mapping[str, Sequence[str]]) -> Figures:
        """The figures of the period that began on one of the days given, or that there ever were."""
        before: dict[Key, int] = {}
        at_end: dict[Key, int] = {}
        begin = None if starts is None else self._begins[starts]
        for edge, amounts in zip(self._edges, self._parts, strict=True):
            for key, value in amounts.items():
                at_end[key] = at_end.get(key, 0) + value
                if begin is not None and edge <= begin:
                    before[key] = before.get(key, 0) + value
        actors = [acted for acted, count in self._actors.items() if count > 0]
        return Figures(
            starts,
            self._ends,
            self._minute,
            at_end,
            before,
            self._reporting,
            above,
            actors,
            self._items,
            self._readings,
            self._tasks,
        )
