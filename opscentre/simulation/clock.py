"""Times as text, fast: what datetime would take most of the simulation's time for."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

DAY = 86_400
EPOCH = date(1970, 1, 1)
"""Day 0."""
_TIMES = [f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)]


class Clock:
    """Local days and RFC 3339 texts at one offset from UTC; instants are whole seconds since 1970."""

    def __init__(self, moment: datetime) -> None:
        """Take the offset that `moment` has."""
        self.offset = int((moment.utcoffset() or timedelta()).total_seconds())
        sign, minutes = "+-"[self.offset < 0], abs(self.offset) // 60
        self._suffix = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"

    def text(self, instant: int) -> str:
        """`2025-04-03T08:15:00+07:00`."""
        day, second = divmod(instant + self.offset, DAY)
        return _date(day) + _TIMES[second] + self._suffix

    def day(self, instant: float) -> int:
        """Number of the local day, from 1970."""
        return int(instant + self.offset) // DAY

    def midnight(self, day: int) -> int:
        """The instant at which a local day begins."""
        return day * DAY - self.offset

    def short(self, instant: int) -> str:
        """The local day as in a dossier's code: `250403`."""
        return _date(self.day(instant))[2:].replace("-", "")


@cache
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def day_off(day: int) -> bool:
    """Saturday or Sunday; 1970-01-01 was a Thursday."""
    return (day + 3) % 7 >= 5


def working_days_later(day: int, number: int) -> int:
    """The day so many days from Monday to Friday later; holidays are worked."""
    weeks, rest = divmod(number, 5)
    day += 7 * weeks
    while rest or day_off(day):
        day += 1
        if rest and not day_off(day):
            rest -= 1
    return day
