"""Periods as local days: months, quarters and years of the calendar, and the periods that readings are of."""

import re
from calendar import monthrange
from datetime import date

from schemas.catalogue.indicators import Period

_PERIOD = re.compile("[12][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")


def first_day(period: Period, day: date) -> date | None:
    """The first day of the month, quarter or year that a day lies in; None for ever since."""
    match period:
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return date(day.year, 1, 1)
        case "always":
            return None


def span(text: str) -> tuple[date, date]:
    """First and last day of a year, quarter, month or day: `2025`, `2025-Q2`, `2025-06`, `2025-06-30`.

    A day that its month lacks is the month's last: readings may be of 2025-06-31.

    Raises:
        ValueError: It is none of these.
    """
    if not _PERIOD.fullmatch(text):
        raise ValueError(f"{text!r} is no year, quarter, month or day")
    year, _, rest = text.partition("-")
    first, last = 1, 12
    if rest.startswith("Q"):
        first = 3 * int(rest[1:]) - 2
        last = first + 2
    elif rest:
        first = last = int(rest[:2])
    begin, end = date(int(year), first, 1), date(int(year), last, monthrange(int(year), last)[1])
    if len(rest) == len("06-30"):
        begin = end = begin.replace(day=min(int(rest[3:]), end.day))
    return begin, end


def months(starts: date | None, ends: date) -> tuple[date, date]:
    """First days of the first and the last calendar month that a period touches; since ever without a start."""
    return (starts or date.min).replace(day=1), ends.replace(day=1)
