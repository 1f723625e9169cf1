"""What every figure of `opscentre status` must be, said once more in the plainest way.

The stream workers keep their counters by difference, event by event. Nothing of theirs is used here: every case and
item is looked at as a whole, as of one moment, so that a mistake of theirs cannot be ours as well.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from opscentre.simulation.truth import Statement, Truth
from schemas.effects import Added, Case, Closed, Event, Extended, Item, Opened, Reopened, Resumed, Suspended
from schemas.events import BY_TYPE

History = Sequence[Statement]
"""What is stated of one case or item, in the order in which it happened."""


def flat(report: dict[str, Any], prefix: str = "") -> Counter[str]:
    """The figures of a status report by their path, such as `cases.dossier.open`."""
    figures: Counter[str] = Counter()
    for name, value in report.items():
        if isinstance(value, dict):
            figures.update(flat(value, f"{prefix}{name}."))
        else:
            figures[prefix + name] = value or 0
    return figures


def expected(truth: Truth, now: datetime, zone: ZoneInfo) -> Counter[str]:
    """Every figure by its path as of the end of the minute of `now`: counters know minutes, nothing finer."""
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    figures: Counter[str] = Counter(events=truth.events, duplicates=truth.duplicates, lag=0)
    for reason, count in truth.broken.items():
        figures[f"dead_letters.{reason}"] = count
    histories: defaultdict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    for one in truth.standing():
        if one.time >= until:
            continue
        kind = BY_TYPE[one.type]
        if issubclass(kind, Case | Item):
            group = f"cases.{kind.kind}" if issubclass(kind, Case) else f"items.{kind.register_name}"
            histories[one.system, group, one.subject].append(one)
        else:
            figures[f"flows.{kind.name}"] += 1
    for (_, group, _), history in histories.items():
        history.sort(key=place)
        counted = case(history, until, zone) if group.startswith("cases.") else item(history)
        figures.update(f"{group}.{name}" for name in counted)
    return figures


def place(one: Statement) -> tuple[datetime, int, str]:
    """Where an event stands in its history: of events at one instant, that is decided by what they do."""
    kind = BY_TYPE[one.type]
    assert issubclass(kind, Case | Item)  # nothing else has a history
    return one.time, kind.order, one.id


def item(history: History) -> Iterator[str]:
    """What an item counts for: it stands if the last that is known is that it was added."""
    last = history[-1]
    if _is(last, Added):
        yield "standing"
        if last.label:
            yield f"by_label.{last.label}"


def case(history: History, until: datetime, zone: ZoneInfo) -> Iterator[str]:
    """What a case counts for just before `until`, of which its history ends before."""
    opening = next((one for one in history if _is(one, Opened)), None)
    finish = _finish(history)
    if opening is None:
        if finish:
            yield "incomplete"
        return
    yield "opened"
    if opening.label:
        yield f"by_channel.{opening.label}"
    limit = _limit(history, zone)
    if finish is None:
        yield "open"
        if _suspended(history):
            yield "suspended"
        elif limit and limit < until:
            yield "overdue"
        return
    yield "closed"
    if finish.time < opening.time:
        yield "contradictory"
    if _closed(finish).timed:
        yield "late" if limit and finish.time >= limit else "on_time"


def _since_reopened(history: History) -> History:
    reopened = [number for number, one in enumerate(history) if _is(one, Reopened)]
    return history[reopened[-1] :] if reopened else history


def _finish(history: History) -> Statement | None:
    """Of the closings since it was last reopened the one with the best precedence, of several such the first."""
    closings = [one for one in _since_reopened(history) if _is(one, Closed)]
    return min(closings, key=lambda one: _closed(one).precedence, default=None)


def _suspended(history: History) -> bool:
    """Whether the last suspension since it was last reopened has not ended."""
    pauses = [one for one in _since_reopened(history) if _is(one, Suspended, Resumed)]
    return bool(pauses) and _is(pauses[-1], Suspended)


def _limit(history: History, zone: ZoneInfo) -> datetime | None:
    """The first moment that is too late, by the last due time given; None where there is no limit."""
    given = [one for number, one in enumerate(history) if one.due and _gives_due(one, history[:number])]
    if not given or given[-1].due is None:
        return None
    due, kind = given[-1].due, BY_TYPE[given[-1].type]
    assert issubclass(kind, Case)  # what has a due time is a case
    if not kind.by_day:
        return due + timedelta(microseconds=1)
    return datetime.combine(due.astimezone(zone).date() + timedelta(days=1), time(), zone)


def _gives_due(one: Statement, before: History) -> bool:
    """Whether a due time counts: of a second opening, after the end, or of a closing that is not the finish, not."""
    if _is(one, Opened):
        return not any(_is(other, Opened) for other in before)
    finish = _finish(before)
    if _is(one, Closed):
        return finish is None or _closed(one).precedence < _closed(finish).precedence
    return finish is None and _is(one, Extended, Resumed)


def _is(one: Statement, *effects: type[Event]) -> bool:
    return issubclass(BY_TYPE[one.type], effects)


def _closed(one: Statement) -> type[Closed]:
    kind = BY_TYPE[one.type]
    assert issubclass(kind, Closed)  # asked of closings only
    return kind
