"""How a target stands: reached or not, and whether it will be at the pace of the last weeks.

It is what the SQL of `indicators.status_at` is checked against, from the same definitions and independently of it.
"""

from datetime import date
from typing import Literal, NamedTuple

from schemas.catalogue.indicators import Target
from schemas.views.status import PACE_DAYS

Status = Literal["met", "missed", "on_track", "at_risk", "no_data"]


class Progress(NamedTuple):
    """How a target is coming on. Paces are what the value changes by in a working day."""

    value: float | None
    days_left: int
    """Days of the calendar until it is due; negative once it was."""
    working_days_left: int
    pace: float | None
    """None where the value is not known of both days."""
    pace_needed: float | None
    """None where it is reached, or no working day is left."""
    projected: float | None
    """What the value will be on the day it is due, at the pace of the last weeks."""
    status: Status


def progress(
    target: Target, value: float | None, earlier: float | None, today: date, working_days_left: int
) -> Progress:
    """How a target stands that was not decided yet.

    Args:
        target: What is to be reached.
        value: The indicator's today, or on the day it was due if that is past.
        earlier: The same `PACE_DAYS` working days before that.
        today: The province's day.
        working_days_left: The province's working days after today, until the day it is due.
    """
    pace = None if value is None or earlier is None else (value - earlier) / PACE_DAYS
    projected = None if value is None or pace is None else value + pace * working_days_left
    needed = None
    if value is not None and working_days_left > 0 and not _reaches(target, value):
        needed = (_goal(target) - value) / working_days_left
    status = _status(target, value, projected, today)
    return Progress(value, (target.due - today).days, working_days_left, pace, needed, projected, status)


def _reaches(target: Target, value: float) -> bool:
    """Whether a value is what the target asks for."""
    if target.at_least is not None:
        return value >= target.at_least
    return value <= _goal(target)


def _status(target: Target, value: float | None, projected: float | None, today: date) -> Status:
    if value is None:
        return "no_data"
    if _reaches(target, value):
        return "met"
    if today > target.due:
        return "missed"
    return "on_track" if projected is not None and _reaches(target, projected) else "at_risk"


def _goal(target: Target) -> float:
    goal = target.at_most if target.at_least is None else target.at_least
    assert goal is not None  # a target without a goal is a mistake in the catalogue
    return goal
