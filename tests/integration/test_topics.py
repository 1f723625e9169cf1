"""Topics that somebody else has made: corrected where that can be, and said where not."""

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer

from core.errors import ConfigurationError
from core.kafka import admin, end_offsets
from core.topics import topic_differences, update_topics
from opscentre.devservices.kafka import Kafka
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.catalogue.load import TEMPLATE
from schemas.topics import Topic, event_topic


@pytest.fixture
def wanted() -> Topic:
    return event_topic(f"topics-{uuid.uuid4().hex[:8]}", 2)


def make(client: KafkaAdminClient, topic: Topic, partitions: int, **settings: str) -> None:
    configs = {name.replace("_", "."): value for name, value in settings.items()}
    options = {"num_partitions": partitions, "configs": configs}
    client.create_topics({topic.name: options}, wait_for_metadata=True)


def test_what_is_missing_is_made_and_nothing_is_left_to_tell(kafka: Kafka, wanted: Topic) -> None:
    assert topic_differences(kafka.bootstrap, [wanted]) == []
    assert update_topics(kafka.bootstrap, [wanted]) == []
    assert topic_differences(kafka.bootstrap, [wanted]) == []


def test_settings_and_partitions_are_corrected_and_said(kafka: Kafka, wanted: Topic) -> None:
    said: list[str] = []
    with admin(kafka.bootstrap) as client:
        make(client, wanted, 1, message_timestamp_type="CreateTime", retention_ms="60000", retention_bytes="1000")
    assert {one.setting for one in topic_differences(kafka.bootstrap, [wanted])} == {
        "partitions",
        "message.timestamp.type",
        "retention.ms",
        "retention.bytes",
    }
    assert update_topics(kafka.bootstrap, [wanted], said.append) == []
    assert len(said) == 4
    assert topic_differences(kafka.bootstrap, [wanted]) == []
    with admin(kafka.bootstrap) as client:
        assert sorted(end_offsets(client, [wanted.name])[wanted.name].ends) == [0, 1]


def test_fewer_partitions_than_there_are_are_refused_before_anything_is_changed(kafka: Kafka, wanted: Topic) -> None:
    with admin(kafka.bootstrap) as client:
        make(client, wanted, 3, message_timestamp_type="CreateTime")
    with pytest.raises(ConfigurationError, match="partitions is 3, wanted is 2: Kafka takes none away"):
        update_topics(kafka.bootstrap, [wanted])
    assert "message.timestamp.type" in {one.setting for one in topic_differences(kafka.bootstrap, [wanted])}


def test_a_compacted_topic_is_corrected_and_what_it_may_have_lost_is_said(kafka: Kafka, wanted: Topic) -> None:
    with admin(kafka.bootstrap) as client:
        make(client, wanted, 2, cleanup_policy="compact")
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    producer.send(wanted.name, b"value", b"key").get(30)
    producer.close()
    [lost] = update_topics(kafka.bootstrap, [wanted])
    assert "all but the latest may be gone" in lost.why
    assert topic_differences(kafka.bootstrap, [wanted]) == []


@pytest.mark.slow
def test_migrate_makes_them_and_refuses_another_province_without_a_word(
    own_kafka: Kafka, timescaledb: TimescaleDB, tmp_path: Path
) -> None:
    template = tmp_path / "catalogue"
    shutil.copytree(TEMPLATE, template)
    name = f"migrate_{uuid.uuid4().hex[:8]}"

    def opscentre(*argv: str, catalogue: str = "") -> tuple[int, str]:
        settings = {
            "OPSCENTRE_DSN": timescaledb.dsn(name),
            "OPSCENTRE_KAFKA": own_kafka.bootstrap,
            "OPSCENTRE_CATALOGUE": catalogue,
        }
        command = [sys.executable, "-m", "opscentre", *argv]
        done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, check=False, timeout=120)
        return done.returncode, " ".join(done.stderr.decode().split())

    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            assert opscentre("migrate")[0] == 0
            assert opscentre("check")[0] == 0
            status, said = opscentre("migrate", catalogue=str(template))
            assert status == 1
            assert "the installation of the province H06, and the catalogue is of H99" in said
            status, said = opscentre("migrate", "--catalogue-changed", catalogue=str(template))
            assert status == 1
            assert "Kafka takes none away" in said  # the consent is taken, and the topics of H06 stay as they are
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
