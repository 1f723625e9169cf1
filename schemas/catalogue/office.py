"""The working time that office hours and a calendar come to."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import get_args
from zoneinfo import ZoneInfo

from schemas.catalogue.rules import CalendarRule, OfficeHours, Weekday
from schemas.timekeeping.working_time import WorkingTime

_WEEKDAYS = get_args(Weekday)


def working_time(zone: ZoneInfo, hours: Iterable[OfficeHours], days: Mapping[date, CalendarRule]) -> WorkingTime:
    """The working time of one agency, by these hours and, for each day of which anything is said, this entry."""
    weeks = weekly(hours)
    spans = {day: _seconds(rule.hours) for day, rule in days.items() if rule.hours is not None}
    return WorkingTime(
        zone,
        weeks.pop(date.min),
        [day for day, rule in days.items() if rule.off and day not in spans],
        [day for day, rule in days.items() if not rule.off and day not in spans],
        weeks,
        {day: spans[day] for day, rule in days.items() if rule.off and day in spans},
        {day: spans[day] for day, rule in days.items() if not rule.off and day in spans},
    )


def weekly(hours: Iterable[OfficeHours]) -> dict[date, dict[int, list[tuple[int, int]]]]:
    """The local day from which a week stands (`date.min`: always) → weekday, 0 is Monday → seconds of the day."""
    weeks: dict[date, dict[int, list[tuple[int, int]]]] = {}
    for one in hours:
        week = weeks.setdefault(one.since or date.min, {})
        week |= {_WEEKDAYS.index(day): _seconds(one.hours) for day in one.days}
    return weeks


def _seconds(spans: Iterable[str]) -> list[tuple[int, int]]:
    return [(_second(begin), _second(end)) for begin, _, end in (span.partition("-") for span in spans)]


def _second(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 3600 + int(minutes) * 60
