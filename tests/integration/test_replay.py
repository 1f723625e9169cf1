"""Dead letters once more: what has been put right counts once, what has not stays where it was."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import orjson
import psycopg
import pytest

from core.database import connect
from core.errors import NotFoundError
from opscentre.reports import dead_letters
from schemas.events.envelope import SOURCE_PREFIX
from streams.ingest.decoder import Decoder, decode
from streams.ingest.records import UNREAD, Batch, Record, Refused
from streams.recount.compare import compare, repair
from streams.recount.replay import replay
from streams.write.fence import MAINTENANCE, fence_partition, prepare_session
from streams.write.writer import Outcome, Writer
from tests.helpers import CATALOGUE, DECODERS, RULEBOOK, Json, Log, cloud_event, letters, record, summed, tables

TOPIC = CATALOGUE.systems["one-stop"].topic
GRANTED = {system.topic: DECODERS[system.id] for system in CATALOGUE.systems.values()}
NARROW = {
    system.topic: Decoder(replace(system, agencies=frozenset({"H06.01"}))) for system in CATALOGUE.systems.values()
}
"""The systems before they were granted the communes."""


@pytest.fixture
def operator(database: str) -> Iterator[psycopg.Connection]:
    """As the command line opens it."""
    with connect(database, "test") as opened:
        prepare_session(opened)
        yield opened


def refused(writer: Writer, event: Json, log: Log | None = None) -> None:
    """Let an event become a dead letter, because its agency is not granted yet."""
    log = log or Log(system=event["source"].removeprefix(SOURCE_PREFIX))
    batch = log.batch(event)
    items = decode(NARROW[log.partition.topic], [batch.items[0].record])
    assert writer.commit(batch._replace(items=items)) == Outcome(refused=1)


@pytest.mark.parametrize(
    ("event", "counted"),
    [
        (
            cloud_event("dossier.received", due_at="2025-04-10T17:00:00+07:00"),
            {"dossier.opened": 1, "dossier.open": 1, "dossier.overdue": 1},
        ),
        (cloud_event("task.assigned"), {"task.opened": 1, "task.open": 1, "task.open_without_due": 1}),
        (cloud_event("signature.used"), {"signature.used": 1}),
        (cloud_event("reading.reported"), {}),
    ],
    ids=["dossier", "task", "actor", "reading"],
)
def test_a_letter_whose_cause_is_gone_counts_once_and_never_again(
    event: Json,
    counted: dict[str, int],
    operator: psycopg.Connection,
    connection: psycopg.Connection,
    writer: Writer,
) -> None:
    refused(writer, event)
    assert replay(operator, writer, GRANTED, [1]) == (1, 0)
    assert letters(connection) == [("replayed", "agency_not_granted")]
    assert summed(connection) == counted
    assert compare(connection, RULEBOOK) == []
    after = tables(connection)
    assert (len(after["events"]), len(after["readings"])) == (1, 0 if counted else 1)
    assert len(after["actors_month"]) == ("signature.used" in counted)
    assert replay(operator, writer, GRANTED, [1]) == (0, 0)
    assert (tables(connection), letters(connection)) == (after, [("replayed", "agency_not_granted")])


def test_a_replayed_event_is_archived_as_it_came(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log(number=3)
    writer.commit(log.batch(b"junk"))
    event = cloud_event("dossier.received")
    headers = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
    body = b'{"agency": "%s", "procedure": "1", "channel": "post"}' % event["data"]["agency"].encode()
    batch = log.batch(b"")
    raw = record(body, 1, headers)
    writer.commit(batch._replace(items=decode(NARROW[TOPIC], [raw])))
    assert replay(operator, writer, GRANTED, [2]) == (1, 0)
    query = 'SELECT id, partition, "offset", (extract(epoch FROM received_at) * 1000)::bigint FROM events'
    assert connection.execute(query.encode()).fetchall() == [("1", 3, 1, raw.timestamp)]


def test_a_replayed_event_is_told_from_a_later_one_of_the_log(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    refused(writer, cloud_event("dossier.received"), log)
    replay(operator, writer, GRANTED, [1])
    assert writer.commit(log.batch(cloud_event("dossier.received"))) == Outcome(duplicates=1)
    assert summed(connection) == {"dossier.opened": 1, "dossier.open": 1, "dossier.open_without_due": 1}


def test_a_letter_whose_event_came_meanwhile_is_a_duplicate(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    refused(writer, cloud_event("dossier.received"), log)
    writer.commit(log.batch(cloud_event("dossier.received")))
    before = tables(connection)
    assert replay(operator, writer, GRANTED, [1]) == (1, 0)
    assert tables(connection) == before
    assert letters(connection) == [("replayed", "agency_not_granted")]
    counted = connection.execute(
        "SELECT events, duplicates FROM partition_offsets WHERE topic_id = 'maintenance'"
    ).fetchone()
    assert counted == (0, 1)


def test_a_letter_of_a_clock_that_was_ahead_counts_once_its_time_has_come(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    early = Record(0, int((at - timedelta(minutes=6)).timestamp() * 1000), b"k", None, ())
    event = cloud_event("dossier.received", time=at.isoformat())
    (item,) = decode(GRANTED[TOPIC], [early._replace(value=orjson.dumps(event))])
    assert isinstance(item, Refused)
    assert item.reason == "time_in_future"
    writer.commit(Batch(Log().partition, 0, 1, [item]))
    assert replay(operator, writer, GRANTED, [1]) == (1, 0)
    assert letters(connection) == [("replayed", "time_in_future")]
    assert tables(connection)["events"][0][0] == at


def test_a_letter_refused_again_stays_open_with_the_reason_of_today(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    refused(writer, cloud_event("dossier.received"))
    system = replace(CATALOGUE.systems["one-stop"], events=frozenset({"dossier.returned"}))
    assert replay(operator, writer, {TOPIC: Decoder(system)}, [1]) == (0, 1)
    assert letters(connection) == [("open", "type_not_granted")]
    assert replay(operator, writer, {}, [1]) == (0, 1)
    assert letters(connection) == [("open", "wrong_source")]
    assert tables(connection)["events"] == []
    assert replay(operator, writer, GRANTED, [1]) == (1, 0)


@pytest.mark.parametrize("reason", sorted(UNREAD))
def test_a_letter_of_records_that_could_not_be_read_keeps_its_reason(
    reason: str, operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    batch = Log().batch(None)
    writer.commit(batch._replace(items=[Refused(batch.items[0].record, reason, "offsets 0 to 7")]))
    assert replay(operator, writer, GRANTED, [1]) == (0, 1)
    assert dead_letters.shown(connection, 1)["reason"] == reason
    assert dead_letters.shown(connection, 1)["detail"] == "offsets 0 to 7"


def test_a_letter_that_conflicts_meanwhile_stays_open(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    refused(writer, cloud_event("dossier.received"), log)
    writer.commit(log.batch(cloud_event("dossier.received", channel="post")))
    before = tables(connection)
    assert replay(operator, writer, GRANTED, [1]) == (0, 1)
    assert letters(connection) == [("open", "conflicting_id")]
    assert tables(connection) == before


def test_a_value_that_the_database_refused_counts_once_the_database_takes_it(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    connection.execute("ALTER TABLE events ADD CONSTRAINT curse CHECK (subject <> 'cursed')")
    writer.commit(Log().batch(cloud_event("dossier.received", "cursed"), b"junk"))
    assert replay(operator, writer, GRANTED, [1, 2]) == (0, 2)
    assert letters(connection) == [("open", "refused_by_database"), ("open", "not_json")]
    assert tables(connection)["events"] == []
    connection.execute("ALTER TABLE events DROP CONSTRAINT curse")
    assert replay(operator, writer, GRANTED, [1, 2]) == (1, 1)
    assert letters(connection) == [("replayed", "refused_by_database"), ("open", "not_json")]
    assert compare(connection, RULEBOOK) == []


def test_a_correction_among_the_letters_replaces_what_it_corrects_in_any_order(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    for revision, channel in enumerate(["online", "post", "counter"]):
        refused(writer, cloud_event("dossier.received", revision=revision, channel=channel), log)
    assert replay(operator, writer, GRANTED, [3, 1, 2]) == (3, 0)
    assert connection.execute("SELECT dimensions FROM cases").fetchall() == [("counter -",)]
    assert compare(connection, RULEBOOK) == []


def test_one_letter_that_fails_holds_up_no_other(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(b"junk"))
    refused(writer, cloud_event("dossier.received"), log)
    calls: list[int] = []
    assert replay(operator, writer, GRANTED, [1, 2], lambda: calls.append(1)) == (1, 1)
    assert [state for state, _ in letters(connection)] == ["open", "replayed"]
    assert len(calls) == 2


def test_a_discarded_letter_keeps_its_reason_and_the_note_and_is_not_replayed(
    operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    refused(writer, cloud_event("dossier.received"), log)
    writer.commit(log.batch(b"junk"))
    assert dead_letters.discard(connection, [1], "a test of the agency's") == 1
    assert dead_letters.discard(connection, [1], "again") == 0
    shown = dead_letters.shown(connection, 1)
    assert (shown["state"], shown["reason"], shown["note"]) == (
        "discarded", "agency_not_granted", "a test of the agency's",
    )  # fmt: skip
    assert replay(operator, writer, GRANTED, [1]) == (0, 0)
    assert letters(connection) == [("discarded", "agency_not_granted"), ("open", "not_json")]
    assert tables(connection)["events"] == []
    assert [letter["id"] for letter in dead_letters.listed(connection)] == [2]
    assert [letter["id"] for letter in dead_letters.listed(connection, "discarded")] == [1]
    assert dead_letters.chosen(connection, [], None) == [2]
    assert dead_letters.chosen(connection, [1, 2], None) == [2]
    assert dead_letters.chosen(connection, [], "agency_not_granted") == []


def test_a_letter_is_shown_as_text_where_it_is_text(connection: psycopg.Connection, writer: Writer) -> None:
    batch = Log().batch("Đơn".encode(), b"\xff")
    raw = batch.items[0].record._replace(key=b"\x80", headers=[("ce_id", "é".encode())])
    items: list[Any] = [batch.items[0]._replace(record=raw), batch.items[1]]  # type: ignore[union-attr]
    writer.commit(batch._replace(items=items))
    first, second = dead_letters.shown(connection, 1), dead_letters.shown(connection, 2)
    assert (first["value"], first["key"], first["headers"]) == ("Đơn", "base64:gA==", {"ce_id": "é"})
    assert second["value"] == "base64:/w=="
    with pytest.raises(NotFoundError):
        dead_letters.shown(connection, 3)


def wait_until_blocked(watcher: psycopg.Connection, blocked: psycopg.Connection, thread: Thread | None = None) -> None:
    """Return once the other operator waits for a lock."""
    query = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
    while watcher.execute(query, (blocked.info.backend_pid,)).fetchone() != ("Lock",):
        assert thread is None or thread.is_alive()


def test_a_replay_that_meets_a_worker_on_a_new_case_counts_all_the_same(
    database: str, operator: psycopg.Connection, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    refused(writer, cloud_event("dossier.received", id="1"), log)
    # The month's chunk must be there: whoever makes it keeps the other waiting before the case does.
    writer.commit(log.batch(cloud_event("dossier.received", "H06-2", id="0")))
    worker = Writer(database, RULEBOOK, give_up=lambda: True)
    batch = Log(1).batch(cloud_event("dossier.suspended", id="2", time="2025-04-04T08:15:00+07:00"))
    with connect(database, "worker") as opened, ThreadPoolExecutor(1) as pool:
        prepare_session(opened)
        with opened.transaction():
            cursor = opened.cursor()
            shard, _ = fence_partition(cursor, batch.partition, RULEBOOK)
            worker.apply(cursor, shard, batch.partition, batch.items)
            replayed = pool.submit(replay, operator, writer, GRANTED, [1])
            wait_until_blocked(connection, operator)
        assert replayed.result(60) == (1, 0)
    assert letters(connection) == [("replayed", "agency_not_granted")]
    assert connection.execute("SELECT state FROM cases WHERE subject = 'H06-1'").fetchall() == [("suspended",)]
    assert compare(connection, RULEBOOK) == []


def test_a_repair_waits_for_a_replay_and_neither_fails(
    database: str, operator: psycopg.Connection, connection: psycopg.Connection
) -> None:
    with psycopg.connect(database, autocommit=True) as repairing, ThreadPoolExecutor(1) as pool:
        with operator.transaction():
            fence_partition(operator.cursor(), MAINTENANCE, RULEBOOK)  # as a replay begins
            repaired = pool.submit(repair, repairing, RULEBOOK)
            wait_until_blocked(connection, repairing)
            operator.execute("UPDATE partition_offsets SET events = events + 1 WHERE topic_id = 'maintenance'")
        assert repaired.result(60) == []
