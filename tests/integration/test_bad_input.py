"""Whatever is wrong with what arrives: a dead letter, once, with all of it; and everything around it is counted."""

import base64
import json
import os
import signal
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import psycopg
import pytest
from kafka import KafkaAdminClient, TopicPartition
from typer.testing import CliRunner

from core.kafka import create_topics, topics
from core.publisher import encode
from core.settings import Settings
from opscentre.cli import app
from opscentre.devservices.kafka import Kafka
from opscentre.devservices.process import wait_until
from schemas.catalogue.load import Catalogue
from schemas.topics import event_topic
from tests.conftest import commands_of
from tests.helpers import SYSTEM_OF, Json, cloud_event
from tests.workers import Raw, Workers, assert_exact, mixed, publish

Environment = Callable[[Settings], dict[str, str]]

NAMES = ("dossier.received", "signature.used", "station.activated")
ONE_STOP, E_OFFICE, TELECOM = "events.one-stop", "events.e-office", "events.telecom"


class Bad(NamedTuple):
    """A record that is no event, with the reason and words that must be in its detail."""

    reason: str
    detail: str
    value: bytes | None
    topic: str = ONE_STOP
    headers: tuple[tuple[str, bytes], ...] = ()
    key: bytes | None = b"k"


def _changed(name: str = "dossier.received", **attributes: Any) -> bytes:
    event: Json = {**cloud_event(name, subject="bad", id="bad"), **attributes}
    return encode({key: value for key, value in event.items() if value is not ...})


def _in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def _binary(event: Json, **headers: bytes) -> tuple[tuple[str, bytes], ...]:
    own = {f"ce_{name}": str(value).encode() for name, value in event.items() if name != "data"}
    return tuple({**own, **headers}.items())


def _bad() -> list[Bad]:
    data = cloud_event("dossier.received")["data"]
    event = cloud_event("dossier.received", id="bad")
    body = encode(data)
    good = _changed()
    return [
        Bad("empty_value", "null", None),
        Bad("empty_value", "null", None, key=None),
        Bad("not_json", "", b""),
        Bad("not_utf8", "byte 8 is not UTF-8", b'{"id": "\xff"}'),
        Bad("not_utf8", "not UTF-8", "hồ sơ".encode("utf-16")),
        Bad("not_utf8", "header ce_subject", body, headers=_binary(event, ce_subject=b"\xff\xfe")),
        Bad("not_json", "", b"not JSON at all"),
        Bad("not_json", "", good[:-1]),
        Bad("not_json", "", good.replace(b'"bad"', b"NaN", 1)),
        Bad("not_json", "", b"[" * 200_000),
        Bad("not_json", "", good.replace(b'"subject":"bad"', b'"subject":"\\ud800"')),
        Bad("too_large", "1,048,576 bytes", good + b" " * (1_048_576 - len(good))),
        Bad("too_large", "bytes", b"\xff" * 2_000_001),
        Bad("not_cloudevents", "", b"[]"),
        Bad("not_cloudevents", "", b"5"),
        Bad("not_cloudevents", "specversion", _changed(specversion="0.3")),
        Bad("not_cloudevents", "data", _changed(data=...)),
        Bad("not_cloudevents", "subject is missing", _changed(subject=...)),
        Bad("not_cloudevents", "id", _changed(id="x" * 300)),
        Bad("not_cloudevents", "time", _changed(time="2025-04-03T08:15:00")),
        Bad("not_cloudevents", "time", _changed(time="yesterday")),
        Bad("not_cloudevents", "revision", _changed(revision=-1)),
        Bad("not_cloudevents", "revision", _changed(revision=2**40)),
        Bad("not_cloudevents", "retracted", _changed(retracted="perhaps")),
        Bad("not_cloudevents", "specversion", body, headers=(("ce_id", b"1"),)),
        Bad("nul_character", "\\u0000", _changed(data={**data, "procedure": "a\0b"})),
        Bad("nul_character", "\\u0000", _changed(data={**data, "a\0b": [{"c": "\0"}]})),
        Bad("nul_character", "", _changed(subject="a\0b")),
        Bad("nul_character", "id", body, headers=_binary(event, ce_id=b"a\0b")),
        Bad("wrong_source", "/systems/e-office", _changed(source="/systems/e-office")),
        Bad("wrong_source", "/systems/one-stop", good, topic=E_OFFICE),
        Bad("unknown_type", "vn.opscentre.moon.landed.v1", _changed(type="vn.opscentre.moon.landed.v1")),
        Bad("unknown_type", "v9", _changed(type="vn.opscentre.dossier.received.v9")),
        Bad("type_not_granted", "signature.used", _changed("signature.used", source="/systems/one-stop")),
        Bad("agency_not_granted", '"X99"', _changed(data={**data, "agency": "X99"})),
        Bad(
            "agency_not_granted",
            '"H06"',
            _changed("station.activated", data={**cloud_event("station.activated")["data"], "agency": "H06"}),
            topic=TELECOM,
        ),
        Bad("invalid_data", "data.applicant_name", _changed(data={**data, "applicant_name": "A"})),
        Bad("invalid_data", "data.channel", _changed(data={**data, "channel": "pigeon"})),
        Bad("invalid_data", "data", _changed(data="text")),
        Bad("invalid_data", "data", _changed(data=None)),
        Bad("time_in_future", "broker", _changed(time=_in(900))),
        Bad("time_in_future", "broker", _changed(time="9999-12-31T23:59:59Z")),
        Bad("time_too_old", "2000", _changed(time="1999-12-31T23:59:59Z")),
        Bad("time_too_old", "2000", _changed(time="0001-01-01T00:00:00Z")),
        Bad("conflicting_id", '"taken"', _changed(id="taken", data={**data, "channel": "post"}), key=b"taken"),
    ]


def _valid(number: int, name: str) -> tuple[str, bytes, bytes]:
    event = cloud_event(name, subject=f"good-{number}", id=f"good-{number}", time=_in(-60))
    return f"events.{event['source'].removeprefix('/systems/')}", f"good-{number}".encode(), encode(event)


def _letters(dsn: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            'SELECT topic, partition, "offset", key, headers, value, reason, detail, state '
            "FROM dead_letters ORDER BY id"
        ).fetchall()


@pytest.mark.slow
def test_everything_that_can_be_wrong(installation: Settings, environment: Environment, tmp_path: Path) -> None:
    bad = _bad()
    valid = 0
    records: list[Raw] = [(ONE_STOP, b"taken", _changed(id="taken"))]
    for number, record in enumerate(bad):
        for name in NAMES:
            records.append(_valid(valid, name))
            valid += 1
        headers = (*record.headers, ("trace", f"{number}-\0-\xff".encode("latin-1")), ("trace", b"twice"))
        records.append((record.topic, record.key, record.value, headers))
    with Workers(installation, environment, tmp_path) as workers:
        publish(installation.kafka, records)
        worker = workers.start(installation.group + "-1")
        workers.wait_progress(valid + len(bad) + 1)
        assert worker.status is None
        worker.kill()
        found = _letters(installation.dsn)
        for topic, _, _, key, headers, value, reason, detail, state in found:
            decoded = [(name, base64.b64decode(raw)) for name, raw in json.loads(headers)]
            record = bad[int(dict(decoded[:-1])["trace"].split(b"-")[0])]
            assert (topic, key, value, reason, state) == (
                record.topic,
                record.key,
                record.value,
                record.reason,
                "open",
            ), detail
            assert decoded[:-2] == list(record.headers)
            assert decoded[-1] == ("trace", b"twice")
            assert record.detail in detail
            assert detail.isprintable()
            assert 5 < len(detail) <= 2000
        assert sorted(row[6] for row in found) == sorted(record.reason for record in bad)
        # After what has gone wrong comes something right, and the dead letters stay as they are.
        again = workers.start(installation.group + "-2")
        publish(installation.kafka, [_valid(valid + n, name) for n, name in enumerate(NAMES)])
        valid += len(NAMES)
        workers.wait_progress(valid + len(bad) + 1)
        assert again.status is None
    assert _letters(installation.dsn) == found
    assert len({row[:3] for row in found}) == len(bad)
    assert_exact(installation.dsn, valid + 1, len(bad))


def _every_tenth_bad(records: Iterable[Raw]) -> Iterable[Raw]:
    for number, record in enumerate(records):
        yield record if number % 10 else (record[0], record[1], b"{" + str(number).encode())


@pytest.mark.slow
def test_dead_letters_are_not_doubled_by_kills(
    installation: Settings, environment: Environment, tmp_path: Path
) -> None:
    number = 30_000
    settings = installation.model_copy(update={"batch_events": 500})
    with Workers(settings, environment, tmp_path) as workers:
        publish(settings.kafka, _every_tenth_bad(mixed(number)))
        for kill in range(3):
            worker = workers.start(f"{settings.group}-{kill}")
            workers.wait_progress(1 + kill * number // 4)
            worker.kill()
            assert workers.progress() < number
        workers.start(f"{settings.group}-last")
        workers.wait_progress(number)
    letters = _letters(settings.dsn)
    assert {row[6] for row in letters} == {"not_json"}
    assert {int(row[5][1:]) for row in letters} == set(range(0, number, 10))
    assert_exact(settings.dsn, number * 9 // 10, number // 10)


def _own(kafka: Kafka, dsn: str, catalogue: Catalogue, tmp_path: Path) -> Settings:
    create_topics(kafka.bootstrap, topics(catalogue))
    return Settings(
        kafka=kafka.bootstrap, dsn=dsn, group="bad-input", data=tmp_path / "data", watchdog_seconds=60, stop_seconds=10
    )


def _dossiers(first: int, number: int) -> list[Raw]:
    """Events of one partition: one key."""
    return [
        (ONE_STOP, b"same", encode(cloud_event("dossier.received", subject=f"d-{n}", id=f"d-{n}")))
        for n in range(first, first + number)
    ]


def _events(name: str, first: int, number: int) -> list[Raw]:
    """Events of a type in one partition: one key."""
    return [
        (f"events.{SYSTEM_OF[name]}", b"same", encode(cloud_event(name, subject=f"s-{n}", id=f"{name}-{n}")))
        for n in range(first, first + number)
    ]


def _segment(tmp_path: Path, topic: str = ONE_STOP) -> Path:
    """The log file of the partition that has records."""
    files = (tmp_path / "kafka" / "log").glob(f"{topic}-*/00000000000000000000.log")
    return max(files, key=lambda file: file.stat().st_size)


def _batches(log: bytes) -> list[tuple[int, int]]:
    """Where each record batch of a log file begins and ends."""
    found, at = [], 0
    while at + 12 <= len(log):
        length = int.from_bytes(log[at + 8 : at + 12], "big")
        if length == 0:
            break  # preallocated
        found.append((at, at + 12 + length))
        at += 12 + length
    return found


@pytest.mark.slow
def test_a_batch_that_cannot_be_read_is_set_aside(
    own_kafka: Kafka, database: str, environment: Environment, catalogue: Catalogue, tmp_path: Path
) -> None:
    settings = _own(own_kafka, database, catalogue, tmp_path)
    for part in range(3):
        publish(settings.kafka, _dossiers(part * 10, 10))
    publish(settings.kafka, mixed(1000, first=1000))
    own_kafka.stop()
    segment = _segment(tmp_path)
    log = bytearray(segment.read_bytes())
    batches = _batches(bytes(log))
    # The middle one of the three: its base offset is 10, whatever else the partition got later.
    begin, end = next(place for place in batches if int.from_bytes(log[place[0] : place[0] + 8], "big") == 10)
    log[end - 5] ^= 0xFF
    segment.write_bytes(log)
    own_kafka.start(print)
    with Workers(settings, environment, tmp_path) as workers:
        worker = workers.start()
        workers.wait_progress(1030)
        assert worker.status is None
    assert begin < end
    ((topic, partition, offset, key, _, value, reason, detail, _),) = _letters(database)
    assert (topic, offset, key, value, reason) == (ONE_STOP, 10, None, None, "corrupt_batch")
    assert f"{ONE_STOP}-{partition}" == segment.parent.name
    assert "10 to 19" in detail
    with psycopg.connect(database) as connection:
        subjects = {subject for (subject,) in connection.execute("SELECT id FROM events WHERE id LIKE 'd-%'")}
    assert subjects == {f"d-{n}" for n in (*range(10), *range(20, 30))}
    assert_exact(database, 1020, 1)


@pytest.mark.slow
def test_topic_deleted_and_created_anew(
    installation: Settings, environment: Environment, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Its offsets begin at 0 again: they are other records, not duplicates."""
    # The session of the worker that ended itself, 30 s, must run out first: the watchdog has to be more patient.
    settings = installation.model_copy(update={"watchdog_seconds": 60})
    with Workers(settings, environment, tmp_path) as workers:
        workers.supervise()
        publish(installation.kafka, mixed(1000))
        workers.wait_progress(1000)
        admin = KafkaAdminClient(bootstrap_servers=installation.kafka)
        admin.delete_topics([ONE_STOP])
        workers.wait(lambda: ONE_STOP not in admin.list_topics(), "the topic is gone")
        admin.close()
        create_topics(installation.kafka, [event_topic("one-stop", catalogue.systems["one-stop"].partitions)])
        publish(installation.kafka, mixed(400, first=1000))
        workers.wait_progress(1400)
    assert_exact(installation.dsn, 1400)
    with psycopg.connect(installation.dsn) as connection:
        assert connection.execute("SELECT sum(duplicates)::int FROM partition_offsets").fetchone() == (0,)


@pytest.mark.slow
def test_a_log_that_is_not_the_one_that_was_read_is_set_aside_until_it_is_read_anew(
    own_kafka: Kafka, database: str, environment: Environment, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Kafka's data was lost or restored, and written on: no offset says what was counted; a person has to decide."""
    settings = _own(own_kafka, database, catalogue, tmp_path)
    left = {"dossier.received": 10, "signature.used": 100, "station.activated": 130}  # of 100: shorter, as long, longer
    with Workers(settings, environment, tmp_path) as workers:
        for name in left:
            publish(settings.kafka, _events(name, 0, 100))
        worker = workers.start()
        workers.wait_progress(300)
        worker.terminate()
        assert worker.ended(settings.stop_seconds + 5) == 0
        own_kafka.stop()
        for segment in (_segment(tmp_path, f"events.{SYSTEM_OF[name]}") for name in left):
            for file in segment.parent.glob("0*"):
                file.unlink()
        own_kafka.start(print)
        for name, number in left.items():
            publish(settings.kafka, _events(name, 100, number))
        worker = workers.start("another")
        publish(settings.kafka, _events("identity.authenticated", 0, 100))
        workers.wait_progress(400)  # all others are read on
        with commands_of(settings):
            listed = CliRunner().invoke(app, ["partitions", "--json"])
            assert listed.exit_code == 2
            aside = [row for row in orjson.loads(listed.stdout) if row["set_aside"]]
            assert {row["topic"]: (row["next_offset"], row["end_offset"]) for row in aside} == {
                f"events.{SYSTEM_OF[name]}": (100, number) for name, number in left.items()
            }
            shown = CliRunner().invoke(app, ["status"]).stdout
            for row in aside:
                place = f"{row['topic']}/{row['partition']}"
                assert f"{place} is not read" in shown.replace("\n", " ")
                assert CliRunner().invoke(app, ["reread", place]).exit_code == 0
        assert worker.status is None
        workers.wait(lambda: worker.log.count("is read again, from offset 0") == 3, "they are read again")
        workers.wait_progress(100 + sum(left.values()))
        with commands_of(settings):
            assert CliRunner().invoke(app, ["partitions"]).exit_code == 0
    assert_exact(database, 400 + sum(left.values()))


@pytest.mark.slow
def test_a_topic_that_is_missing_holds_up_no_other_and_is_read_once_it_is_there(
    installation: Settings, environment: Environment, catalogue: Catalogue, tmp_path: Path
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=installation.kafka)
    admin.delete_topics([ONE_STOP])
    assert wait_until(lambda: ONE_STOP not in admin.list_topics(), 20)
    admin.close()
    with Workers(installation, environment, tmp_path) as workers:
        workers.supervise()
        publish(installation.kafka, (record for record in mixed(200) if record[0] != ONE_STOP))
        workers.wait_progress(100)
        create_topics(installation.kafka, [event_topic("one-stop", catalogue.systems["one-stop"].partitions)])
        publish(installation.kafka, _dossiers(0, 50))
        workers.wait_progress(150)
    assert_exact(installation.dsn, 150)


@pytest.mark.slow
def test_what_kafka_deleted_unread_is_noted(installation: Settings, environment: Environment, tmp_path: Path) -> None:
    with Workers(installation, environment, tmp_path) as workers:
        publish(installation.kafka, _dossiers(0, 100))
        worker = workers.start()
        workers.wait_progress(100)
        worker.terminate()
        assert worker.ended(installation.stop_seconds + 5) == 0
        publish(installation.kafka, _dossiers(100, 100))
        with psycopg.connect(installation.dsn) as connection:
            row = connection.execute("SELECT partition FROM partition_offsets WHERE next_offset = 100").fetchone()
        assert row is not None
        admin = KafkaAdminClient(bootstrap_servers=installation.kafka)
        admin.delete_records({TopicPartition(ONE_STOP, row[0]): 130})
        admin.close()
        worker = workers.start(installation.group + "-2")
        workers.wait_progress(200)
        assert worker.status is None
    ((topic, partition, offset, *_, reason, detail, state),) = _letters(installation.dsn)
    assert (topic, partition, offset, reason, state) == (ONE_STOP, row[0], 100, "lost_to_retention", "open")
    assert "100 to 129" in detail
    assert_exact(installation.dsn, 170, 1)


@pytest.mark.slow
def test_what_kafka_deletes_under_a_running_worker_is_noted(
    installation: Settings, environment: Environment, tmp_path: Path
) -> None:
    settings = installation.model_copy(update={"watchdog_seconds": 60})  # longer than the session, as above
    with Workers(settings, environment, tmp_path) as workers:
        publish(installation.kafka, _dossiers(0, 100))
        worker = workers.supervise()
        workers.wait_progress(100)
        child = worker.child
        assert child is not None
        os.kill(child, signal.SIGSTOP)
        for n in range(100, 116):  # each a batch of its own, of which at most a few are on their way to the worker
            publish(installation.kafka, _dossiers(n, 1))
        with psycopg.connect(installation.dsn) as connection:
            row = connection.execute("SELECT partition FROM partition_offsets WHERE next_offset = 100").fetchone()
        assert row is not None
        admin = KafkaAdminClient(bootstrap_servers=installation.kafka)
        admin.delete_records({TopicPartition(ONE_STOP, row[0]): 110})
        admin.close()
        os.kill(child, signal.SIGCONT)
        workers.wait_progress(116)
    ((topic, partition, offset, *_, reason, detail, _state),) = _letters(installation.dsn)
    assert (topic, partition, reason) == (ONE_STOP, row[0], "lost_to_retention")
    assert f"{offset} to 109" in detail
    assert_exact(installation.dsn, offset + 6, 1)
