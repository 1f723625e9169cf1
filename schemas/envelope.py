"""The CloudEvents envelope: limits of its attributes, and the reasons why an event is refused."""

from datetime import UTC, datetime, timedelta

SPECVERSION = "1.0"
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
    "agency_not_granted": "The catalogue does not grant this agency to this system, or knows no such agency.",
    "invalid_data": "`data` does not fit the type's schema.",
    "time_in_future": "`time` is more than five minutes ahead of the broker's clock.",
    "time_too_old": "`time` is before the year 2000: a broken clock.",
    "conflicting_id": "An event with this id and revision, but other content, has been accepted before. "
    "Use a new id, or a higher revision for a correction.",
    "refused_by_database": "The database refused this event's values.",
    "corrupt_batch": "Kafka's record batch cannot be read (checksum or compression). Send its events again.",
    "lost_to_retention": "Kafka had deleted these records before they were read. Send their events again.",
    "unexpected": "A fault of the centre's own software. Replay after an upgrade.",
}
"""Reason code → what it means and what to do, in one or two sentences for a person."""


def parse_instant(text: str) -> datetime:
    """Read a moment in the one form that we take, RFC 3339 with an offset.

    Python reads many more forms of ISO 8601 (week dates, no separators, a comma); those are refused by their shape,
    without a regular expression: this is on the hot path.

    Raises:
        ValueError: the text has another form, or there is no such moment.
    """
    # YYYY-MM-DDTHH:MM:SS[.ffffff](Z|+HH:MM)
    zulu = text[-1:] in {"Z", "z"}
    clock = text[:-1] if zulu else text[:-6]
    if (
        (len(clock) == 19 or (text[19:20] == "." and clock[20:].isdigit()))
        and text[4:8:3] == "--"
        and text[10:11] in {"T", "t"}
        and text[16:17] == ":"
        and (zulu or text[-6] in "+-")
    ):
        return datetime.fromisoformat(clock + "+00:00" if zulu else text)
    raise ValueError("must be RFC 3339 with an offset, such as 2025-04-03T08:15:00+07:00")
