"""The CloudEvents envelope: limits of its attributes, and the reasons why an event is refused."""

from datetime import UTC, datetime, timedelta
from typing import Final
from unicodedata import normalize

from pydantic_core import CoreSchema, SchemaValidator, core_schema

SPECVERSION: Final = "1.0"
SOURCE_PREFIX = "/systems/"
STRUCTURED = "application/cloudevents+json"

MAX_BYTES = 1_000_000
"""Longest value of a record, in bytes."""
MAX_TEXT = 200
"""Longest `id` and `subject`, in characters."""
MAX_REVISION = 2**31 - 1
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""An event before this has a broken clock behind it."""
AHEAD = timedelta(minutes=5)
"""How far `time` may be ahead of the broker's clock."""

REASONS: dict[str, str] = {
    "empty_value": "The record has no value. Send the event again with one.",
    "too_large": f"The record's value is longer than {MAX_BYTES:,} bytes.",
    "not_utf8": "The value is not UTF-8 text. Encode it as UTF-8.",
    "not_json": "The value is not JSON.",
    "not_cloudevents": "A required CloudEvents attribute is missing, or an attribute has the wrong form.",
    "nul_character": "A string contains the NUL character, which the database cannot keep.",
    "wrong_source": "`source` is not the system that this topic belongs to.",
    "unknown_type": "There is no event type of this name.",
    "type_not_granted": "The catalogue does not grant this type to this system.",
    "agency_not_granted": "The catalogue does not grant this agency to this system, or knows none such at that time.",
    "invalid_data": "`data` does not fit the type's schema.",
    "time_in_future": "`time` is more than five minutes ahead of the broker's clock.",
    "time_too_old": "`time` is before the year 2000: a broken clock.",
    "conflicting_id": "An event with this id and revision, but other content, has been accepted before. "
    "Use a new id, or a higher revision for a correction.",
    "history_full": "The case, item or reading has as many events as it may have. Look why one thing gets so many.",
    "refused_by_database": "The database refused this event's values.",
    "corrupt_batch": "Kafka's record batch cannot be read (checksum or compression). Send its events again.",
    "lost_to_compaction": "The topic keeps only the last record of a key, and dropped these before they were read. "
    "Run `opscentre migrate`, which sets cleanup.policy=delete; then send their events again.",
    "lost_to_retention": "Kafka had deleted these records before they were read. Send their events again.",
    "unexpected": "A fault of the centre's own software. Replay after an upgrade.",
}
"""Reason code → what it means and what to do, in one or two sentences for a person."""


def composed(text: str) -> str:
    """Text in Unicode's composed form (NFC), so that what looks alike is alike.

    macOS, some Java programs and Windows-1258 write ế as two or three characters. Plain ASCII costs nothing.
    """
    return text if text.isascii() else normalize("NFC", text)


def instant_schema(years: str, allowed: str) -> CoreSchema:
    """What reads a moment in the one form that we take: RFC 3339 with an offset. On the hot path: no Python runs here.

    pydantic itself reads many more forms (numbers as seconds since 1970, a blank for the T), kept out by the pattern.

    Args:
        years: regular expression of the four digits that are allowed.
        allowed: what the error says.
    """
    clock = r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
    text = core_schema.str_schema(pattern=f"^{years}-[0-9]{{2}}-[0-9]{{2}}{clock}$", strict=True)
    steps = core_schema.chain_schema([text, core_schema.datetime_schema(strict=False, tz_constraint="aware")])
    return core_schema.custom_error_schema(steps, custom_error_type="instant", custom_error_message=allowed)


def sequence_key(value: object) -> str:
    """What events of one instant are sorted by, from CloudEvents' extension `sequence`; empty where there is none.

    The extension is a text that sorts as it stands. Whole numbers, which most systems send, sort by their value instead
    ("9" before "10"), and before any other text.

    Raises:
        ValueError: it is neither a whole number from 0 nor a text of at most `MAX_TEXT` printable characters.
    """
    if value is None or value == "":
        return ""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or len(text) > MAX_TEXT or not text.isprintable() or text[0] == "-":
        raise ValueError(f"a whole number from 0, or 1 to {MAX_TEXT} printable characters that sort as they stand")
    if text.isascii() and text.isdigit():
        number = text.lstrip("0")
        return f"{len(number):03d}{number}"
    return f"_{text}"


_INSTANT = SchemaValidator(instant_schema("[0-9]{4}", "must be RFC 3339 with an offset"))


def parse_instant(text: object) -> datetime:
    """Read a moment in the one form that we take, RFC 3339 with an offset.

    Raises:
        ValueError: it has another form, or there is no such moment.
    """
    time: datetime = _INSTANT.validate_python(text)
    return time
