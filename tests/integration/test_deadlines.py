"""The sweep for missed deadlines: each is raised once, told once, and nothing is lost wherever a sweep ends."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka import KafkaConsumer, TopicPartition

from core.kafka import admin, cluster_id, end_offsets
from core.publisher import Publisher, encode
from core.settings import Settings
from schemas.alerts import Alert
from schemas.topics import ALERTS
from streams.sweep.deadlines import sweep
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, Json, Log, cloud_event
from tests.killing import kill_at_every_step
from tests.workers import Workers

TOPICS = {system.topic: system.id for system in CATALOGUE.systems.values()}
HERE, THERE = sorted(CATALOGUE.systems["one-stop"].agencies)[:2]


def ago(days: float) -> str:
    return (datetime.now(CATALOGUE.zone) - timedelta(days=days)).replace(microsecond=0).isoformat()


def received(subject: str, due_days_ago: float, agency: str = HERE, id: str | None = None) -> Json:  # noqa: A002
    opened = ago(due_days_ago + 10)
    return cloud_event(
        "dossier.received", subject, opened, id or f"r-{subject}", agency=agency, due_at=ago(due_days_ago)
    )


def processed(subject: str, days_ago: float) -> Json:
    return cloud_event("dossier.processed", subject, ago(days_ago), f"p-{subject}", agency=HERE)


def raised(connection: psycopg.Connection) -> dict[str, str | None]:
    return dict(connection.execute("SELECT subject, suppressed FROM alerts").fetchall())


@pytest.fixture
def sent(broker: str) -> Iterator[Callable[[], list[Alert]]]:
    """What has come on the topic `alerts` since the last call."""
    consumer = KafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest")
    place = TopicPartition(ALERTS, 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)

    def fetch() -> list[Alert]:
        end, found = consumer.end_offsets([place])[place], []
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=1000).values():
                found += [Alert.model_validate_json(record.value) for record in records]
        return found

    yield fetch
    consumer.close()


def test_a_missed_deadline_is_raised_once_with_one_message_an_agency(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer, sent: Callable[[], list[Alert]]
) -> None:
    writer.commit(Log().batch(received("A", 2), received("B", 3), received("C", 1, THERE), received("D", -1)))
    assert sweep(database, broker, TOPICS, 3) == 3
    assert sweep(database, broker, TOPICS, 3) == 0

    messages = sent()
    assert {m.subject: [case.subject for case in m.data.cases] for m in messages} == {HERE: ["B", "A"], THERE: ["C"]}
    assert len(messages) == 2
    assert len({m.data.sweep for m in messages}) == 1
    assert raised(connection) == {"A": None, "B": None, "C": None}
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_what_waits_in_the_log_can_be_seen_in_the_database(
    broker: str, database: str, connection: psycopg.Connection
) -> None:
    with Publisher(broker) as publisher:
        for number in range(3):
            publisher.send(cloud_event("signature.used", id=str(number)))
    sweep(database, broker, TOPICS, decide_days=3, patience=0.1)
    waiting = "SELECT topic, sum(lag)::int FROM screens.lags WHERE lag > 0 GROUP BY topic"
    assert connection.execute(waiting).fetchall() == [("events.e-office", 3)]


def test_what_is_owed_once_more_is_told_once_more(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer, sent: Callable[[], list[Alert]]
) -> None:
    """Reopened after its due time: what was alerted and settled late; what was settled in time has time left."""

    def incident(name: str, subject: str, days_ago: float, **data: Any) -> Json:
        return cloud_event(f"incident.{name}", subject, ago(days_ago), f"{name}-{subject}", agency="H06.17", **data)

    log = Log(system="police-ops")
    begun = [incident("reported", subject, 50, due_at=ago(due)) for subject, due in (("in time", 40), ("late", 5))]
    writer.commit(log.batch(*begun, incident("settled", "in time", 45)))
    assert sweep(database, broker, TOPICS, 3) == 1
    writer.commit(log.batch(incident("settled", "late", 3)))
    assert sweep(database, broker, TOPICS, 3) == 0
    writer.commit(log.batch(*(incident("reopened", subject, 2) for subject in ("in time", "late"))))
    assert sweep(database, broker, TOPICS, 3) == 1
    assert sweep(database, broker, TOPICS, 3) == 0
    told = [case.subject for message in sent() for case in message.data.cases]
    assert Counter(told) == {"late": 2}
    assert connection.execute("SELECT count(*) FROM alerts WHERE suppressed IS NULL").fetchone() == (2,)
    again = [
        cloud_event("incident.settled", subject, ago(1), f"again-{subject}", agency="H06.17")
        for subject in ("in time", "late")
    ]
    writer.commit(log.batch(*again))
    assert sweep(database, broker, TOPICS, 3) == 0
    assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (2,)  # they were told of already


def test_a_backfill_is_listed_but_tells_nobody(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer, sent: Callable[[], list[Alert]]
) -> None:
    writer.commit(
        Log().batch(
            received("settled late", 5),
            processed("settled late", 2),
            received("settled in time", 5),
            processed("settled in time", 6),
            received("overdue for long", 40),
            received("overdue for a month", 29),
        )
    )
    assert sweep(database, broker, TOPICS, 3) == 1
    assert raised(connection) == {"settled late": "settled", "overdue for long": "old", "overdue for a month": None}
    assert [case.subject for message in sent() for case in message.data.cases] == ["overdue for a month"]


def test_a_task_and_a_dossier_due_by_the_limit_of_its_procedure_are_missed_as_any_case(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer, sent: Callable[[], list[Alert]]
) -> None:
    dossier = cloud_event("dossier.received", "D", ago(20), "1", agency=HERE, procedure="2.000908")  # a working day
    task = cloud_event("task.assigned", "T", ago(20), "2", agency=HERE, due_at=ago(2))
    progressed = cloud_event("task.progressed", "T", ago(3), "3", agency=HERE, percent=90)
    writer.commit(Log().batch(dossier, task, progressed))
    assert sweep(database, broker, TOPICS, 3) == 2
    told = {(case.system, case.kind, case.subject): case.due_at for message in sent() for case in message.data.cases}
    stand = connection.execute("SELECT system, kind, subject, due_at FROM cases").fetchall()
    assert told == {(system, kind, subject): due for system, kind, subject, due in stand}
    assert told.keys() == {("one-stop", "dossier", "D"), ("ops-centre", "task", "T")}


def test_what_was_suspended_is_not_missed_before_its_due_time_has_moved_by_that(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    suspended = cloud_event("dossier.suspended", "A", ago(30), "s", agency=HERE)
    resumed = cloud_event("dossier.resumed", "A", ago(1), "r", agency=HERE)
    log = Log()
    writer.commit(log.batch(cloud_event("dossier.received", "A", ago(31), "o", agency=HERE, due_at=ago(10))))
    writer.commit(log.batch(suspended, resumed))
    assert sweep(database, broker, TOPICS, 3) == 0
    writer.commit(log.batch({**suspended, "revision": 1, "retracted": True}))
    assert sweep(database, broker, TOPICS, 3) == 1


def test_a_deadline_that_was_moved_and_missed_again_is_raised_again(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(received("A", 5)))
    assert sweep(database, broker, TOPICS, 3) == 1
    writer.commit(log.batch(cloud_event("dossier.extended", "A", ago(1), "x-A", agency=HERE, due_at=ago(-1))))
    assert sweep(database, broker, TOPICS, 3) == 0
    again = cloud_event("dossier.extended", "A", ago(0.9), "y-A", agency=HERE, due_at=ago(2))
    writer.commit(log.batch(again))
    assert sweep(database, broker, TOPICS, 3) == 1
    assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (2,)


def test_a_system_that_is_not_caught_up_is_not_swept(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    """What is still in the log may say that the case was settled in time."""
    writer.commit(Log().batch(received("A", 2)))
    with Publisher(broker) as publisher:
        publisher.send_raw("events.one-stop", b"A", encode(processed("A", 3)))
    assert sweep(database, broker, TOPICS, 3, patience=0.5) == 0
    assert connection.execute("SELECT system FROM sweeps ORDER BY 1").fetchall() == [
        (id_,) for id_ in sorted({*TOPICS.values()} - {"one-stop"})
    ]

    with admin(broker) as client:
        topic = end_offsets(client, ["events.one-stop"])["events.one-stop"]
        cluster = cluster_id(client)
    for number, end in topic.ends.items():
        connection.execute(
            "INSERT INTO partition_offsets (cluster, topic_id, partition, topic, next_offset) "
            "VALUES (%s, %s, %s, %s, %s)",
            (cluster, topic.topic_id, number, "events.one-stop", end),
        )
    assert sweep(database, broker, TOPICS, 3) == 1


def test_what_is_settled_in_a_transaction_that_a_sweep_cannot_see_is_found_by_the_next(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(received("A", 5), received("B", 5)))
    connection.execute("UPDATE cases SET state = 'suspended', overdue_at = NULL")
    with psycopg.connect(database) as slow:
        settle = (
            "UPDATE cases SET state = 'closed', on_time = false, overdue_at = due_at, "
            "changed_xid = pg_current_xact_id() WHERE subject = %s"
        )
        slow.execute(settle, ("A",))
        connection.execute(settle, ("B",))  # a later transaction, committed earlier
        sweep(database, broker, TOPICS, 3)
        assert raised(connection) == {"B": "settled"}
        slow.commit()
    sweep(database, broker, TOPICS, 3)
    assert raised(connection) == {"A": "settled", "B": "settled"}


def test_a_case_that_changes_is_marked_with_the_transaction_that_changed_it(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(received("A", 5)))
    (before,) = connection.execute("SELECT changed_xid::text::bigint FROM cases").fetchone() or (0,)
    writer.commit(log.batch(processed("A", 2)))
    (after,) = connection.execute("SELECT changed_xid::text::bigint FROM cases").fetchone() or (0,)
    assert after > before


def test_while_one_sweeps_others_do_not(broker: str, database: str, writer: Writer) -> None:
    writer.commit(Log().batch(received("A", 2)))
    with psycopg.connect(database) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (0x0C7,))
        assert sweep(database, broker, TOPICS, 3) == 0
    assert sweep(database, broker, TOPICS, 3) == 1


@pytest.mark.slow
def test_killed_between_any_two_steps_no_alert_is_lost_and_none_is_another(
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    connection: psycopg.Connection,
    writer: Writer,
    sent: Callable[[], list[Alert]],
) -> None:
    writer.commit(Log().batch(received("A", 2), received("B", 3), received("C", 1, THERE)))
    doubled = Counter[bool]()
    for _ in kill_at_every_step("sweep", environment(installation)):
        sweep(installation.dsn, installation.kafka, TOPICS, 3)
        found = sent()
        messages = {message.id: message for message in found}
        assert sorted(case.subject for m in messages.values() for case in m.data.cases) == ["A", "B", "C"]
        doubled[len(found) > len(messages)] += 1
        connection.execute("TRUNCATE alerts, outbox, sweeps")
    # Twice, with the same id, only where Kafka had it and the outbox did not know yet.
    assert doubled[True] <= 3
    assert doubled[False] > 5


def test_a_case_without_an_opening_that_ended_late_is_no_missed_deadline(
    broker: str, database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    extended = cloud_event("dossier.extended", "A", ago(9), "x-A", agency=HERE, due_at=ago(5))
    writer.commit(Log().batch(extended, processed("A", 2)))
    assert sweep(database, broker, TOPICS, 3) == 0
    assert raised(connection) == {}
    assert connection.execute("SELECT state, on_time FROM cases").fetchall() == [("incomplete", None)]


def test_a_worker_sweeps_by_the_clock(
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    connection: psycopg.Connection,
    tmp_path: Path,
) -> None:
    settings = installation.model_copy(update={"sweep_seconds": 0.5})
    with Publisher(settings.kafka) as publisher:
        publisher.send(received("A", 2))
    with Workers(settings, environment, tmp_path) as workers:
        workers.start()
        workers.wait(lambda: raised(connection) == {"A": None}, "the alert")
