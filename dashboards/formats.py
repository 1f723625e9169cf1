"""How a value reads in a language: the same text from Python, for the pages, and from SQL, for Grafana."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.model import Kind
from dashboards.statuses import STATUSES
from dashboards.texts import Language, Text

_DIGITS: Mapping[str, int] = {"whole": 0, "decimal": 1, "percent": 1, "figure": 2}
_DATES: Mapping[Language, Mapping[str, tuple[str, str]]] = {
    "vi": {
        "day": ("%d/%m/%Y", "DD/MM/YYYY"),
        "moment": ("%d/%m/%Y %H:%M", "DD/MM/YYYY HH24:MI"),
    },
    "en": {
        "day": ("%Y-%m-%d", "YYYY-MM-DD"),
        "moment": ("%Y-%m-%d %H:%M", "YYYY-MM-DD HH24:MI"),
    },
}
_SPANS = ((86400, Text("ngày", "d")), (3600, Text("giờ", "h")), (60, Text("phút", "min")), (1, Text("giây", "s")))


def shown(value: Any, kind: Kind, language: Language, zone: ZoneInfo) -> str:
    """A value as a person reads it; empty where there is none."""
    if value is None:
        return ""
    if kind in _DIGITS:
        return _number(value, kind, language)
    if kind == "clock":
        assert isinstance(value, datetime)  # so says the query
        local = value.astimezone(zone)
        return local.strftime("%H:%M:%S" if local.date() == datetime.now(zone).date() else _DATES[language]["day"][0])
    if kind in _DATES[language]:
        day = value.astimezone(zone) if isinstance(value, datetime) else value
        assert isinstance(day, date)  # so says the query
        return day.strftime(_DATES[language][kind][0])
    if kind == "seconds":
        seconds = int(value)
        size, unit = next((one for one in _SPANS if seconds >= 2 * one[0]), _SPANS[-1])
        return f"{seconds // size} {unit.of(language)}"
    if kind == "status":
        status = STATUSES[value]
        return f"{status.mark} {status.name.of(language)}"
    return str(value)


def _number(value: float | Decimal, kind: Kind, language: Language) -> str:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    rounded = exact.quantize(Decimal(1).scaleb(-_DIGITS[kind]), ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if kind == "figure":
        text = text.rstrip("0").rstrip(".")
    if language == "vi":
        text = text.translate({ord(","): ".", ord("."): ","})
    return f"{text}\u00a0%" if kind == "percent" else text


def shown_sql(value: str, kind: Kind, language: Language, zone: str) -> str:
    """The expression of the same text, null where there is none."""
    if kind in _DIGITS:
        return _number_sql(value, kind, language)
    if kind == "clock":
        local, today = f"{value} AT TIME ZONE '{zone}'", f"now() AT TIME ZONE '{zone}'"
        form = f"CASE WHEN ({local})::date = ({today})::date THEN 'HH24:MI:SS' ELSE '{_DATES[language]['day'][1]}' END"
        return f"to_char({local}, {form})"
    if kind in _DATES[language]:
        local = value if kind == "day" else f"{value} AT TIME ZONE '{zone}'"
        return f"to_char({local}, '{_DATES[language][kind][1]}')"
    if kind == "seconds":
        cases = " ".join(
            f"WHEN {value} >= {size * 2} THEN floor({value} / {size})::text || ' {unit.of(language)}'"
            for size, unit in _SPANS[:-1]
        )
        return f"CASE {cases} ELSE floor({value})::text || ' {_SPANS[-1][1].of(language)}' END"
    if kind == "status":
        words = " ".join(f"WHEN '{code}' THEN '{one.mark} {one.name.of(language)}'" for code, one in STATUSES.items())
        return f"CASE {value} {words} END"
    return f"{value}::text"


def _number_sql(value: str, kind: Kind, language: Language) -> str:
    digits = _DIGITS[kind]
    form = "FM999,999,999,999,990" + ("" if digits == 0 else "." + ("9" if kind == "figure" else "0") * digits)
    text = f"to_char(({value})::numeric, '{form}')"
    if kind == "figure":
        text = f"rtrim({text}, '.')"
    if language == "vi":
        text = f"translate({text}, ',.', '.,')"
    return f"{text} || '\u00a0%'" if kind == "percent" else text
