"""What every figure of `opscentre status` must be, said once more in the plainest way.

The stream workers keep their counters by difference, event by event. Nothing of theirs is used here: every case and
item is looked at as a whole, as of one moment, so that a mistake of theirs cannot be ours as well. How office hours
are counted (`schemas.timekeeping.working_time`) is the same for both.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from opscentre.simulation.due_times import DueTimes
from opscentre.simulation.figures import latest
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
from schemas.events import BY_TYPE
from schemas.events.effects import Added, Case, Item, Reading

Figures = dict[str, float]
"""Figures by their path; all but the totals of readings are whole numbers. What is not there is 0."""


def flat(report: dict[str, Any], prefix: str = "") -> Figures:
    """The figures of a status report by their path, such as `cases.dossier.open`."""
    figures: Figures = {}
    for name, value in report.items():
        if isinstance(value, dict):
            figures.update(flat(value, f"{prefix}{name}."))
        else:
            figures[prefix + name] = value or 0
    return figures


def expected(ground_truth: GroundTruth, now: datetime, catalogue: Catalogue) -> Figures:
    """Every figure by its path as of the end of the minute of `now`: counters know minutes, nothing finer."""
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    figures: defaultdict[str, float] = defaultdict(int)
    figures.update(events=ground_truth.events, duplicates=ground_truth.duplicates, lag=0)
    for reason, count in ground_truth.broken.items():
        figures[f"dead_letters.{reason}"] = count
    histories: defaultdict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    readings: list[Statement] = []
    for one in ground_truth.current():
        if one.time >= until:
            continue
        kind = BY_TYPE[one.type]
        if issubclass(kind, Case | Item):
            group = f"cases.{kind.kind}" if issubclass(kind, Case) else f"items.{kind.register_name}"
            histories[one.system, group, one.subject].append(one)
        elif issubclass(kind, Reading):
            readings.append(one)
        else:
            figures[f"flows.{kind.name}"] += 1
    due_times = DueTimes(catalogue.rules)
    for (_, group, _), history in histories.items():
        history.sort(key=sort_key)
        counted = case(history, until, due_times) if group.startswith("cases.") else item(history)
        for name in counted:
            figures[f"{group}.{name}"] += 1
    return {**figures, **_of_readings(readings)}


def _of_readings(readings: list[Statement]) -> Figures:
    """How many readings stand by name, and their sum; of several for one period the latest stands."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for one in latest(readings):
        assert one.reading is not None  # every reading has its period and value
        values[one.subject].append(one.reading[1])
    figures: Figures = {}
    for name, found in values.items():
        figures[f"readings.{name}.count"] = len(found)
        figures[f"readings.{name}.total"] = math.fsum(found)
    return figures


def item(history: History) -> Iterator[str]:
    """What an item counts for: it stands if the last that is known is that it was added."""
    last = history[-1]
    if has_effect(last, Added):
        yield "standing"
        yield from _split("dimension", last)


def case(history: History, until: datetime, due_times: DueTimes) -> Iterator[str]:
    """What a case counts for just before `until`, of which its history ends before."""
    opened, ended = opening(history), finish(history)
    if opened is None:
        if ended:
            yield "incomplete"
        return
    yield "opened"
    yield from _split("channel", opened)
    yield from ("number_reused" for _ in other_openings(history, due_times.zone))
    yield from ("reopened" for _ in reopenings(history))
    overdue_at = due_times.overdue_at(history, until)
    if ended is None:
        yield "open"
        if overdue_at is None:
            yield "open_without_due"
        if suspended(history):
            yield "suspended"
            if overdue_at and overdue_at <= suspended_since(history):
                yield "overdue"
        elif overdue_at and overdue_at < until:
            yield "overdue"
        return
    yield "closed"
    if ended.time < opened.time:
        yield "contradictory"
    if closed(ended).timed:
        if overdue_at is None:
            yield "without_due"
        else:
            yield "late" if ended.time >= overdue_at else "on_time"


def _split(name: str, one: Statement) -> Iterator[str]:
    """Its place in what is split by the first field of the dimensions."""
    if one.dimensions:
        yield f"by_{name}.{one.dimensions.partition(' ')[0]}"
