"""The wall clock of a zone, in whole numbers: working time asks it too often to make datetimes.

Wall times are microseconds since 1970 as the zone's clocks show them, so a wall time // DAY is a local day.
"""

import sys
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000
DAY = 86_400 * SECOND
_WEEK = 7 * 86_400
_FIRST = int(datetime(1989, 12, 1, tzinfo=UTC).timestamp())
_LAST = int(datetime(2201, 1, 1, tzinfo=UTC).timestamp())


class WallClock:
    """Moments to wall times and back. Exact from 1990 to 2200; before and after, the nearest of its offsets stands."""

    def __init__(self, zone: ZoneInfo) -> None:
        changes, self._offsets = _changes(zone)
        self._changes = [second * SECOND for second in changes]
        shown = [self._offsets[0], *self._offsets[:-1]]
        self._walls = [change + offset for change, offset in zip(self._changes, shown, strict=True)]

    def wall(self, moment: int) -> int:
        """What the clocks show at a moment."""
        return moment + self._offsets[max(bisect_right(self._changes, moment) - 1, 0)]

    def moment(self, wall: int) -> int:
        """When the clocks show a wall time: the first time where they do twice, where they skip it when they do."""
        index = max(bisect_right(self._walls, wall) - 1, 0)
        moment = wall - self._offsets[index]
        change = self._changes[index]
        return change if moment < change and index else moment

    def steady(self, wall: int) -> tuple[int, int]:
        """Offset and end of a stretch of wall times, from this one on until before its end, that are moments by it.

        No stretch begins (its end is the wall time itself) where the clocks skip this wall time.
        """
        index = max(bisect_right(self._walls, wall) - 1, 0)
        offset, following = self._offsets[index], self._walls[index + 1 : index + 2]
        if index and wall - offset < self._changes[index]:
            return offset, wall
        return offset, following[0] if following else sys.maxsize


@lru_cache
def wall_clock(zone: ZoneInfo) -> WallClock:
    """The clock of a zone; made once, for that takes some hundredths of a second."""
    return WallClock(zone)


def _changes(zone: ZoneInfo) -> tuple[list[int], list[int]]:
    """The seconds from which another offset stands, and the offsets. No zone changes twice within a week."""

    def offset(second: int) -> int:
        shift = datetime.fromtimestamp(second, zone).utcoffset()
        assert shift is not None  # a time with a zone has an offset
        return (shift.days * 86_400 + shift.seconds) * SECOND

    seconds, offsets = [_FIRST], [offset(_FIRST)]
    for week in range(_FIRST, _LAST, _WEEK):
        if offset(week + _WEEK) != offsets[-1]:
            weeks_seconds = range(week, week + _WEEK)
            change = week + bisect_left(weeks_seconds, True, key=lambda second: offset(second) != offsets[-1])
            seconds.append(change)
            offsets.append(offset(change))
    return seconds, offsets
