"""From bytes to a checked event, or to the reason why it is none: whatever the bytes are."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from json import dumps
from typing import Any, Literal
from unicodedata import normalize

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import InvalidEventError
from schemas.catalogue.model import Validity
from schemas.events.envelope import MAX_BYTES, REASONS, SOURCE_PREFIX
from schemas.timekeeping.moments import moment_of
from streams.ingest.decoder import Decoder
from streams.ingest.records import UNREAD, DecodedEvent, Record
from tests.helpers import CATALOGUE, DECODERS, Json, cloud_event, commune

ONE_STOP = DECODERS["one-stop"]
BROKER = datetime(2025, 6, 1, 12, tzinfo=UTC)
ELSEWHERE = UNREAD | {"conflicting_id", "history_full", "refused_by_database", "unexpected"}
"""Reasons that are not for the decoder to give."""

EVENT = cloud_event("dossier.received", due_at="2025-04-10T17:00:00+07:00")


def decode(value: bytes | None, headers: Sequence[tuple[str, bytes]] = (), decoder: Decoder = ONE_STOP) -> DecodedEvent:
    return decoder.decode(Record(0, int(BROKER.timestamp() * 1000), None, value, headers))


def refusal(
    value: bytes | None, headers: Sequence[tuple[str, bytes]] = (), decoder: Decoder = ONE_STOP
) -> InvalidEventError:
    with pytest.raises(InvalidEventError) as caught:
        decode(value, headers, decoder)
    return caught.value


def changed(path: str, value: Any) -> Json:
    """The valid event with one attribute, or one field as `data.…`, set to something else."""
    event = copy.deepcopy(EVENT)
    target = event["data"] if path.startswith("data.") else event
    target[path.removeprefix("data.")] = value
    return event


def without(name: str) -> bytes:
    return orjson.dumps({key: value for key, value in EVENT.items() if key != name})


def with_(path: str, value: Any) -> bytes:
    return orjson.dumps(changed(path, value))


def text_in(path: str, json: bytes) -> bytes:
    """The valid event with raw JSON in one place."""
    return with_(path, "HERE").replace(b'"HERE"', json)


def nested(depth: int, inside: bytes = b"") -> bytes:
    return b"[" * depth + inside + b"]" * depth


def attributes_of(event: Json) -> list[tuple[str, bytes]]:
    """The event's headers in binary mode."""
    return [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]


HEADERS = attributes_of(EVENT)
BODY = orjson.dumps(EVENT["data"])


def header(name: str, value: bytes) -> list[tuple[str, bytes]]:
    return [*(pair for pair in HEADERS if pair[0] != name), (name, value)]


REFUSED: Mapping[str, tuple[str, bytes | None]] = {
    "null value": ("empty_value", None),
    "a megabyte and a byte": ("too_large", b" " * (MAX_BYTES + 1)),
    "no bytes": ("not_json", b""),
    "not UTF-8": ("not_utf8", b'{"id": "\xff"}'),
    "UTF-16": ("not_utf8", orjson.dumps(EVENT).decode().encode("utf-16")),
    "half a character at the end": ("not_utf8", b'{"id": "\xe1\xba'),
    "not JSON": ("not_json", b"dossier,received"),
    "cut off": ("not_json", orjson.dumps(EVENT)[:-1]),
    "NaN": ("not_json", text_in("data.procedure", b"NaN")),
    "Infinity": ("not_json", text_in("data.procedure", b"-Infinity")),
    "a lone surrogate": ("not_json", text_in("id", rb'"\ud83d"')),
    "deeper than JSON may be": ("not_json", nested(100_000)),
    "a list": ("not_cloudevents", orjson.dumps([EVENT])),
    "a number": ("not_cloudevents", b"7"),
    "no data": ("not_cloudevents", without("data")),
    "no specversion": ("not_cloudevents", without("specversion")),
    "another specversion": ("not_cloudevents", with_("specversion", "0.3")),
    "no source": ("not_cloudevents", without("source")),
    "no type": ("not_cloudevents", without("type")),
    "no id": ("not_cloudevents", without("id")),
    "null id": ("not_cloudevents", with_("id", None)),
    "empty id": ("not_cloudevents", with_("id", "")),
    "id of 201 characters": ("not_cloudevents", with_("id", "x" * 201)),
    "tab in id": ("not_cloudevents", with_("id", "a\tb")),
    "control character in id": ("not_cloudevents", with_("id", "a\x01b")),
    "C1 control character in id": ("not_cloudevents", with_("id", "a\x9fb")),
    "line separator in id": ("not_cloudevents", with_("id", "a\u2028b")),
    "no subject": ("not_cloudevents", without("subject")),
    "line feed in subject": ("not_cloudevents", with_("subject", "a\nb")),
    "number as subject": ("not_cloudevents", with_("subject", 7)),
    "no time": ("not_cloudevents", without("time")),
    "naive time": ("not_cloudevents", with_("time", "2025-04-03T08:15:00")),
    "time with a space": ("not_cloudevents", with_("time", "2025-04-03 08:15:00Z")),
    "time as a number": ("not_cloudevents", with_("time", 1743668100)),
    "time of a day that is none": ("not_cloudevents", with_("time", "2025-02-30T08:15:00Z")),
    "time in other digits": ("not_cloudevents", with_("time", "٢٠٢٥-04-03T08:15:00Z")),
    "negative revision": ("not_cloudevents", with_("revision", -1)),
    "revision beyond the column": ("not_cloudevents", with_("revision", 2**31)),
    "revision as text": ("not_cloudevents", with_("revision", "1")),
    "revision as a boolean": ("not_cloudevents", with_("revision", True)),
    "retracted as text": ("not_cloudevents", with_("retracted", "true")),
    "retracted as a number": ("not_cloudevents", with_("retracted", 1)),
    "XML": ("not_cloudevents", with_("datacontenttype", "application/xml")),
    "NUL in id": ("nul_character", with_("id", "a\0b")),
    "NUL in a field": ("nul_character", with_("data.procedure", "\0")),
    "NUL in an attribute that is not ours": ("nul_character", with_("traceparent", "\0")),
    "NUL in a name": ("nul_character", with_("data.\0", 1)),
    "NUL far down": ("nul_character", text_in("data.procedure", b'[[{"a": [{"b\\u0000": 1}]}]]')),
    "NUL as far down as JSON may be": ("nul_character", text_in("data.procedure", nested(1000, rb'"\u0000"'))),
    "another system's source": ("wrong_source", with_("source", "/systems/telecom")),
    "no type of ours": ("unknown_type", with_("type", "vn.opscentre.dossier.recieved.v1")),
    "another version": ("unknown_type", with_("type", "vn.opscentre.dossier.received.v2")),
    "another system's type": ("type_not_granted", with_("type", "vn.opscentre.signature.used.v1")),
    "an agency that is none": ("agency_not_granted", with_("data.agency", "H99")),
    "data is null": ("invalid_data", with_("data", None)),
    "data is a list": ("invalid_data", with_("data", [])),
    "a field too many": ("invalid_data", with_("data.applicant_name", "Nguyễn Văn A")),
    "a number as text": ("invalid_data", with_("data.procedure", 2.000815)),
    "a code with a space": ("invalid_data", with_("data.procedure", "2 000815")),
    "due in the year 1": ("invalid_data", with_("data.due_at", "0001-01-01T00:00:00Z")),
    "due in the year 9999": ("invalid_data", with_("data.due_at", "9999-12-31T23:59:59Z")),
    "due without an offset": ("invalid_data", with_("data.due_at", "2025-04-10T17:00:00")),
    "due as a number": ("invalid_data", with_("data.due_at", 1744279200)),
    "before 2000": ("time_too_old", with_("time", "1999-12-31T23:59:59.999999Z")),
    "before 2000 for its offset": ("time_too_old", with_("time", "2000-01-01T06:59:59+07:00")),
    "more than five minutes ahead": ("time_in_future", with_("time", "2025-06-01T12:05:00.000001Z")),
    "in the year 9999": ("time_in_future", with_("time", "9999-12-31T23:59:59-07:00")),
}


@pytest.mark.parametrize(("reason", "value"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_why(reason: str, value: bytes | None) -> None:
    assert refusal(value).reason == reason


def test_every_reason_that_the_decoder_can_give_is_tried() -> None:
    assert {reason for reason, _ in REFUSED.values()} == REASONS.keys() - ELSEWHERE


@pytest.mark.parametrize(
    "name", ["specversion", "source", "type", "id", "subject", "time", "revision", "datacontenttype"]
)
def test_an_attribute_of_any_depth_is_refused_like_another_wrong_one(name: str) -> None:
    assert refusal(text_in(name, nested(1000))).reason == "not_cloudevents"


@pytest.mark.parametrize(
    ("reason", "headers"),
    [
        ("not_utf8", header("ce_id", b"\xff")),
        ("nul_character", header("ce_id", b"a\0b")),
        ("nul_character", header("ce_subject", b"\0")),
        ("not_cloudevents", header("ce_id", b"a\tb")),
        ("not_cloudevents", header("ce_id", b"")),
        ("not_cloudevents", header("ce_specversion", b"0.3")),
        ("not_cloudevents", header("ce_time", b"2025-04-03T08:15:00")),
        ("not_cloudevents", header("ce_revision", b"-1")),
        ("not_cloudevents", header("ce_revision", "٣".encode())),
        ("not_cloudevents", header("ce_revision", b"9" * 5000)),
        ("not_cloudevents", header("ce_retracted", b"yes")),
        ("not_cloudevents", header("content-type", b"text/plain")),
        ("wrong_source", header("ce_source", b"/systems/telecom")),
        ("unknown_type", header("ce_type", b"a\0b")),
        ("time_in_future", header("ce_time", b"2025-06-01T12:05:01Z")),
        ("not_cloudevents", HEADERS[:1]),
    ],
)
def test_what_is_refused_in_binary_mode(reason: str, headers: list[tuple[str, bytes]]) -> None:
    assert refusal(BODY, headers).reason == reason


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("empty_value", None),
        ("not_json", b""),
        ("not_json", b"NaN"),
        ("not_utf8", b'"\xff"'),
        ("nul_character", rb'{"agency": "\u0000"}'),
        ("invalid_data", b"[]"),
        ("agency_not_granted", BODY.replace(commune().encode(), b"H99")),
    ],
)
def test_what_is_refused_of_a_body_in_binary_mode(reason: str, value: bytes | None) -> None:
    assert refusal(value, HEADERS).reason == reason


def test_a_refusal_can_be_kept_by_the_database() -> None:
    for value in (with_("specversion", "\x01\x7f"), with_("id", "a\0b"), with_("source", "a\ud7ff"), with_("type", 7)):
        assert "\0" not in refusal(value).detail
    for headers in (header("ce_time", b"\0"), header("ce_type", b"\0"), header("ce_revision", b"\0")):
        assert "\0" not in refusal(BODY, headers).detail


def test_an_event_in_structured_mode() -> None:
    event = decode(orjson.dumps(EVENT))
    assert (event.system, event.id, event.subject, event.kind.name) == ("one-stop", "1", "H06-1", "dossier.received")
    assert event.time == moment_of(datetime(2025, 4, 3, 8, 15, tzinfo=timezone(timedelta(hours=7))))
    assert (event.revision, event.retracted) == (0, False)
    assert orjson.loads(event.data) == EVENT["data"]


def same(one: DecodedEvent, other: DecodedEvent) -> bool:
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("identity", "content_hash", "subject", "time", "revision", "retracted", "agency", "data")
    )


@pytest.mark.parametrize("extra", [{}, {"revision": 3, "retracted": True}, {"revision": 3, "retracted": False}])
def test_both_modes_give_the_same_event(extra: Json) -> None:
    headers = [*HEADERS, *((f"ce_{name}", str(value).lower().encode()) for name, value in extra.items())]
    assert same(decode(orjson.dumps(EVENT | extra)), decode(BODY, headers))


def test_a_sequence_orders_numbers_by_their_value_and_text_as_it_stands() -> None:
    said: list[Any] = [None, 0, "007", 9, "10", 11, "0000000000000000000000012", 2**63 - 1, "A", "B1", "B2"]
    keys = [decode(with_("sequence", value)).sequence for value in said]
    assert keys == sorted(set(keys))
    assert decode(with_("sequence", "")).sequence == decode(orjson.dumps(EVENT)).sequence == ""
    assert decode(with_("sequence", "7")).sequence == decode(with_("sequence", 7)).sequence
    assert decode(with_("sequence", 7)).fact.entry.sequence == decode(with_("sequence", "07")).sequence


@pytest.mark.parametrize("value", [-1, 1.5, True, [], {}, "-1", "a\n", "x" * 201])
def test_a_sequence_that_orders_nothing_is_refused(value: Any) -> None:
    refused = refusal(with_("sequence", value))
    assert refused.reason == "not_cloudevents"
    assert "sequence" in refused.detail


@pytest.mark.parametrize("name", ["revision", "retracted", "datacontenttype", "data.due_at", "data.applicant"])
def test_null_is_the_same_as_absent(name: str) -> None:
    absent = copy.deepcopy(EVENT)
    (absent["data"] if name.startswith("data.") else absent).pop(name.removeprefix("data."), None)
    assert same(decode(with_(name, None)), decode(orjson.dumps(absent)))


@pytest.mark.parametrize(
    "content",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"],
)
def test_json_is_json_whatever_its_parameters(content: str) -> None:
    assert decode(with_("datacontenttype", content)).id == "1"
    assert decode(BODY, [*HEADERS, ("content-type", content.encode())]).id == "1"


@pytest.mark.parametrize("name", ["traceparent", "dataschema", "partitionkey", "anything"])
def test_attributes_that_are_not_ours_are_let_be(name: str) -> None:
    assert same(decode(with_(name, "x")), decode(orjson.dumps(EVENT)))


def test_a_value_of_exactly_a_megabyte_is_taken() -> None:
    value = orjson.dumps(EVENT)
    assert decode(value + b" " * (MAX_BYTES - len(value))).id == "1"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-06-01T12:05:00Z", BROKER + timedelta(minutes=5)),
        ("2025-06-01T19:05:00+07:00", BROKER + timedelta(minutes=5)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2025-04-03T08:15:00.5Z", datetime(2025, 4, 3, 8, 15, 0, 500_000, UTC)),
        ("2025-04-03T08:15:00.123456789Z", datetime(2025, 4, 3, 8, 15, 0, 123_456, UTC)),
        ("2025-04-03t08:15:00z", datetime(2025, 4, 3, 8, 15, tzinfo=UTC)),
    ],
)
def test_every_form_of_rfc_3339_up_to_both_limits_is_taken(text: str, moment: datetime) -> None:
    assert decode(with_("time", text)).time == moment_of(moment)


def test_a_lower_case_due_time_is_taken() -> None:
    assert same(
        decode(with_("data.due_at", "2025-04-10t17:00:00z")), decode(with_("data.due_at", "2025-04-10T17:00:00Z"))
    )


@pytest.mark.parametrize("text", ["\\u0000", "Đơn “xin” 😀", "\\", '"', "'; DROP TABLE events; --", "x" * 200])
def test_any_printable_text_is_an_id(text: str) -> None:
    assert decode(with_("id", text)).id == text


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("binary", [True, False])
def test_composed_and_decomposed_letters_and_blanks_around_are_one_thing(
    form: Literal["NFC", "NFD"], ascii_only: bool, binary: bool
) -> None:
    words = "KH 12 – Sở Y tế: tiêm chủng"
    plain = EVENT | {"id": f"đơn/{words}", "subject": words, "data": EVENT["data"] | {"procedure": "thủ-tục"}}
    data = plain["data"] | {"procedure": normalize(form, "thủ-tục")}
    sent = plain | {"id": normalize(form, plain["id"]) + " ", "subject": f" {normalize(form, words)} ", "data": data}
    body = dumps(data if binary else sent, ensure_ascii=ascii_only).encode()
    event = decode(body, attributes_of(sent) if binary else ())
    assert (event.id, event.subject) == (plain["id"], words)
    assert same(event, decode(orjson.dumps(plain)))


def test_a_text_is_as_long_as_its_letters_are_many() -> None:
    assert decode(with_("subject", normalize("NFD", "ế" * 200))).subject == "ế" * 200
    for text in ("ế" * 201, "e" + "\u0301\u0323" * 200_000):
        assert refusal(with_("subject", text)).detail.endswith(
            "allowed: text of 1 to 200 characters, without line breaks, no-break spaces or control characters"
        )


@pytest.mark.parametrize("subject", [" ", "a\u00a0b", "\u200ba", "a\n"])
def test_what_cannot_be_seen_in_a_number_is_refused(subject: str) -> None:
    assert refusal(with_("subject", subject)).reason == "not_cloudevents"


READING = cloud_event("reading.reported")


@pytest.mark.parametrize(
    ("period", "wrong"),
    [
        ("2024-02-29", None),
        ("2025-03-31", None),
        ("2025-04-04", None),
        ("2025-Q2", None),
        ("2025", None),
        ("2025-02-29", "there is no day 2025-02-29"),
        ("2025-02-30", "there is no day 2025-02-30"),
        ("1900-02-29", "there is no day"),
        ("2025-04-05", "2025-04-05 has not begun at the event's time, 2025-04-03T01:15:00+00:00"),
        ("2025-05", "has not begun"),
        ("2025-Q3", "has not begun"),
        ("2999-12-31", "has not begun"),
        ("2999", "has not begun"),
    ],
)
def test_a_reading_is_of_a_period_that_there_is_and_that_has_begun(period: str, wrong: str | None) -> None:
    value = orjson.dumps(READING | {"data": READING["data"] | {"period": period}})
    decoder = DECODERS[READING["source"].removeprefix(SOURCE_PREFIX)]
    if wrong is None:
        assert decode(value, decoder=decoder).kind.name == "reading.reported"
        return
    refused = refusal(value, decoder=decoder)
    assert (refused.reason, refused.detail[:13]) == ("invalid_data", "data.period: ")
    assert wrong in refused.detail


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("data", None, "data: must be a JSON object with the fields of this type; see docs/events.md"),
        ("data.procedure", "2 0", "data.procedure: must be a code: without blanks, line breaks or other control"),
        ("data.procedure", "", "data.procedure: must not be empty"),
        ("data.procedure", "x" * 101, "data.procedure: must have at most 100 characters"),
        ("data.procedure", 2.0, "data.procedure: must be text"),
        ("data.channel", "fax", "data.channel: must be 'online', 'counter', 'post', 'email' or 'internal'"),
        ("data.colour", "x", "data.colour: is not a field of this type; see docs/events.md"),
        ("data.due_at", 7, "data.due_at: must be RFC 3339 between 1990 and 2199"),
        ("subject", "a\nb", "attribute subject is 'a\\nb'; allowed: text of 1 to 200 characters, without line breaks"),
    ],
)
def test_a_refusal_speaks_to_whoever_sends_events(path: str, value: Any, said: str) -> None:
    assert refusal(with_(path, value)).detail.startswith(said)


def test_a_resend_with_another_time_has_the_same_identity_and_content() -> None:
    one, other = decode(orjson.dumps(EVENT)), decode(with_("time", "2025-04-03T09:00:00Z"))
    assert (one.identity, one.content_hash) == (other.identity, other.content_hash)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("subject", "H06-2"),
        ("retracted", True),
        ("type", "vn.opscentre.dossier.returned.v1"),
        ("data.procedure", "1.000001"),
        ("data.applicant", "other"),
    ],
)
def test_another_content_is_told_apart(path: str, value: Any) -> None:
    event = changed(path, value)
    if path == "type":
        event["data"] = {"agency": commune()}
    assert decode(orjson.dumps(event)).content_hash != decode(orjson.dumps(EVENT)).content_hash


def test_the_same_id_of_two_systems_is_two_identities() -> None:
    telecom = decode(orjson.dumps(cloud_event("station.activated")), decoder=DECODERS["telecom"])
    assert telecom.identity != decode(orjson.dumps(EVENT)).identity


def test_a_system_speaks_for_no_agency_and_no_type_but_those_granted() -> None:
    system = CATALOGUE.systems["one-stop"]
    narrow = replace(system, events=frozenset({"dossier.returned"}), agencies=frozenset({"H06.01"}))
    assert refusal(orjson.dumps(EVENT), decoder=Decoder(narrow)).reason == "type_not_granted"
    returned = orjson.dumps(cloud_event("dossier.returned"))
    assert refusal(returned, decoder=Decoder(narrow)).reason == "agency_not_granted"


VALIDITY = Validity(moment_of(datetime(2024, 3, 1, tzinfo=UTC)), moment_of(datetime(2025, 3, 1, tzinfo=UTC)), "H06.01")


@pytest.mark.parametrize(
    ("validity", "time", "wrong"),
    [
        (VALIDITY, "2024-03-01T06:59:59+07:00", "did not stand yet at that time, by the catalogue"),
        (VALIDITY, "2024-03-01T07:00:00+07:00", None),
        (VALIDITY, "2025-03-01T06:59:59+07:00", None),
        (VALIDITY, "2025-03-01T07:00:00+07:00", None),  # in an event of a case the code means the successor
        (
            VALIDITY._replace(successor="H99"),  # for whom the system may not speak
            "2025-03-01T07:00:00+07:00",
            'stood no longer at that time, by the catalogue: "H99" has taken over',
        ),
        (VALIDITY._replace(begin=None), "2001-01-01T00:00:00Z", None),
        (VALIDITY._replace(end=None), "2025-05-01T00:00:00Z", None),
        (
            VALIDITY._replace(successor=None),
            "2025-03-01T07:00:00+07:00",
            "stood no longer at that time, by the catalogue",
        ),
    ],
)
def test_an_agency_does_something_only_while_it_stands(validity: Validity, time: str, wrong: str | None) -> None:
    decoder = Decoder(replace(CATALOGUE.systems["one-stop"], validity={commune(): validity}))
    value = with_("time", time)
    if wrong is None:
        decode(value, decoder=decoder)
    else:
        refused = refusal(value, decoder=decoder)
        assert refused.reason == "agency_not_granted"
        assert refused.detail == f'agency "{commune()}" {wrong}'


def test_what_is_no_case_is_refused_of_an_agency_that_has_ended() -> None:
    system = CATALOGUE.systems["telecom"]
    event = orjson.loads(orjson.dumps(cloud_event("station.activated", "S-1", "2025-03-01T07:00:00+07:00")))
    code = event["data"]["agency"]
    found = replace(system, validity={code: VALIDITY._replace(successor=min(system.agencies - {code}))})
    refused = refusal(orjson.dumps(event), decoder=Decoder(found))
    assert refused.reason == "agency_not_granted"
    assert "has taken over" in refused.detail


def test_successors_are_followed_to_the_one_that_stands() -> None:
    system = CATALOGUE.systems["one-stop"]
    second = VALIDITY._replace(begin=VALIDITY.end, end=moment_of(datetime(2025, 4, 1, tzinfo=UTC)), successor="H06.02")
    found = replace(system, validity={commune(): VALIDITY, "H06.01": second})
    decode(with_("time", "2025-03-20T07:00:00+07:00"), decoder=Decoder(found))
    decode(with_("time", "2025-04-20T07:00:00+07:00"), decoder=Decoder(found))
    gone = replace(system, validity={commune(): VALIDITY, "H06.01": second._replace(successor=None)})
    assert "has taken over" in refusal(with_("time", "2025-04-20T07:00:00+07:00"), decoder=Decoder(gone)).detail


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
places = st.sampled_from(
    [*EVENT, "revision", "retracted", "datacontenttype", *(f"data.{name}" for name in EVENT["data"])]
)


def never_unexpected(value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
    refused: InvalidEventError | None = None
    try:
        decode(value, headers)
    except InvalidEventError as error:
        refused = error
    if refused is not None:
        assert refused.reason in REASONS.keys() - ELSEWHERE, refused.detail
        assert "\0" not in refused.detail
        refused.detail.encode()  # or the database could not keep it


def dumped(value: Any) -> bytes:
    """As JSON, lone surrogates and integers of any size too, which orjson does not write."""
    import json as standard  # noqa: PLC0415

    return standard.dumps(value).encode()


@given(st.binary())
def test_no_bytes_are_unexpected(value: bytes) -> None:
    never_unexpected(value)


@given(json)
def test_no_json_is_unexpected(value: Any) -> None:
    never_unexpected(dumped(value))


@given(places, json)
@example("data", {"agency": "\ud800"})
@example("revision", 10**400)
def test_no_json_in_any_place_of_an_event_is_unexpected(place: str, value: Any) -> None:
    never_unexpected(dumped(changed(place, value)))


@given(places, st.integers(0, 1022), st.sampled_from([b"", rb'"\u0000"', b'{"a": 1}']))
def test_no_depth_in_any_place_of_an_event_is_unexpected(place: str, depth: int, inside: bytes) -> None:
    never_unexpected(text_in(place, nested(depth, inside)))


@given(st.sampled_from([name for name, _ in HEADERS] + ["ce_revision", "ce_retracted", "content-type"]), st.binary())
def test_no_bytes_in_any_header_are_unexpected(name: str, value: bytes) -> None:
    never_unexpected(BODY, header(name, value))


@pytest.mark.parametrize("field", ["agency", "procedure", "channel", "due_at", "service_level", "applicant"])
@pytest.mark.parametrize(
    "value", ["Nguyễn Văn A", "079 085 001234", {"name": "Nguyễn Văn A"}, ["Nguyễn Văn A"], 79085001234]
)
def test_what_is_said_about_wrong_data_never_repeats_it(field: str, value: Any) -> None:
    error = refusal(with_(f"data.{field}", value))
    assert error.reason == "invalid_data"
    assert f"data.{field}" in error.detail
    for secret in ("Nguy", "Văn", "079", "79085001234"):
        assert secret not in error.detail


def test_what_is_said_names_every_field_that_is_wrong() -> None:
    event = cloud_event("dossier.received", channel="fax", due_at="tomorrow", more=1)
    detail = refusal(orjson.dumps(event)).detail
    assert all(f"data.{field}: " in detail for field in ("channel", "due_at", "more"))


CLOUDEVENTS_JSON = ("content-type", b"application/cloudevents+json; charset=UTF-8")


@pytest.mark.parametrize(
    "headers",
    [
        [CLOUDEVENTS_JSON, ("ce_traceparent", b"00-4bf9-00f0-01")],
        [("ce_traceparent", b"00-4bf9-00f0-01"), ("Content-Type", b"Application/CloudEvents+JSON")],
        [("ce_traceparent", b"00-4bf9-00f0-01")],
        [CLOUDEVENTS_JSON, ("ce_specversion", b"1.0"), ("ce_id", b"another")],
        [("content-type", b"\xff"), ("other", b"1")],
    ],
    ids=["the type says so", "in capitals", "the body says so", "the type says so, against all headers", "rubbish"],
)
def test_a_header_beside_an_event_in_structured_mode_makes_it_no_other(headers: list[tuple[str, bytes]]) -> None:
    assert decode(orjson.dumps(EVENT), headers).id == EVENT["id"]


@pytest.mark.parametrize("content", ["text/json", "application/vnd.x+json; charset=utf-8", "application/json;x=1"])
def test_whatever_is_json_by_its_type_is_read_as_json(content: str) -> None:
    headers = [*HEADERS, ("content-type", content.encode())]
    assert decode(BODY, headers).id == EVENT["id"]


@pytest.mark.parametrize(
    ("value", "headers", "said"),
    [
        (b"[{}]", [("content-type", b"application/cloudevents-batch+json")], "batched mode"),
        (b"[{}]", [], "a record for each event"),
        (b"{}", [("ce-id", b"1"), ("ce-specversion", b"1.0")], "begin with ce_, in lower case"),
        (b"{}", [("CE_ID", b"1")], "begin with ce_, in lower case"),
        (b"{}", [], "specversion is missing"),
    ],
)
def test_what_is_nearly_an_event_is_told_what_it_lacks(
    value: bytes, headers: list[tuple[str, bytes]], said: str
) -> None:
    refused = refusal(value, headers)
    assert refused.reason == "not_cloudevents"
    assert said in refused.detail
