"""What is wrong with a value, in the words of somebody who knows exports and not Python."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from schemas.events.effects import Code, Period

_PATTERNS = {
    TypeAdapter(Code).json_schema()["pattern"]: "must be a code: without blanks, line breaks or control characters",
    TypeAdapter(Period).json_schema()["pattern"]: "must be a year, quarter, month or day: 2025, 2025-Q2, 2025-06 or "
    "2025-06-30",
}
_BEGINNINGS = {
    "Input should be a valid": "must be a",
    "Input should be": "must be",
    "Input should": "must",
    "String should": "must",
}


def say(mistake: Mapping[str, Any]) -> str:
    """One of pydantic's mistakes in an event's data."""
    text = str(mistake["msg"])
    match mistake["type"]:
        case "missing":
            return "is missing"
        case "string_type":
            return "must be text"
        case "string_too_short":
            return "must not be empty"
        case "string_pattern_mismatch":
            pattern = mistake["ctx"]["pattern"]
            return _PATTERNS.get(pattern, f"must match {pattern}")
    for beginning, ours in _BEGINNINGS.items():
        if text.startswith(beginning):
            return ours + text.removeprefix(beginning)
    return text[:1].lower() + text[1:]
