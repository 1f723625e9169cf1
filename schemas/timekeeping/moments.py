"""Moments: microseconds since 1970, UTC, as integers; and the province's days. No clock is read here."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = 60_000_000
_DAY = 24 * 60 * MINUTE
_QUARTER = 15 * MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]
_dates: dict[int, str] = {}


def moment_of(time: datetime) -> int:
    """Microseconds since 1970, UTC."""
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def time_of(moment: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=moment)


@lru_cache(1 << 16)
def text_of(moment: int) -> str:
    """A moment as PostgreSQL reads a timestamptz. On the hot path: a datetime would take several times as long."""
    days, rest = divmod(moment, _DAY)
    text = _dates.get(days)
    if text is None:
        text = _dates[days] = time_of(days * _DAY).date().isoformat()
    seconds, microseconds = divmod(rest, 1_000_000)
    return f"{text}T{_CLOCK[seconds]}.{microseconds:06d}+00"


class Calendar:
    """The province's days. Cached by quarter of an hour: no zone's offset since 2000 is finer than that."""

    @classmethod
    def utc(cls) -> "Calendar":
        """Days of UTC, for where no day matters."""
        return cls(ZoneInfo("UTC"))

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[int, date] = {}
        self._ends: dict[int, int] = {}

    def day(self, moment: int) -> date:
        """The local day of a moment."""
        quarter = moment // _QUARTER
        day = self._days.get(quarter)
        if day is None:
            day = self._days[quarter] = time_of(quarter * _QUARTER).astimezone(self.zone).date()
        return day

    def end_of_day(self, moment: int) -> int:
        """The local midnight after the day of a moment: where "late" begins for what is due by day."""
        quarter = moment // _QUARTER
        end = self._ends.get(quarter)
        if end is None:
            end = self._ends[quarter] = self.midnight(self.day(moment) + timedelta(days=1))
        return end

    def midnight(self, day: date) -> int:
        """The moment at which a local day begins."""
        return moment_of(datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC))
