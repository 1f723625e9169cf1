"""What was archived before letters were composed: known after the migration for what it is."""

from typing import Any
from unicodedata import normalize
from unittest.mock import patch

import psycopg
import pytest

from core.database import migrate
from streams.write.writer import Outcome, Writer
from tests.helpers import Json, Log, cloud_event

NUMBER = "Hồ sơ 7"


def signed(id_: str, subject: str = NUMBER, **changes: Any) -> Json:
    return cloud_event("signature.used", subject, id=id_, **changes)


def as_it_came(writer: Writer, log: Log, *events: Json) -> None:
    """Commit events as software did that compared texts as they came."""
    with (
        patch("streams.ingest.decoder.attribute_text", lambda value: value),
        patch("streams.ingest.decoder._composed", lambda data: data),
    ):
        writer.commit(log.batch(*events))


def decomposed(event: Json) -> Json:
    return event | {
        "id": normalize("NFD", event["id"]) + " ",
        "subject": f" {normalize('NFD', event['subject'])}",
        "data": event["data"] | {"document": normalize("NFD", event["data"]["document"])},
    }


def test_a_resend_of_what_was_archived_in_another_form_counts_once(
    database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    events = [
        signed("số 1", document="QĐ-số-7"),
        signed("2", document="TTr-số-2", revision=1),
        signed("3", "plain", document="x"),
    ]
    as_it_came(writer, log, *map(decomposed, events), signed("2", document="first"))
    connection.execute("DELETE FROM migrations WHERE name = '012_composed.sql'")
    assert migrate(database) == ["012_composed.sql"]
    found = connection.execute("SELECT id, subject FROM events ORDER BY id, revision").fetchall()
    assert found == [("2", NUMBER), ("2 ", f" {normalize('NFD', NUMBER)}"), ("3", "plain"), ("số 1", NUMBER)]
    known = [events[0], events[2]]
    assert writer.commit(log.batch(*known, *map(decomposed, known))) == Outcome(duplicates=4)
    writer.commit(log.batch(signed("số 1", document="QĐ-số-7", retracted=True, revision=1)))
    (counted,) = connection.execute(
        "SELECT sum(value)::int FROM counters_day WHERE measure = 'signature.used'"
    ).fetchone() or (None,)
    assert counted == 3


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_what_two_events_would_share_stays_as_it_was(
    database: str, connection: psycopg.Connection, writer: Writer, form: str
) -> None:
    log = Log()
    both = [signed("số 1", document="QĐ-số-7"), decomposed(signed("số 1", document="QĐ-số-7"))]
    as_it_came(writer, log, *both)
    before = connection.execute("SELECT id, subject FROM events ORDER BY id").fetchall()
    connection.execute("DELETE FROM migrations WHERE name = '012_composed.sql'")
    migrate(database)
    assert connection.execute("SELECT id, subject FROM events ORDER BY id").fetchall() == before
    event = both[0] if form == "NFC" else both[1]
    assert writer.commit(log.batch(event)) == Outcome(duplicates=1)
