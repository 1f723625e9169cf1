"""What is wrong with an event's data or attributes, in words for the person who sends it.

The decoder and the publisher both speak through this: what is refused at the centre is told the same way before that.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

from schemas.events.effects import CODE_PATTERN, PERIOD_PATTERN
from schemas.events.envelope import MAX_TEXT

_PATTERNS = {
    CODE_PATTERN: "must be a code: without blanks, line breaks or other control characters",
    PERIOD_PATTERN: "must be a year, quarter, month or day: 2025, 2025-Q2, 2025-06 or 2025-06-30",
}
ATTRIBUTE_TEXT = f"text of 1 to {MAX_TEXT} characters, without line breaks, no-break spaces or control characters"
"""What `id` and `subject` may be."""
_ZONES = timedelta(days=1)
"""What is today somewhere may be tomorrow in the province: a period may begin so much after the event's time."""


def attribute_text(value: object) -> str | None:
    """An `id` or `subject` as it is kept: composed, and without blanks around it. None where it may not be one."""
    if not isinstance(value, str):
        return None
    if not value.isascii():
        if len(value) > 4 * MAX_TEXT:  # no letter is more; putting marks in order takes the square of their number
            return None
        value = normalize("NFC", value)
    if value[:1] == " " or value[-1:] == " ":
        value = value.strip(" ")
    # isprintable() also keeps out control characters and lone surrogates, which CloudEvents and UTF-8 forbid.
    return value if 0 < len(value) <= MAX_TEXT and value.isprintable() else None


def period_mistake(period: str, time: datetime) -> str | None:
    """Why no value can be reported for a period at a time; None where it can. The period has the form of one."""
    year, _, rest = period.partition("-")
    month, _, day = rest.partition("-")
    number = int(month[1:]) * 3 - 2 if month[:1] == "Q" else int(month or 1)
    if day and int(day) > monthrange(int(year), number)[1]:
        return f"there is no day {period}"
    if datetime(int(year), number, int(day or 1), tzinfo=UTC) > time + _ZONES:
        return f"{period} has not begun at the event's time, {time.isoformat()}"
    return None


def explain(mistakes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Pydantic's mistakes in an event's data: field (empty for the whole) → what is wrong with it.

    Values are not told: they may be personal data.
    """
    return {".".join(map(_field, one["loc"])): say(one) for one in mistakes}


def say(mistake: Mapping[str, Any]) -> str:
    """One of pydantic's mistakes, in the words of somebody who knows JSON and not Python."""
    match mistake["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a field of this type; see docs/events.md"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "must be a JSON object with the fields of this type; see docs/events.md"
        case "string_type":
            return "must be text"
        case "string_too_short":
            return "must not be empty"
        case "string_pattern_mismatch":
            pattern = mistake["ctx"]["pattern"]
            return _PATTERNS.get(pattern, f"must match {pattern}")
        case "instant":
            return str(mistake["msg"])
        case _:
            text = str(mistake["msg"])
            for begins in ("Input should be a valid", "Input should be", "Input should", "String should"):
                if text.startswith(begins):
                    verb = {"Input should be a valid": "must be a", "Input should be": "must be"}.get(begins, "must")
                    return verb + text[len(begins) :]
            return text[:1].lower() + text[1:]


def _field(part: int | str) -> str:
    """A field's name where it looks like one: one that we do not know may be anything, escape sequences included."""
    text = str(part)
    return text if text.isascii() and text.isidentifier() and len(text) <= 60 else "(no field of ours)"
