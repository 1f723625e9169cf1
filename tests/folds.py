"""Folds under any of many catalogues, whose calendars change within the three weeks that property tests are about."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules, Succession
from schemas.counters import AT_A_FINISH
from schemas.timekeeping.moments import MINUTE, moment_of
from streams.fold.cases import Key
from streams.fold.contributions import Fold, Folds, contribution_at
from streams.fold.history import Entry
from streams.fold.rules import CaseRules

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START = moment_of(datetime(2025, 4, 3, tzinfo=ZONE)) // MINUTE
"""Thursday, 3 April 2025, in minutes since 1970."""
WEEKS = 3 * 7 * 24 * 60


def off(day: int, since: int | None = None, *agencies: str, off: bool = True) -> CalendarRule:
    """A day of April 2025 that is off, from another on."""
    from_ = None if since is None else date(2025, 4, since)
    return CalendarRule(date=date(2025, 4, day), off=off, since=from_, agencies=list(agencies))


# The weeks begin on Thursday the 3rd; changes take effect within them, also for one agency, on one day and on two.
CALENDAR = [
    off(7),
    off(8, 8),
    off(12, 5, off=False),
    off(14, 8, "A"),
    off(15, 14),
    off(16, 14),
    off(16, 16, off=False),
    off(19, 18, off=False),
    off(17, 9).model_copy(update={"hours": ["13:30-17:00"]}),
    off(18, 17, "A").model_copy(update={"hours": ["07:00-10:00"]}),
    off(13, off=False).model_copy(update={"hours": ["08:00-10:00"]}),
]
LIMITS = [
    {
        "working_days": [Limits(any="2 working_days")],
        "days": [Limits(online="4 days", counter="6 days")],
        "hours": [Limits(any="6 hours"), Limits(since=date(2025, 4, 10), any="12 hours")],
    },
    {"working_days": [Limits(any="3 working_days")], "hours": [Limits(online="6 hours")]},
]
HOURS = OfficeHours(days=["monday", "tuesday", "wednesday", "thursday", "friday"], hours=["07:00-11:30", "13:30-17:00"])
ROUND_THE_CLOCK = OfficeHours(days=["thursday", "saturday"], hours=["00:00-24:00"])
WINTER = OfficeHours(
    since=date(2025, 4, 11),
    days=["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    hours=["07:30-12:00", "13:30-16:30"],
)


def held_at(fold: Fold[Any], history: Sequence[Entry], moment: int) -> dict[Key, int]:
    """What stands of a history at a moment, by its events until then, and what was finished by then, by all of them."""
    standing, in_the_end = (contribution_at(fold, history, until) for until in (moment, 2**60))
    held = {key: amount for key, (_, amount) in standing.items() if key[1] not in AT_A_FINISH}
    ended = {key: amount for key, (at, amount) in in_the_end.items() if key[1] in AT_A_FINISH and at <= moment}
    return {key: amount for key, amount in (held | ended).items() if amount}


@cache
def folds(entries: frozenset[int], limits: int, own_hours: bool) -> Folds:
    """The folds of a catalogue with these entries of the calendar."""
    rules = Rules(
        zone=ZONE.key,
        office_hours=[HOURS, WINTER] if own_hours else [HOURS],
        agency_hours={"B": [ROUND_THE_CLOCK]} if own_hours else {},
        calendar=[CALENDAR[index] for index in sorted(entries)],
        limits=LIMITS[limits],
        successions=[Succession(agency="B", since=date(2025, 4, 12), successor="A")] if own_hours else [],
    )
    return Folds(CaseRules(rules))


catalogues = st.builds(
    folds, st.frozensets(st.integers(0, len(CALENDAR) - 1)), st.integers(0, len(LIMITS) - 1), st.booleans()
)
PLAIN = folds(frozenset(), 0, False)
