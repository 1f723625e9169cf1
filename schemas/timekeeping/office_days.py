"""Which hours an office keeps on which day, and tables of them that working time is looked up in.

A table is made of blocks of 52 weeks, counted from their first midnight. Blocks that are equal are one and the same,
whosever they are: a calendar costs little more than the weeks in which it differs from the others.
"""

import sys
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from schemas.timekeeping.wall_clock import DAY, SECOND, WallClock

_DAY_SECONDS = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_BLOCK_DAYS = 52 * 7
_GROWTH = 50
"""Blocks that a table grows by: the first growth holds everything but absurd due times."""

Hours = tuple[tuple[int, int], ...]
"""Office hours of one day, as microseconds of the local day."""

Spans = Sequence[tuple[int, int]]
"""Hours of one day as they are given: seconds of the local day, ascending."""

WeekHours = Mapping[int, Spans]
"""Weekday (0 is Monday) to its hours."""

_Week = tuple[Hours, ...]


def day_number(day: date) -> int:
    """A local day, counted since 1970."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The local day of its number."""
    return date.fromordinal(number + _EPOCH)


FIRST_DAY = day_number(date(1989, 12, 1))
"""No time is worked before."""


class OfficeDays:
    """The hours of each day of one agency. Days are numbers, as `day_number` gives them."""

    def __init__(
        self,
        hours: WeekHours,
        days_off: Collection[date],
        working_days: Collection[date],
        later: Mapping[date, WeekHours],
        hours_off: Mapping[date, Spans],
        other_hours: Mapping[date, Spans],
    ) -> None:
        """Take the rules of one agency; see `WorkingTime`.

        Raises:
            ValueError: as for `WorkingTime`.
        """
        said = [*set(days_off), *set(working_days), *hours_off, *other_hours]
        if twice := sorted(day for day in set(said) if said.count(day) > 1):
            raise ValueError(f"{twice[0]} is both a day off and a working day: leave out one of them")
        self._begins = [-sys.maxsize, *(day_number(day) for day in sorted(later))]
        self._weeks = [_week(hours), *(_week(later[day]) for day in sorted(later))]
        self._steady = not later
        self._special: dict[int, Hours] = dict.fromkeys(map(day_number, days_off), ())
        for number in map(day_number, working_days):
            self._special[number] = self.hours(number) or next(filter(None, self._week(number)))
        self._special |= {day_number(day): _spans(spans, str(day)) for day, spans in other_hours.items()}
        for day, off in hours_off.items():
            self._special[day_number(day)] = _without(self.hours(day_number(day)), _spans(off, str(day)))
        kept = [*self._special.values(), *(day for week in self._weeks for day in week)]
        self.at_midnight = any(start == 0 or end == DAY for day in kept for start, end in day)
        """Whether the office works until or from midnight on any day."""

    def hours(self, day: int) -> Hours:
        """The hours of a day; none where it is off."""
        special = self._special.get(day)
        if special is not None:
            return special
        week = self._weeks[0] if self._steady else self._week(day)
        return week[(day + 3) % 7]  # day 0, 1970-01-01, was a Thursday

    def _week(self, day: int) -> _Week:
        return self._weeks[bisect_right(self._begins, day) - 1]

    def block(self, first: int) -> tuple[Hours, ...]:
        """The hours of the days of a block, from its first."""
        if not self._steady:
            return tuple(self.hours(day) for day in range(first, first + _BLOCK_DAYS))
        turn = (first + 3) % 7
        days = list((self._weeks[0][turn:] + self._weeks[0][:turn]) * (_BLOCK_DAYS // 7))
        for day, hours in self._special.items():
            if 0 <= day - first < _BLOCK_DAYS:
                days[day - first] = hours
        return tuple(days)


class Block(NamedTuple):
    """Office hours one after another, in microseconds from the block's first midnight."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    """Office time before each of these, within the block."""
    total: int
    days: list[int]
    """The working days, from the block's first day, 0."""

    def worked(self, index: int) -> int:
        """Office time until the end of these hours; -1 stands for before the first."""
        return self.before[index] + self.ends[index] - self.starts[index] if index >= 0 else 0


class Table(NamedTuple):
    """Blocks one after another. Never changed, only replaced: several threads read it."""

    begins: list[int]
    """The moment of each block's first midnight, and the one until which the table reaches."""
    worked: list[int]
    """Office time before each block, and in all."""
    days: list[int]
    """Working days before each block, and in all."""
    blocks: list[Block]

    def grown(self, office: OfficeDays, clock: WallClock) -> "Table":
        """A table that reaches further."""
        begins, worked, days, blocks = self.begins[:], self.worked[:], self.days[:], self.blocks[:]
        for number in range(len(blocks), len(blocks) + _GROWTH):
            first = FIRST_DAY + number * _BLOCK_DAYS
            _, steady_until = clock.steady(first * DAY)
            steady = (first + _BLOCK_DAYS + 1) * DAY < steady_until
            block = _steady(office.block(first)) if steady else _block(office.block(first), clock, first)
            blocks.append(block)
            begins.append(clock.moment((first + _BLOCK_DAYS) * DAY))
            worked.append(worked[-1] + block.total)
            days.append(days[-1] + len(block.days))
        return Table(begins, worked, days, blocks)


def empty_table(clock: WallClock) -> Table:
    """A table without a block."""
    return Table([clock.moment(FIRST_DAY * DAY)], [0], [0], [])


def block_and_day(day: int) -> tuple[int, int]:
    """The number of the block in which a day lies, and the day's number within it."""
    return divmod(max(day - FIRST_DAY, 0), _BLOCK_DAYS)


def day_in(block: int, day: int) -> int:
    """The day that has this number within a block."""
    return FIRST_DAY + block * _BLOCK_DAYS + day


@lru_cache(4096)
def _steady(days: tuple[Hours, ...]) -> Block:
    """The block of these days where no clock is changed within it."""
    return _block(days, None, 0)


def _block(days: tuple[Hours, ...], clock: WallClock | None, first: int) -> Block:
    starts: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    worked: list[int] = []
    total, origin = 0, clock.moment(first * DAY) if clock else 0
    for number, hours in enumerate(days):
        opened, midnight = total, (first + number) * DAY
        for wall_start, wall_end in hours:
            start, end = midnight + wall_start, midnight + wall_end
            if clock:
                start, end = clock.moment(start) - origin, clock.moment(end) - origin
            if start < end:  # not so where the clocks skip these hours
                starts.append(start)
                ends.append(end)
                before.append(total)
                total += end - start
        if total > opened:
            worked.append(number)
    return Block(starts, ends, before, total, worked)


def _week(hours: WeekHours) -> _Week:
    """Office hours in microseconds, from Monday to Sunday."""
    week: list[Hours] = [()] * 7
    for weekday, spans in hours.items():
        if not 0 <= weekday <= 6:
            raise ValueError(f"no weekday: {weekday}; 0 is Monday, 6 is Sunday")
        week[weekday] = _spans(spans, f"weekday {weekday}")
    if not any(week):
        raise ValueError("no office hours on any weekday: give at least one weekday its hours")
    return tuple(week)


def _spans(spans: Spans, of: str) -> Hours:
    flat = [second for span in spans for second in span]
    ascending = flat == sorted(flat) and all(start < end for start, end in spans)
    if not ascending or any(not 0 <= second <= _DAY_SECONDS for second in flat):
        raise ValueError(
            f"office hours of {of} cannot be {list(spans)}: they begin before they end,"
            f" follow each other, and are seconds from 0 to {_DAY_SECONDS}"
        )
    return tuple((start * SECOND, end * SECOND) for start, end in spans)


def _without(hours: Hours, off: Hours) -> Hours:
    """The hours with others taken out of them."""
    left = list(hours)
    for begin, until in off:
        cut = [[(start, min(end, begin)), (max(start, until), end)] for start, end in left]
        left = [(start, end) for both in cut for start, end in both if start < end]
    return tuple(left)
