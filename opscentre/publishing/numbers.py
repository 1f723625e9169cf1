"""Numbers as exports write them: 1.250 is one and a quarter to some, and to others a thousand more."""

import re
from functools import cache
from math import isfinite

_MAY_BE_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+|.*,.*", re.ASCII)


@cache
def _form(decimal: str, thousands: str) -> re.Pattern[str]:
    # Thousands stand in groups of three, all with the same mark.
    return re.compile(
        rf"(?P<sign>[+-]?)(?P<whole>\d+|\d{{1,3}}(?P<mark>[{thousands}])\d{{3}}(?:(?P=mark)\d{{3}})*|(?=\{decimal}\d))"
        rf"(?:\{decimal}(?P<fraction>\d+))?(?P<exponent>[eE][+-]?\d+)?",
        re.ASCII,
    )


def _plain(text: str, decimal: str | None) -> re.Match[str]:
    if decimal is None and _MAY_BE_EITHER.fullmatch(text):
        raise ValueError('may be read in two ways: say by `decimal = ","` (or ".") which mark is the decimal one')
    blanks = " \u00a0\u2009\u202f"
    thousands = blanks if decimal is None else blanks + ("," if decimal == "." else ".")
    found = _form(decimal or ".", thousands).fullmatch(text)
    if found is None:
        marks = f' with the decimal mark "{decimal}"' if decimal else ""
        raise ValueError(f"is not a number{marks}")
    return found


def _digits(found: re.Match[str]) -> str:
    return found["sign"] + (re.sub(r"\D", "", found["whole"]) or "0")


def read_float(text: str, decimal: str | None) -> float:
    """A number; `decimal` is the decimal mark, None where nobody has said: then what may be either is refused.

    The other mark and blanks (no-break ones, too) may stand between thousands, in groups of three.

    Raises:
        ValueError: what is wrong, as the end of a sentence that begins with the number.
    """
    found = _plain(text, decimal)
    number = float(f"{_digits(found)}.{found['fraction'] or 0}{found['exponent'] or ''}")
    if not isfinite(number):
        raise ValueError("is too large a number")
    return number


def read_int(text: str, decimal: str | None) -> int:
    """A whole number, as `read_float` reads it; 12,00 is one, 1,2E+05 may have lost digits and is none.

    Raises:
        ValueError: as for `read_float`.
    """
    found = _plain(text, decimal)
    if found["exponent"] or (found["fraction"] or "").strip("0"):
        raise ValueError("is not a whole number")
    if len(found["whole"]) > 100:
        raise ValueError("is too large a number")
    return int(_digits(found))
