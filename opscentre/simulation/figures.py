"""What indicators are worked out from, said once more in the plainest way: see `expected`.

Every case, item and reading is looked at as a whole, as of the end of a period and as of its start, instead of being
counted event by event. From these figures `schemas.evaluation` works out what the database's views say in SQL.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from opscentre.simulation.due_times import DueTimes
from opscentre.simulation.ground_truth import GroundTruth, Statement
from opscentre.simulation.histories import (
    History,
    closed,
    finish,
    has_effect,
    opening,
    other_openings,
    reopenings,
    sort_key,
    suspended,
    suspended_since,
)
from schemas.catalogue.load import Catalogue
from schemas.evaluation import ActorMonth, Figures, ReportedValue, StandingItem, TaskState, lineage
from schemas.evaluation.figures import group_of
from schemas.events import BY_TYPE
from schemas.events.effects import Added, Case, Item, Progressed, Reading
from schemas.timekeeping.moments import MINUTE, moment_of

Counted = tuple[str, str, str]
"""Measure, agency and dimensions."""

_WITH_PROGRESS = {event.kind for event in BY_TYPE.values() if issubclass(event, Progressed) and issubclass(event, Case)}


class GroundTruthFigures:
    """The figures of any period that runs at a moment, from what was published until then."""

    def __init__(self, ground_truth: GroundTruth, until: datetime, catalogue: Catalogue) -> None:
        """`until` is the end of the running minute: counters know minutes, nothing finer."""
        self._until, self._zone = until, catalogue.zone
        self._due_times = DueTimes(catalogue.rules)
        self._above = lineage({code: agency.parent for code, agency in catalogue.agencies.items()})
        self._histories: defaultdict[tuple[str, str, str], list[Statement]] = defaultdict(list)
        self._flows: list[Statement] = []
        self._readings: list[Statement] = []
        for one in ground_truth.current():
            if one.time < until or issubclass(BY_TYPE[one.type], Reading):
                self._take(one)
        for history in self._histories.values():
            history.sort(key=sort_key)

    def _take(self, one: Statement) -> None:
        kind = BY_TYPE[one.type]
        if issubclass(kind, Case):
            self._histories[one.system, kind.kind, one.subject].append(one)
        elif issubclass(kind, Item):
            self._histories[one.system, kind.register_name, one.subject].append(one)
        elif issubclass(kind, Reading):
            self._readings.append(one)
        else:
            self._flows.append(one)

    @property
    def today(self) -> date:
        """The local day that runs."""
        return (self._until - timedelta(minutes=1)).astimezone(self._zone).date()

    def of(self, starts: date | None) -> Figures:
        """The figures of the period from a local day on; None: since ever."""
        before = Counter[tuple[str, str, str, str]]() if starts is None else self._totals(_midnight(starts, self._zone))
        return Figures(
            starts,
            self.today,
            moment_of(self._until) // MINUTE,
            self._at_the_end,
            before,
            self._reporting,
            self._above,
            self._actors,
            list(self._items()),
            list(self._reported()),
            list(self._tasks()),
        )

    @cached_property
    def _at_the_end(self) -> Counter[tuple[str, str, str, str]]:
        return self._totals(self._until)

    @cached_property
    def _reporting(self) -> set[tuple[str, str, str]]:
        return {(system, group, one.agency) for system, group, one in self._counted()}

    @cached_property
    def _actors(self) -> set[ActorMonth]:
        return {self._acted(one) for one in self._flows if one.actor is not None}

    def _counted(self) -> Iterator[tuple[str, str, Statement]]:
        """Every statement that counts, with its system and what it is of."""
        for (system, group, _), history in self._histories.items():
            yield from ((system, group, one) for one in history)
        for one in self._flows:
            yield one.system, group_of(BY_TYPE[one.type].name), one

    def _totals(self, until: datetime) -> Counter[tuple[str, str, str, str]]:
        totals: Counter[tuple[str, str, str, str]] = Counter()
        for (system, group, _), history in self._histories.items():
            known = [one for one in history if one.time < until]
            if known:
                counts = self._counts(known, until) | self._finished(history, until)
                for (measure, agency, dimensions), amount in counts.items():
                    totals[system, f"{group}.{measure}", agency, dimensions] += amount
        for one in self._flows:
            if one.time < until:
                totals[one.system, BY_TYPE[one.type].name, one.agency, one.dimensions] += 1
        return totals

    def _counts(self, history: History, until: datetime) -> dict[Counted, int]:
        last = history[-1]
        if issubclass(BY_TYPE[last.type], Item):
            return {("standing", last.agency, last.dimensions): 1} if has_effect(last, Added) else {}
        opened, ended = opening(history), finish(history)
        if opened is None:
            return {}
        counts: dict[Counted, int] = {("opened", opened.agency, opened.dimensions): 1}
        counts |= Counter(("number_reused", one.agency, "") for one in other_openings(history, self._zone))
        counts |= Counter(("reopened", one.agency, "") for one in reopenings(history))
        if ended is None:
            counts |= {
                ("open", last.agency, ""): 1,
                ("opened_at_sum", last.agency, ""): moment_of(opened.time) // MINUTE,
            }
            counts |= dict.fromkeys(((state, last.agency, "") for state in self._waits(history, until)), 1)
        done = percent(history)
        if _kind(last) in _WITH_PROGRESS and done:
            counts["progress", (ended or last).agency, ""] = done
            if ended:
                counts["done", ended.agency, ""] = 1
        return counts

    def _waits(self, history: History, until: datetime) -> Iterator[str]:
        overdue_at = self._due_times.overdue_at(history, until)
        if overdue_at is None:
            yield "open_without_due"
        if suspended(history):
            yield "suspended"
            if overdue_at and overdue_at <= suspended_since(history):
                yield "overdue"
        elif overdue_at and overdue_at < until:
            yield "overdue"

    def _finished(self, history: History, until: datetime) -> dict[Counted, int]:
        """What a case counts for by its finish, if that is before `until`: by the one that stands now."""
        opened, ended = opening(history), finish(history)
        if ended is None or max(ended.time, (opened or ended).time) >= until:
            return {}
        agency = ended.agency  # whatever comes after the finish: who hands the result out has not done the work
        if opened is None:
            return {("incomplete", agency, ""): 1}
        counts = {("closed", agency, ended.dimensions): 1}
        if ended.time < opened.time:
            counts["contradictory", agency, ""] = 1
        if closed(ended).timed:
            overdue_at = self._due_times.overdue_at(history, self._until)
            if overdue_at is None:
                counts["without_due", agency, ""] = 1
            else:
                counts["late" if ended.time >= overdue_at else "on_time", agency, ""] = 1
            counts["worked", agency, ""] = self._due_times.worked_minutes(history, opened, ended)
        return counts

    def _acted(self, one: Statement) -> ActorMonth:
        assert one.actor is not None  # asked of those that have one
        month = one.time.astimezone(self._zone).date().replace(day=1)
        return ActorMonth(one.system, BY_TYPE[one.type].name, one.dimensions, one.agency, one.actor, month)

    def _items(self) -> Iterator[StandingItem]:
        for (system, group, subject), history in self._histories.items():
            if has_effect(history[-1], Added):
                yield StandingItem(system, group, subject, history[-1].agency, history[-1].dimensions)

    def _reported(self) -> Iterator[ReportedValue]:
        for one in latest(self._readings):
            assert one.reading is not None  # every reading has its period and value
            yield ReportedValue(one.system, one.subject, one.agency, *one.reading, moment_of(one.time), one.id)

    def _tasks(self) -> Iterator[TaskState]:
        for (system, group, subject), history in self._histories.items():
            if group == "task" and opening(history):
                yield TaskState(system, subject, (finish(history) or history[-1]).agency, percent(history))


def percent(history: History) -> int | None:
    """How much of a case is done: 100 once it is, None where it was given up, else what was said last."""
    ended = finish(history)
    if ended is not None:
        return 100 if closed(ended).timed else None
    said = [one.percent for one in history if one.percent is not None]
    return said[-1] if said else 0


def latest(readings: list[Statement]) -> list[Statement]:
    """Of several readings for one agency and period the one that was reported last."""
    found: dict[tuple[str, str, str, str], Statement] = {}
    for one in sorted(readings, key=lambda one: (one.time, one.id)):
        assert one.reading is not None  # every reading has its period and value
        found[one.system, one.subject, one.agency, one.reading[0]] = one
    return list(found.values())


def _kind(one: Statement) -> str:
    event = BY_TYPE[one.type]
    assert issubclass(event, Case)  # asked of cases only
    return event.kind


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
