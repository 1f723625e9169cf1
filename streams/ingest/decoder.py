"""From a Kafka record to a checked event, or to the reason why it is none. Pure: the hot path's first half."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NoReturn
from unicodedata import normalize

import orjson
from pydantic import ValidationError

from core.errors import InvalidEventError
from schemas.catalogue.model import System
from schemas.events import BY_TYPE
from schemas.events.effects import Case, Event, Reading
from schemas.events.envelope import (
    AHEAD,
    EARLIEST,
    MAX_BYTES,
    MAX_REVISION,
    SOURCE_PREFIX,
    SPECVERSION,
    parse_instant,
    sequence_key,
)
from schemas.events.mistakes import ATTRIBUTE_TEXT, attribute_text, explain, period_mistake
from schemas.timekeeping.moments import moment_of, time_of
from streams.ingest.records import DecodedEvent, Record, Refused, UnreadRange

_CLOUDEVENTS = b"application/cloudevents"
_EARLIEST_US = moment_of(EARLIEST)
_AHEAD_US = AHEAD // timedelta(microseconds=1)


class Decoder:
    """Checks the records of one system's topic against what the catalogue grants it."""

    def __init__(self, system: System) -> None:
        self.system = system.id
        self._source = SOURCE_PREFIX + system.id
        self._types = {type_: event for type_, event in BY_TYPE.items() if system.granted(event.name)}
        self._readings = {event for event in self._types.values() if issubclass(event, Reading)}
        self._agencies = system.agencies
        self._always, self._validity = system.agencies - system.validity.keys(), system.validity

    def decode(self, record: Record) -> DecodedEvent:
        """Read and check one record.

        Raises:
            InvalidEventError: with a reason of `schemas.events.envelope.REASONS`, whatever the bytes are.
        """
        try:
            return self._decode(record)
        except InvalidEventError:
            raise
        except Exception as error:  # bad input never stops a worker, not even where we are wrong
            raise InvalidEventError("unexpected", f"{type(error).__name__}: {error}"[:2000]) from error

    def _decode(self, record: Record) -> DecodedEvent:
        value = record.value
        if value is None:
            raise InvalidEventError("empty_value", "the record's value is null")
        if len(value) > MAX_BYTES:
            raise InvalidEventError("too_large", f"{len(value):,} bytes; {MAX_BYTES:,} are allowed")
        attributes, data = _split(record.headers, value)
        get = attributes.get
        if get("specversion") != SPECVERSION:
            raise _attribute("specversion", get("specversion"), '"1.0"')
        source, type_ = get("source"), get("type")
        if source != self._source:
            raise _wrong_source(source, self._source)
        kind = self._types.get(type_) if isinstance(type_, str) else None
        if kind is None:
            raise _wrong_type(type_, self.system)
        id_ = attribute_text(get("id")) or _wrong_text(attributes, "id")
        subject = attribute_text(get("subject")) or _wrong_text(attributes, "subject")
        revision, retracted = get("revision"), get("retracted")
        if revision is None:  # in CloudEvents' JSON, null and absent are the same
            revision = 0
        if retracted is None:
            retracted = False
        if type(revision) is not int or not 0 <= revision <= MAX_REVISION:
            raise _attribute("revision", revision, "a whole number from 0")
        if type(retracted) is not bool:
            raise _attribute("retracted", retracted, "true or false")
        sequence = _sequence(get("sequence"))
        content = get("datacontenttype")
        if content is not None and not (isinstance(content, str) and _is_json(content)):
            raise _attribute("datacontenttype", content, "application/json")
        time = _time(get("time"), record.timestamp)
        plain = value.isascii() and b"\\" not in value  # \u… may be any letter
        try:
            model: Any = kind.__pydantic_validator__.validate_python(data if plain else _composed(data))
        except ValidationError as error:
            raise InvalidEventError("invalid_data", _explain(error)) from None
        if model.agency not in self._always or kind in self._readings:
            self._check_at(time, kind, model)
        return DecodedEvent(record, kind, self.system, id_, subject, time, revision, retracted, sequence, model)

    def _check_at(self, time: int, kind: type[Event], model: Any) -> None:
        """What depends on the event's time: who stood then, and which periods had begun."""
        if model.agency not in self._always and (wrong := self._not_granted(kind, model.agency, time)):
            raise InvalidEventError("agency_not_granted", wrong)
        if kind in self._readings and (wrong := period_mistake(model.period, time_of(time))):
            raise InvalidEventError("invalid_data", f"data.period: {wrong}")

    def _not_granted(self, kind: type[Event], agency: str, moment: int) -> str | None:
        """Why the system may not speak for an agency at a moment, in an event of a kind; None where it may.

        In an event of a case the code of an agency that has ended means its successor, which the fold knows: the
        archive keeps what was said, so that a resend is known for what it is.
        """
        if agency not in self._agencies:
            return f'agency "{agency}" is not granted to {self.system} in the catalogue'
        if agency in self._always:
            return None
        begin, end, successor = self._validity[agency]
        if begin is not None and moment < begin:
            return f'agency "{agency}" did not stand yet at that time, by the catalogue'
        if end is not None and moment >= end:
            if successor and issubclass(kind, Case) and not self._not_granted(kind, successor, moment):
                return None
            after = f': "{successor}" has taken over' if successor else ""
            return f'agency "{agency}" stood no longer at that time, by the catalogue{after}'
        return None


def decode(decoder: Decoder, records: Iterable[Record | UnreadRange]) -> list[DecodedEvent | Refused]:
    """Check every record; what is refused stays, in its place."""
    items: list[DecodedEvent | Refused] = []
    for record in records:
        if isinstance(record, UnreadRange):
            detail = f"offsets {record.offset} to {record.last}: {record.error}"
            empty = Record(record.offset, record.timestamp, None, None, ())
            items.append(Refused(empty, record.reason, detail))
            continue
        try:
            items.append(decoder.decode(record))
        except InvalidEventError as error:
            items.append(Refused(record, error.reason, error.detail))
    return items


def _split(headers: Sequence[tuple[str, bytes]], value: bytes) -> tuple[dict[str, Any], Any]:
    """Attributes and data of the event, in structured or in binary mode."""
    binary = structured = False
    for name, raw in headers:
        if name[:3] == "ce_":
            binary = True
        elif raw is not None and raw[:23].lower() == _CLOUDEVENTS and name.lower() == "content-type":
            structured = True
            if raw[23:29].lower() == b"-batch":
                raise InvalidEventError("not_cloudevents", "batched mode is not taken: send a record for each event")
    try:
        body = orjson.loads(value)
    except ValueError as error:
        raise _unreadable(value, error) from None
    if b"\\u0000" in value and _has_nul(body):
        raise InvalidEventError("nul_character", "a string contains \\u0000")
    if binary and not structured:
        attributes = _binary_attributes(headers)
        # Tracing puts a header of its own beside an event in structured mode.
        if "specversion" in attributes or not (isinstance(body, dict) and "specversion" in body):
            return attributes, body
    if not isinstance(body, dict) or "specversion" not in body:
        raise InvalidEventError("not_cloudevents", _no_event(headers, body))
    if "data" not in body:
        raise _attribute("data", None, "a JSON object")
    return body, body["data"]


def _no_event(headers: Sequence[tuple[str, bytes]], body: object) -> str:
    for name, _ in headers:
        if name[:3].lower() in ("ce-", "ce_"):
            return f"header {name[:40]!r} is not Kafka's form of binary mode: its headers begin with ce_, in lower case"
    if isinstance(body, dict):
        return 'attribute specversion is missing; allowed: "1.0"'
    if isinstance(body, list):
        return "the value is a JSON array: send a record for each event, its value a JSON object with its attributes"
    return "the value is not a JSON object with CloudEvents attributes"


def _binary_attributes(headers: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, raw in headers:
        if name == "content-type":
            name = "ce_datacontenttype"  # noqa: PLW2901
        if name[:3] != "ce_":
            continue
        try:
            attributes[name[3:]] = raw.decode()
        except (UnicodeDecodeError, AttributeError):
            raise InvalidEventError("not_utf8", f"header {name} is not UTF-8 text") from None
    # Headers carry text only: give the two extensions of another type theirs.
    revision = attributes.get("revision", "0")
    if revision.isascii() and revision.isdigit():
        attributes["revision"] = int(revision[:20])
    retracted = attributes.get("retracted", "false")
    attributes["retracted"] = {"true": True, "false": False}.get(retracted.lower(), retracted)
    return attributes


def _is_json(content: str) -> bool:
    if content == "application/json":
        return True
    media = content.partition(";")[0].strip().lower()
    return media in ("application/json", "text/json") or (media.startswith("application/") and media.endswith("+json"))


def _composed(data: Any) -> Any:
    """Data with its letters composed: what looks alike is alike."""
    if not isinstance(data, dict):
        return data
    return {
        name: part if not isinstance(part, str) or part.isascii() else normalize("NFC", part)
        for name, part in data.items()
    }


def _wrong_text(attributes: dict[str, Any], name: str) -> NoReturn:
    value = attributes.get(name)
    if isinstance(value, str) and "\0" in value:
        raise InvalidEventError("nul_character", f"{name} contains the NUL character")
    raise _attribute(name, value, ATTRIBUTE_TEXT)


def _sequence(value: object) -> str:
    try:
        return sequence_key(value)
    except ValueError as error:
        raise _attribute("sequence", value, str(error)) from None


def _time(value: object, broker_ms: int) -> int:
    try:
        time = moment_of(parse_instant(value))
    except (ValueError, OverflowError):
        raise _attribute("time", value, "RFC 3339 with an offset, such as 2025-04-03T08:15:00+07:00") from None
    if time < _EARLIEST_US:
        raise InvalidEventError("time_too_old", f"time is {value}; the earliest accepted is {EARLIEST.isoformat()}")
    if time > broker_ms * 1000 + _AHEAD_US:
        broker = time_of(broker_ms * 1000).isoformat()
        raise InvalidEventError("time_in_future", f"time is {value}, but the broker received it at {broker}")
    return time


def _attribute(name: str, value: object, allowed: str) -> InvalidEventError:
    if isinstance(value, list | dict):
        found = "is a list or an object"  # its repr() may be deeper than Python's stack
    else:
        found = "is missing" if value is None else f"is {value!r:.200}"
    return InvalidEventError("not_cloudevents", f"attribute {name} {found}; allowed: {allowed}".replace("\0", "\\0"))


def _wrong_source(source: object, expected: str) -> InvalidEventError:
    if not isinstance(source, str):
        return _attribute("source", source, f'"{expected}"')
    return InvalidEventError("wrong_source", f'source is {source!r:.200}; this topic takes "{expected}" only')


def _wrong_type(type_: object, system: str) -> InvalidEventError:
    if not isinstance(type_, str):
        return _attribute("type", type_, "the name of an event type")
    if type_ in BY_TYPE:
        return InvalidEventError("type_not_granted", f'type "{type_}" is not granted to {system} in the catalogue')
    return InvalidEventError("unknown_type", f"there is no type {type_!r:.200}; see docs/events.md")


def _unreadable(value: bytes, error: ValueError) -> InvalidEventError:
    try:
        value.decode()
    except UnicodeDecodeError as wrong:
        return InvalidEventError("not_utf8", f"byte {wrong.start} is not UTF-8")
    return InvalidEventError("not_json", str(error)[:500])


def _has_nul(value: object) -> bool:
    waiting = [value]  # not by recursion: JSON may be as deep as Python's stack
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            if "\0" in part:
                return True
        elif isinstance(part, dict):
            waiting += part.keys()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return False


def _explain(error: ValidationError) -> str:
    """Every mistake in `data`, as `data.field: what is wrong`."""
    mistakes = explain(error.errors(include_url=False, include_input=False))
    return "; ".join(f"data.{field}: {wrong}" if field else f"data: {wrong}" for field, wrong in mistakes.items())[
        :2000
    ]
