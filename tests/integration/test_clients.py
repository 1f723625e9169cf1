"""Other people's clients: whichever library, content mode, codec and transaction they publish with."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer
from kafka import KafkaProducer

from core.settings import Settings
from opscentre.reports.status import lag
from schemas.catalogue.load import Catalogue
from tests.helpers import Json, cloud_event, letters
from tests.workers import Workers, assert_exact

Environment = Callable[[Settings], dict[str, str]]
Convert = Callable[..., KafkaMessage]

MODES: Mapping[str, Convert] = {"structured": to_structured, "binary": to_binary}
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TOPIC = "events.one-stop"
SUBJECT = "hồ sơ-1"


def _sdk(event: Json, convert: Convert) -> KafkaMessage:
    """An event as the CloudEvents SDK puts it into a record."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    attributes["time"] = datetime.fromisoformat(event["time"])
    attributes.setdefault("datacontenttype", "application/json")
    return convert(CloudEvent(attributes, event["data"]), JSONFormat(), lambda e: e.get_subject())


def _event(id_: str, name: str = "dossier.received", **more: Any) -> Json:
    return cloud_event(name, subject=f"{SUBJECT}-{id_}", id=id_, **more)


def _confluent(bootstrap: str, codec: str, messages: list[KafkaMessage]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 50})
    failed: list[object] = []
    for message in messages:
        producer.produce(
            TOPIC,
            message.value,
            message.key,
            headers=dict(message.headers),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    assert producer.flush(30) == 0
    assert failed == []


def _kafka_python(bootstrap: str, codec: str, messages: list[KafkaMessage]) -> None:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec, linger_ms=50
    )
    futures = [
        producer.send(TOPIC, value=m.value, key=str(m.key).encode(), headers=list(m.headers.items())) for m in messages
    ]
    for future in futures:
        future.get(timeout=30)
    producer.close()


def _archived(dsn: str) -> list[tuple[str, str, Json]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT id, subject, data FROM events").fetchall()
    return sorted((id_, subject, json.loads(data)) for id_, subject, data in rows)


def test_every_client_mode_and_codec(installation: Settings, environment: Environment, tmp_path: Path) -> None:
    clients = {"confluent": _confluent, "kafka-python": _kafka_python}
    events: list[Json] = []
    with Workers(installation, environment, tmp_path) as workers:
        workers.start()
        for client, send in clients.items():
            for codec in CODECS:
                messages = []
                for mode, convert in MODES.items():
                    # Enough of them, and alike enough, that the codec does compress: a batch that grows stays plain.
                    made = [_event(f"{client}/{codec}/{mode}/{n:02}") for n in range(20)]
                    messages += [_sdk(event, convert) for event in made]
                    events += made
                send(installation.kafka, codec, messages)
        workers.wait_progress(len(events))
    assert_exact(installation.dsn, len(events))
    assert _archived(installation.dsn) == sorted((e["id"], e["subject"], e["data"]) for e in events)


def test_the_same_event_in_both_modes_is_one(installation: Settings, environment: Environment, tmp_path: Path) -> None:
    event = _event("1")
    with Workers(installation, environment, tmp_path) as workers:
        workers.start()
        _confluent(installation.kafka, "lz4", [_sdk(event, convert) for convert in (to_structured, to_binary)])
        _kafka_python(installation.kafka, "zstd", [_sdk(event, convert) for convert in (to_binary, to_structured)])
        workers.wait_progress(4)
    assert_exact(installation.dsn, 1)


def test_extensions(installation: Settings, environment: Environment, tmp_path: Path) -> None:
    """`revision` and `retracted`, as headers of text and as JSON's own types.

    In binary mode the SDK writes Python's "True", where CloudEvents' own text is "true": both must do.
    """
    messages = []
    for mode, convert in MODES.items():
        messages += [
            _sdk(_event(f"{mode}/corrected"), convert),
            _sdk(_event(f"{mode}/corrected", revision=2, channel="post"), convert),
            _sdk(_event(f"{mode}/corrected", revision=1, channel="email"), convert),  # late: the higher one stands
            _sdk(_event(f"{mode}/gone"), convert),
            _sdk(_event(f"{mode}/gone", revision=1, retracted=True), convert),
            _sdk(_event(f"{mode}/left alone"), convert),
        ]
    with Workers(installation, environment, tmp_path) as workers:
        workers.start()
        _confluent(installation.kafka, "snappy", messages)
        workers.wait_progress(len(messages))
    assert_exact(installation.dsn, len(messages))
    with psycopg.connect(installation.dsn) as connection:
        assert letters(connection) == []
        opened = connection.execute(
            "SELECT dimensions, sum(value)::int FROM counters_day WHERE measure = 'dossier.opened' "
            "GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [row for row in opened if row[1]] == [("online -", 2), ("post -", 2)]


@pytest.mark.slow
def test_transactions(installation: Settings, environment: Environment, catalogue: Catalogue, tmp_path: Path) -> None:
    """What a client aborts never happened; offsets that hold no events are no lag, and no reason to restart."""
    settings = installation.model_copy(update={"watchdog_seconds": 10})
    names = [system.topic for system in catalogue.systems.values()]
    producer = Producer({"bootstrap.servers": settings.kafka, "transactional.id": "agency", "linger.ms": 5})
    producer.init_transactions(30)

    def nothing_waits() -> bool:
        with psycopg.connect(settings.dsn) as connection:
            return lag(connection, settings.kafka, names) == 0

    with Workers(settings, environment, tmp_path) as workers:
        worker = workers.start()
        for number, commit in enumerate((True, False, False, True, False)):
            producer.begin_transaction()
            for n in range(50):
                message = _sdk(_event(f"{number}/{n}"), to_structured)
                producer.produce(TOPIC, message.value, message.key, headers=dict(message.headers))
            producer.flush(30)
            if commit:
                producer.commit_transaction(30)
            else:
                producer.abort_transaction(30)
            workers.wait(nothing_waits, f"all of transaction {number} is behind us", 30, 0.5)
        assert workers.progress() > 250  # Kafka's own marks take offsets, too
        assert worker.status is None
    assert_exact(settings.dsn, 100)
    assert {id_[0] for id_, _, _ in _archived(settings.dsn)} == {"0", "3"}
