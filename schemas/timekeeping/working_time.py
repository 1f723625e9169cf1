"""Working time: how long an agency has had for a case, and when it is due. No clock is read here.

What is counted is office time: the microseconds within office hours on working days. The rules are the practice of
the one-stop systems, not the text of a law: the day of receipt is not counted; the time of day carries over; what
comes after hours counts as received the next working morning, what comes at lunch as received after it; calendar days
that end on a day off move to the next working day; suspended time does not count.

Moments are microseconds since 1970, UTC. Office hours contain the moment at which they begin, not that at which they
end: 17:00 sharp is after hours. Tables reach as far as was asked; no time is worked before December 1989.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.timekeeping.office_days import (
    OfficeDays,
    Spans,
    Table,
    WeekHours,
    block_and_day,
    day_in,
    day_number,
    day_of,
    empty_table,
)
from schemas.timekeeping.wall_clock import DAY, SECOND, wall_clock

UNITS = ("working_days", "days", "months", "hours")
LIMIT_PATTERN = re.compile(rf"[1-9][0-9]{{0,3}} ({'|'.join(UNITS)})")
"""How a limit is written: `7 working_days`."""
_HOUR = 3600 * SECOND
_NONE: Mapping[date, Any] = MappingProxyType({})


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


class WorkingTime:
    """Office hours, days off and make-up days of one agency, in one zone. Immutable once made."""

    def __init__(
        self,
        zone: ZoneInfo,
        hours: WeekHours,
        days_off: Collection[date],
        working_days: Collection[date],
        later: Mapping[date, WeekHours] = _NONE,
        hours_off: Mapping[date, Spans] = _NONE,
        other_hours: Mapping[date, Spans] = _NONE,
    ) -> None:
        """Take the rules of one agency; tables are made when first asked for.

        Args:
            zone: Whose clocks the office keeps.
            hours: Weekday (0 is Monday) to office hours in seconds of the local day, ascending.
            days_off: Days without office hours, whatever their weekday.
            working_days: Make-up days. One whose weekday has no hours has those of the week's first working day.
            later: The local day from which on other weekly hours stand, to those.
            hours_off: Days that are off for some hours only, to these.
            other_hours: Days with hours of their own, whatever their weekday, to these.

        Raises:
            ValueError: Office hours that cannot be, none at all, or a date of which two things are said.
        """
        self._clock = wall_clock(zone)
        self._office = OfficeDays(hours, days_off, working_days, later, hours_off, other_hours)
        self._table = empty_table(self._clock)

    def is_working(self, day: date) -> bool:
        """Whether the office is open on a local day."""
        return bool(self._office.hours(day_number(day)))

    def worked(self, moment: int) -> int:
        """Office time from a fixed origin up to a moment; never falls as moments rise."""
        table = self._until(moment)
        number = bisect_right(table.begins, moment) - 1
        if number < 0:
            return 0
        block, within = table.blocks[number], moment - table.begins[number]
        index = bisect_right(block.starts, within) - 1
        if index < 0:
            return table.worked[number]
        return table.worked[number] + block.before[index] + min(block.ends[index], within) - block.starts[index]

    def between(self, start: int, end: int) -> int:
        """Office time from one moment to another; negative if the end is before the start."""
        return self.worked(end) - self.worked(start)

    def begin(self, received: int) -> int:
        """When the clock of what was received starts: at once within office hours, else when they next begin."""
        table = self._until(received)
        number = max(bisect_right(table.begins, received) - 1, 0)
        block, within = table.blocks[number], received - table.begins[number]
        index = bisect_right(block.starts, within) - 1
        if index >= 0 and within < block.ends[index]:
            return received
        if index + 1 < len(block.starts):
            return table.begins[number] + block.starts[index + 1]
        return self._latest(table.worked[number] + block.worked(index))

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

    def _end(self, due: int) -> int:
        """The moment until which there is time: a date's is the midnight after it."""
        wall = self._clock.wall(due)
        return due if wall % DAY or self._office.at_midnight else self._clock.moment(wall + DAY)

    def _until(self, moment: int) -> Table:
        """The table, which reaches beyond a moment."""
        table = self._table
        while moment >= table.begins[-1]:
            table = self._grow(table)
        return table

    def _grow(self, table: Table) -> Table:
        """A table that reaches further, kept for the next call."""
        self._table = further = table.grown(self._office, self._clock)
        return further

    def _earliest(self, total: int) -> int:
        """The first moment by which so much office time has passed; more than none."""
        table = self._table
        while table.worked[-1] < total:
            table = self._grow(table)
        number = bisect_left(table.worked, total) - 1
        block, within = table.blocks[number], total - table.worked[number]
        index = bisect_left(block.before, within) - 1
        return table.begins[number] + block.starts[index] + within - block.before[index]

    def _latest(self, total: int) -> int:
        """The last moment by which no more than so much office time has passed."""
        table = self._table
        while table.worked[-1] <= total:
            table = self._grow(table)
        number = bisect_right(table.worked, total) - 1
        block, within = table.blocks[number], total - table.worked[number]
        index = bisect_right(block.before, within) - 1
        return table.begins[number] + block.starts[index] + within - block.before[index]

    def _working_day(self, day: int, after: int) -> int:
        """The day itself or the next that is worked, or so many working days after that."""
        table, (number, within) = self._table, block_and_day(day)
        while number >= len(table.blocks):
            table = self._grow(table)
        days = table.blocks[number].days
        index = bisect_left(days, within) + after
        if index < len(days):
            return day_in(number, days[index])
        wanted = table.days[number] + index
        while wanted >= table.days[-1]:
            table = self._grow(table)
        number = bisect_right(table.days, wanted) - 1
        return day_in(number, table.blocks[number].days[wanted - table.days[number]])

    def _at(self, day: int, time: int) -> int:
        """A time of a working day, or the last within office hours before it, or that day's first."""
        hours = self._office.hours(day)
        within = hours[0][0]
        for start, end in hours:
            if start <= time:
                within = min(time, end)
        return self._clock.moment(day * DAY + within)


def _months_later(day: int, months: int) -> int:
    """The same day of a later month, or that month's last."""
    start = day_of(day)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return day_number(date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])))
