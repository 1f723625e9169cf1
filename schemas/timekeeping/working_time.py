"""Working time: how long an agency has had for a case, and when it is due. No clock is read here.

What is counted is office time: the microseconds within office hours on working days. The rules are the practice of
the one-stop systems, not the text of a law: the day of receipt is not counted; the time of day carries over; what
comes after hours counts as received the next working morning, what comes at lunch as received after it; calendar days
that end on a day off move to the next working day; suspended time does not count.

Moments are microseconds since 1970, UTC. Office hours contain the moment at which they begin, not that at which they
end: 17:00 sharp is after hours. Tables reach as far as was asked; no time is worked before December 1989.
"""

import re
import sys
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.timekeeping.wall_clock import DAY, SECOND, wall_clock

UNITS = ("working_days", "days", "months", "hours")
LIMIT_PATTERN = re.compile(rf"[1-9][0-9]{{0,3}} ({'|'.join(UNITS)})")
"""How a limit is written: `7 working_days`."""
_HOUR = 3600 * SECOND
_DAY_SECONDS = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_DAY = date(1989, 12, 1).toordinal() - _EPOCH
_BLOCK = 50 * 365
"""Days that a table grows by: the first block holds everything but absurd due times."""

Hours = tuple[tuple[int, int], ...]
"""Office hours of one day, as microseconds of the local day."""


class Limit(NamedTuple):
    """How long an agency has for a case."""

    amount: int
    unit: str
    """`working_days`, `days` and `months` of the calendar, or `hours` of office time."""

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read a limit such as `7 working_days`.

        Raises:
            ValueError: It is no limit; the message says what is allowed.
        """
        if not LIMIT_PATTERN.fullmatch(text):
            raise ValueError(
                f"{text!r} is no limit: write a number from 1 to 9999 and one of {', '.join(UNITS)},"
                " such as '7 working_days'"
            )
        amount, unit = text.split(" ")
        return cls(int(amount), unit)


class _Table(NamedTuple):
    """Office hours one after another. Never changed, only replaced: several threads read it."""

    reach: int
    """The local day, counted since 1970, from which on nothing is known yet."""
    starts: list[int]
    ends: list[int]
    before: list[int]
    """Office time before each of these office hours."""
    total: int
    days: list[int]
    """The working days, counted since 1970."""


class WorkingTime:
    """Office hours, days off and make-up days of one agency, in one zone. Immutable once made."""

    def __init__(
        self,
        zone: ZoneInfo,
        hours: Mapping[int, Sequence[tuple[int, int]]],
        days_off: Collection[date],
        working_days: Collection[date],
    ) -> None:
        """Take the rules of one agency; tables are made when first asked for.

        Args:
            zone: Whose clocks the office keeps.
            hours: Weekday (0 is Monday) to office hours in seconds of the local day, ascending.
            days_off: Days without office hours, whatever their weekday.
            working_days: Make-up days. One whose weekday has no hours has those of the week's first working day.

        Raises:
            ValueError: Office hours that cannot be, none at all, or a date that is both off and worked.
        """
        if both := sorted(set(days_off) & set(working_days)):
            raise ValueError(f"{both[0]} is both a day off and a working day: leave out one of them")
        self._clock = wall_clock(zone)
        self._week = _week(hours)
        usual = next(day for day in self._week if day)
        self._special: dict[int, Hours] = {day.toordinal() - _EPOCH: () for day in days_off}
        for day in working_days:
            self._special[day.toordinal() - _EPOCH] = self._week[day.weekday()] or usual
        self._works_at_midnight = any(start == 0 or end == DAY for day in self._week for start, end in day)
        self._table = _Table(_FIRST_DAY, [], [], [], 0, [])

    def is_working(self, day: date) -> bool:
        """Whether the office is open on a local day."""
        return bool(self._hours(day.toordinal() - _EPOCH))

    def worked(self, moment: int) -> int:
        """Office time from a fixed origin up to a moment; never falls as moments rise."""
        table, index = self._begun(moment)
        if index < 0:
            return 0
        end = table.ends[index]
        return table.before[index] + (min(end, moment)) - table.starts[index]

    def between(self, start: int, end: int) -> int:
        """Office time from one moment to another; negative if the end is before the start."""
        return self.worked(end) - self.worked(start)

    def begin(self, received: int) -> int:
        """When the clock of what was received starts: at once within office hours, else when they next begin."""
        table, index = self._begun(received)
        return received if index >= 0 and received < table.ends[index] else table.starts[index + 1]

    def due(self, received: int, limit: Limit) -> int:
        """When an agency has to be done with what it received.

        Days and months end at the time of day at which the clock started; where that day has no such office time, at
        the last before it, else at that day's first. The 31st is the last day of a shorter month. Hours of office time
        end as soon as they have passed: eight from 07:00 end at 17:00.

        Raises:
            ValueError: The limit's unit is none that `Limit.parse` knows.
        """
        amount, unit = limit
        day, time = divmod(self._clock.wall(self.begin(received)), DAY)
        match unit:
            case "working_days":
                return self._at(self._working_day(day, amount), time)
            case "days":
                return self._at(self._working_day(day + amount, 0), time)
            case "months":
                return self._at(self._working_day(_months_later(day, amount), 0), time)
            case "hours":
                return self._earliest(self.worked(received) + amount * _HOUR)
        raise ValueError(f"no unit of a limit: {unit!r}; make limits with Limit.parse")

    def shifted(self, due: int, suspended: int) -> int:
        """A due time moved by the office time for which the case was suspended.

        Nothing moves by nothing. A due time at local midnight is a date and stands for the end of that day (unless the
        office works at midnight); moved to the end of another day, it is that date. One at which office hours begin
        moves to where they begin; any other to the earliest moment by which the office time has passed. A due time
        outside office hours, or on a day off, moves as the end of the last office hours before it would.

        Raises:
            ValueError: The time suspended is negative.
        """
        if suspended < 0:
            raise ValueError(f"suspended for {suspended} µs: give the time from suspension to resumption")
        if suspended == 0:
            return due
        end = self._end(due)
        total = self.worked(end) + suspended
        if end != due:
            moved = self._earliest(total)
            midnight = self._clock.moment(self._clock.wall(moved) // DAY * DAY)
            return midnight if self.worked(self._end(midnight)) == total else moved
        begins = self.begin(due - 1) == due
        return self._latest(total) if begins else self._earliest(total)

    def left(self, now: int, due: int) -> int:
        """Office time left until a due time; negative once office time has passed since.

        A due time at local midnight stands for the end of that day, as in `shifted`. Whatever the due time, in or
        outside office hours: a case suspended for some office time and given `shifted` by it has left what it had.
        """
        return self.worked(self._end(due)) - self.worked(now)

    def _hours(self, day: int) -> Hours:
        special = self._special.get(day)
        return self._week[(day + 3) % 7] if special is None else special  # day 0, 1970-01-01, was a Thursday

    def _end(self, due: int) -> int:
        """The moment until which there is time: a date's is the midnight after it."""
        wall = self._clock.wall(due)
        return due if wall % DAY or self._works_at_midnight else self._clock.moment(wall + DAY)

    def _begun(self, moment: int) -> tuple[_Table, int]:
        """The last office hours that have begun at a moment (-1: none yet), in a table that has the next, too."""
        table = self._table
        index = bisect_right(table.starts, moment)
        while index == len(table.starts):
            table = self._grow(table)
            index = bisect_right(table.starts, moment)
        return table, index - 1

    def _earliest(self, total: int) -> int:
        """The first moment by which so much office time has passed; more than none."""
        table = self._table
        while table.total < total:
            table = self._grow(table)
        index = bisect_left(table.before, total) - 1
        return table.starts[index] + total - table.before[index]

    def _latest(self, total: int) -> int:
        """The last moment by which no more than so much office time has passed."""
        table = self._table
        while table.total <= total:
            table = self._grow(table)
        index = bisect_right(table.before, total) - 1
        return table.starts[index] + total - table.before[index]

    def _working_day(self, day: int, after: int) -> int:
        """The day itself or the next that is worked, or so many working days after that."""
        table = self._table
        index = bisect_left(table.days, day) + after
        while index >= len(table.days):
            table = self._grow(table)
            index = bisect_left(table.days, day) + after
        return table.days[index]

    def _at(self, day: int, time: int) -> int:
        """A time of a working day, or the last within office hours before it, or that day's first."""
        hours = self._hours(day)
        within = hours[0][0]
        for start, end in hours:
            if start <= time:
                within = min(time, end)
        return self._clock.moment(day * DAY + within)

    def _grow(self, table: _Table) -> _Table:
        """A table that reaches a block further, kept for the next call."""
        starts, ends, before, days = table.starts[:], table.ends[:], table.before[:], table.days[:]
        total, reach = table.total, table.reach + _BLOCK
        moment, steady_until, offset = self._clock.moment, -sys.maxsize, 0
        for day in range(table.reach, reach):
            opened, midnight = total, day * DAY
            if midnight + DAY >= steady_until:
                offset, steady_until = self._clock.steady(midnight)
            for wall_start, wall_end in self._hours(day):
                if midnight + DAY < steady_until:  # nearly always, and several times faster
                    start, end = midnight + wall_start - offset, midnight + wall_end - offset
                else:
                    start, end = moment(midnight + wall_start), moment(midnight + wall_end)
                if start < end:  # not so where the clocks skip these hours
                    starts.append(start)
                    ends.append(end)
                    before.append(total)
                    total += end - start
            if total > opened:
                days.append(day)
        self._table = _Table(reach, starts, ends, before, total, days)
        return self._table


def _week(hours: Mapping[int, Sequence[tuple[int, int]]]) -> list[Hours]:
    """Office hours in microseconds, from Monday to Sunday."""
    week: list[Hours] = [()] * 7
    for weekday, intervals in hours.items():
        if not 0 <= weekday <= 6:
            raise ValueError(f"no weekday: {weekday}; 0 is Monday, 6 is Sunday")
        flat = [second for interval in intervals for second in interval]
        ascending = flat == sorted(flat) and all(start < end for start, end in intervals)
        if not ascending or any(not 0 <= second <= _DAY_SECONDS for second in flat):
            raise ValueError(
                f"office hours of weekday {weekday} cannot be {list(intervals)}: they begin before they end,"
                f" follow each other, and are seconds from 0 to {_DAY_SECONDS}"
            )
        week[weekday] = tuple((start * SECOND, end * SECOND) for start, end in intervals)
    if not any(week):
        raise ValueError("no office hours on any weekday: give at least one weekday its hours")
    return week


def _months_later(day: int, months: int) -> int:
    """The same day of a later month, or that month's last."""
    start = date.fromordinal(day + _EPOCH)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal() - _EPOCH
