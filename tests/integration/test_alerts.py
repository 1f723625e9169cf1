"""What becomes of an alert: to whom it is raised once more, when it ends and why, and what holds up no other."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from core.database import migrate
from core.publisher import Publisher, encode
from opscentre.devservices.timescaledb import TimescaleDB
from streams.sweep import deadlines
from streams.sweep.deadlines import sweep
from streams.write.writer import Writer
from tests.conftest import earlier
from tests.helpers import Json, Log, cloud_event
from tests.integration.test_deadlines import HERE, THERE, TOPICS, ago, processed, received

Row = tuple[str, str, str | None, str | None]


def alerts(connection: psycopg.Connection) -> list[Row]:
    """Subject, agency, why nobody was told, and why it has ended."""
    return connection.execute(
        "SELECT subject, agency, suppressed, ended FROM alerts ORDER BY subject, raised_at, overdue_at"
    ).fetchall()


def step(name: str, subject: str, days_ago: float, **data: Any) -> Json:
    """An event that an overdue dossier's agency sends about it."""
    return cloud_event(f"dossier.{name}", subject, ago(days_ago), f"{name}-{subject}-{days_ago}", agency=HERE, **data)


def test_what_is_handed_over_while_overdue_is_told_to_the_new_agency_once(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    task = cloud_event("task.assigned", "by transfer", ago(12), "t", agency=HERE, due_at=ago(2))
    opened = received("by correction", 2)
    writer.commit(log.batch(task, opened))
    assert sweep(database, broker, TOPICS, 3) == 2
    moved = cloud_event("task.progressed", "by transfer", ago(1), "p", agency=THERE, percent=10)
    writer.commit(log.batch(moved, {**opened, "revision": 1, "data": {**opened["data"], "agency": THERE}}))
    assert sweep(database, broker, TOPICS, 3) == 2
    assert sweep(database, broker, TOPICS, 3) == 0
    assert alerts(connection) == [
        (subject, agency, None, ended)
        for subject in ("by correction", "by transfer")
        for agency, ended in ((HERE, "transferred"), (THERE, None))
    ]


def test_what_was_told_is_told_to_whom_it_is_handed_over_however_old_it_is(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    opened = {subject: received(subject, 40) for subject in ("told", "listed", "listed, moved now")}
    writer.commit(log.batch(*opened.values()))
    assert sweep(database, broker, TOPICS, 3) == 0
    connection.execute("UPDATE alerts SET suppressed = NULL WHERE subject = 'told'")  # as if swept while it was fresh
    for event in opened.values():
        writer.commit(log.batch({**event, "revision": 1, "data": {**event["data"], "agency": THERE}}))
    writer.commit(log.batch(cloud_event("dossier.returned", "x", ago(1), "x", agency=HERE)))
    now = [step("suspended", "listed, moved now", 2), step("resumed", "listed, moved now", 1)]
    writer.commit(log.batch(*({**event, "data": {**event["data"], "agency": THERE}} for event in now)))
    assert sweep(database, broker, TOPICS, 3) == 2
    assert [row for row in alerts(connection) if row[1] == THERE] == [
        ("listed", THERE, "old", None),
        ("listed, moved now", THERE, None, None),
        ("told", THERE, None, None),
    ]


def test_what_was_suspended_while_overdue_and_is_resumed_is_told_once(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(received("seen", 20), received("unseen", 20)))
    assert sweep(database, broker, TOPICS, 3) == 2
    writer.commit(log.batch(step("suspended", "seen", 15)))
    assert sweep(database, broker, TOPICS, 3) == 0
    writer.commit(log.batch(step("resumed", "seen", 14)))
    writer.commit(log.batch(step("suspended", "unseen", 15), step("resumed", "unseen", 14)))
    assert sweep(database, broker, TOPICS, 3) == 0
    assert alerts(connection) == [("seen", HERE, None, None), ("unseen", HERE, None, None)]


def test_what_was_missed_is_told_though_it_was_suspended_before_anybody_looked(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    missed, in_time = received("missed", 10), received("in time", -3)
    writer.commit(log.batch(missed, in_time, step("suspended", "missed", 2), step("suspended", "in time", 2)))
    assert sweep(database, broker, TOPICS, 3) == 1
    writer.commit(log.batch(step("resumed", "missed", 1)))
    assert sweep(database, broker, TOPICS, 3) == 0
    assert alerts(connection) == [("missed", HERE, None, None)]


def test_an_alert_ends_with_what_it_tells_of_and_says_why(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    cases = [received(subject, 3) for subject in ("late", "in time", "postponed", "gone", "never opened", "corrected")]
    extended = step("extended", "never opened", 4, due_at=ago(3))
    writer.commit(log.batch(*cases, extended))
    assert sweep(database, broker, TOPICS, 3) == 6
    gone, never, corrected = ({**event, "revision": 1} for event in cases[3:])
    corrected["data"] = {**corrected["data"], "due_at": ago(-4)}
    writer.commit(log.batch(processed("late", 1), processed("in time", 5), corrected))
    writer.commit(log.batch(step("extended", "postponed", 1, due_at=ago(-3))))
    writer.commit(log.batch(*({**event, "retracted": True} for event in (gone, never))))
    assert sweep(database, broker, TOPICS, 3) == 0
    assert {(subject, why) for subject, _, _, why in alerts(connection)} == {
        ("late", "settled"),
        ("in time", "settled"),
        ("postponed", "postponed"),
        ("corrected", "postponed"),
        ("gone", "retracted"),
        ("never opened", "retracted"),
    }


def test_a_due_time_that_was_moved_and_missed_again_between_two_sweeps_is_told_again(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    """A correction of a due time that was over all the time is not."""
    log = Log()
    opened = received("corrected", 8)
    writer.commit(log.batch(received("extended", 8), opened))
    assert sweep(database, broker, TOPICS, 3) == 2
    connection.execute("UPDATE sweeps SET swept_at = now() - interval '5 days'")
    writer.commit(log.batch(step("extended", "extended", 6, due_at=ago(2))))
    writer.commit(log.batch({**opened, "revision": 1, "data": {**opened["data"], "due_at": ago(7)}}))
    assert sweep(database, broker, TOPICS, 3) == 1
    assert alerts(connection) == [
        ("corrected", HERE, None, None),
        ("extended", HERE, None, "postponed"),
        ("extended", HERE, None, None),
    ]


def test_what_a_clock_that_was_ahead_took_for_missed_has_ended(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(received("A", 2)))
    assert sweep(database, broker, TOPICS, 3) == 1
    ahead = "now() + interval '1 hour'"
    connection.execute(f"UPDATE cases SET overdue_at = {ahead}".encode())
    connection.execute(f"UPDATE alerts SET overdue_at = {ahead}".encode())
    connection.execute("UPDATE sweeps SET swept_at = now() + interval '1 day'")
    assert sweep(database, broker, TOPICS, 3) == 0
    assert alerts(connection) == [("A", HERE, None, "postponed")]


def test_of_a_system_that_was_never_swept_all_that_was_settled_late_is_listed(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(received("A", 9), processed("A", 2)))
    for _ in range(2):
        assert sweep(database, broker, TOPICS, 3) == 0
        assert alerts(connection) == [("A", HERE, "settled", "settled")]
        connection.execute("DELETE FROM alerts")
        connection.execute("DELETE FROM sweeps WHERE system = 'one-stop'")  # the others have their horizons


def test_a_case_that_no_message_can_tell_of_keeps_nobody_from_hearing_of_the_others(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(received("A", 2), received("B", 2), received("C", 2, THERE)))
    connection.execute("UPDATE cases SET subject = E'B\\nC' WHERE subject = 'B'")
    assert sweep(database, broker, TOPICS, 3) == 2
    assert alerts(connection) == [
        ("A", HERE, None, None),
        ("B\nC", HERE, "untellable", None),
        ("C", THERE, None, None),
    ]
    assert sweep(database, broker, TOPICS, 3) == 0


def test_a_due_time_of_the_first_day_that_is_taken_is_told_of(broker: str, database: str, writer: Writer) -> None:
    """Of 1990 here, of 1989 in UTC."""
    log = Log(system="police-ops")
    reported = cloud_event("incident.reported", "I", ago(3), "1", agency="H06.17", due_at="1990-01-01T00:00:00+07:00")
    settled = cloud_event("incident.settled", "I", ago(2), "2", agency="H06.17")
    writer.commit(log.batch(reported, settled, cloud_event("incident.reopened", "I", ago(1), "3", agency="H06.17")))
    assert sweep(database, broker, TOPICS, 3) == 1


@pytest.mark.slow
def test_a_system_that_cannot_be_swept_holds_up_no_other_and_is_said(
    broker: str,
    database: str,
    connection: psycopg.Connection,
    writer: Writer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer.commit(Log().batch(received("A", 2)))
    with Publisher(broker) as publisher:
        publisher.send_raw("events.telecom", b"A", b"{}")
    connection.execute("INSERT INTO sweeps VALUES ('telecom', now() - interval '1 hour', '3')")
    begun = time.monotonic()
    assert sweep(database, broker, TOPICS, 3, patience=60) == 1
    assert time.monotonic() - begun < 20
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said.startswith("telecom is not swept for missed deadlines, last 20")


def test_a_transaction_that_stays_open_keeps_no_system_from_being_swept(
    broker: str, database: str, writer: Writer
) -> None:
    writer.commit(Log().batch(received("A", 2)))
    producer = Producer({"bootstrap.servers": broker, "transactional.id": "hangs"})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce("events.one-stop", encode(received("B", 2)), key=b"B")
    producer.flush(20)
    try:
        assert sweep(database, broker, TOPICS, 3, patience=0) == 1
    finally:
        producer.abort_transaction(20)


def test_a_lock_that_cannot_be_had_for_long_is_said_with_who_has_it(
    broker: str, database: str, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    connection.execute("UPDATE catalogues SET applied_at = now()")  # the database is a copy of one that is older
    with psycopg.connect(database, application_name="a forgotten session") as other:
        other.execute("SELECT pg_advisory_lock(%s)", (0x0C7,))
        assert sweep(database, broker, TOPICS, 3) == 0
        assert not caplog.records  # so long as somebody else sweeps
        connection.execute("UPDATE catalogues SET applied_at = now() - interval '1 hour'")
        assert sweep(database, broker, TOPICS, 3) == 0
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("no sweep for missed deadlines for 300 s: its lock is held by a forgotten session (process ")


def test_alerts_of_an_earlier_version_stand_or_have_ended(timescaledb: TimescaleDB) -> None:
    with earlier(timescaledb, 5) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        moment = datetime.now(UTC)
        for subject, days, suppressed in (("A", 9, None), ("A", 2, None), ("B", 3, "settled"), ("C", 50, "old")):
            at = moment - timedelta(days=days)
            connection.execute(
                "INSERT INTO alerts VALUES ('one-stop', 'dossier', %s, %s, %s, 'H06', gen_random_uuid(), %s, %s)",
                (subject, at, at, at, suppressed),
            )
        migrate(dsn)
        assert alerts(connection) == [
            ("A", "H06", None, "postponed"),
            ("A", "H06", None, None),
            ("B", "H06", "settled", "settled"),
            ("C", "H06", "old", None),
        ]


def test_what_is_missed_is_told_also_where_no_target_can_be_decided(
    broker: str, database: str, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.commit(Log().batch(received("A", 2)))

    def fail(*_: object) -> int:
        raise psycopg.OperationalError

    monkeypatch.setattr(deadlines, "decide", fail)
    with pytest.raises(psycopg.OperationalError):
        sweep(database, broker, TOPICS, 3)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
