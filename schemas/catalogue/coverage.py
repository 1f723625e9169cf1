"""How far ahead the calendar is written down: beyond that only the week is known, and due times may be too early."""

from datetime import date

from schemas.catalogue.model import Catalogue


def covered_until(catalogue: Catalogue, day: date) -> date:
    """The last local day of the years, from that of a day on, whose days off are written down.

    A year is, once it has a whole day off of the whole province after January: who adds New Year's Day beside the
    December before has not written down the year yet. Where the day's own year is not, the end lies before the day.
    """
    years = {
        entry.date.year
        for entry in catalogue.days_off
        if entry.date.month > 1 and not entry.agencies and entry.hours is None
    }
    year = day.year
    while year in years:
        year += 1
    if year == day.year:
        year = max((known for known in years if known < year), default=year - 1) + 1
    return date(year - 1, 12, 31)


def covers(catalogue: Catalogue, day: date, until: date) -> bool:
    """Whether the calendar covers every day from one to another."""
    return until <= covered_until(catalogue, day)
