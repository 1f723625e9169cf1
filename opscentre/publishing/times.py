"""Times as exports write them, by formats that are tried before a row is read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations

ISO = "iso"
COMPACT = "yyyyMMddHHmmss"
"""The form of times in the national synchronisation's records."""

_AFTERNOON = datetime(2025, 11, 28, 13, 14, 15, tzinfo=UTC)
_EARLY = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
"""Two moments by which formats are tried: one tells 13 from 1 o'clock, the other's day may be taken for a month."""

_HALF_DAYS = {"sa": "AM", "sáng": "AM", "ch": "PM", "chiều": "PM"}
_HALF_DAY = re.compile(rf"\b({'|'.join(_HALF_DAYS)})\b", re.IGNORECASE)
_RUN_TOGETHER = re.compile(r"%[YymdjHIMS]%[YymdjHIMS]")
_OTHERS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "tt": "%p"}


def read_time(text: str, formats: Sequence[str]) -> datetime:
    """A time by the first of the formats that reads it; without a zone where the text has none.

    Raises:
        ValueError: none does.
    """
    for one in formats:
        try:
            return _read(text, one)
        except ValueError:
            pass
    raise ValueError(f"is not a time of the form {' or '.join(formats)}; what stands for none goes into csv.empty")


def _read(text: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(text)
    if form == COMPACT:
        form = "%Y%m%d%H%M%S"
    if "%p" in form:
        text = _HALF_DAY.sub(lambda found: _HALF_DAYS[found[0].lower()], text)
    value = datetime.strptime(text, form)  # noqa: DTZ007 - the rule's zone is given by the caller
    # strptime alone would read 2025123 as some day or other.
    if _RUN_TOGETHER.search(form) and len(value.strftime(form)) != len(text):
        raise ValueError
    return value


def _write(time: datetime, form: str) -> str:
    return time.isoformat() if form == ISO else time.strftime("%Y%m%d%H%M%S" if form == COMPACT else form)


def has_offset(form: str) -> bool:
    """Whether times of a format may say their own offset from UTC."""
    return form == ISO or "%z" in form


def format_mistake(form: str) -> str | None:
    """Why a format reads no times; None where it does."""
    if form in (ISO, COMPACT):
        return None
    if "%" not in form:
        guess = re.sub("|".join(_OTHERS), lambda found: _OTHERS[found[0]], form)
        meant = f'; did you mean "{guess}"?' if guess != form else ""
        return f'"{form}" has no %d, %m or %Y{meant} Allowed: "{ISO}", "{COMPACT}", or as Python\'s strptime takes it'
    try:
        read = _read(_write(_AFTERNOON, form), form)
    except (ValueError, re.error) as error:
        return f'"{form}" is not a format of Python\'s strptime: {error}'
    if read.date() != _AFTERNOON.date():
        return f'"{form}" does not read a whole date: it needs a day, a month and a year, as "%d/%m/%Y" does'
    if "%p" in form and "%I" not in form:
        return f'"{form}" reads %H whatever %p says: take %I with %p'
    if read.hour not in (0, _AFTERNOON.hour):
        return f'"{form}" has hours up to 12 and does not tell morning from afternoon: add %p, or use %H'
    return None


def formats_mistake(formats: Sequence[str]) -> str | None:
    """Why formats cannot stand together: one of them is none, or two read one text as two times."""
    if not formats:
        return "needs at least one format"
    for one in formats:
        if wrong := format_mistake(one):
            return wrong
    for one, other in combinations(formats, 2):
        text = _write(_EARLY, one)
        try:
            same = _read(text, one).replace(tzinfo=None) == _read(text, other).replace(tzinfo=None)
        except ValueError:
            continue
        if not same:
            return f'"{one}" and "{other}" read "{text}" as two different times: leave one of them out'
    return None
