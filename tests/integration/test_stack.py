"""The local servers: they start, stop and come back with their data, and say what is wrong when they cannot."""

import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer

from core.errors import DevServiceError
from core.kafka import admin, create_topics
from core.settings import Settings
from opscentre.devservices import kafka as kafka_module
from opscentre.devservices import native as native_module
from opscentre.devservices import open_stack
from opscentre.devservices import timescaledb as timescaledb_module
from opscentre.devservices.install import run
from opscentre.devservices.kafka import VERSION, Kafka
from opscentre.devservices.native import NativeStack
from opscentre.devservices.ports import free_port, listens
from opscentre.devservices.process import Process, wait_until
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.topics import Topic, event_topic
from tests.conftest import CACHE

TOPIC: Topic = event_topic("stack-test", 1)


def _write(bootstrap: str, *values: bytes) -> None:
    create_topics(bootstrap, [TOPIC])
    producer = KafkaProducer(bootstrap_servers=bootstrap, max_request_size=4_000_000)
    for value in values:
        producer.send(TOPIC.name, value).get(30)
    producer.close()


def _read(bootstrap: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(TOPIC.name, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    values = [next(consumer).value for _ in range(count)]
    consumer.close()
    return values


@pytest.mark.slow
def test_kafka_keeps_its_data_through_a_stop_and_a_kill(own_kafka: Kafka) -> None:
    with admin(own_kafka.bootstrap) as client:
        cluster = client.describe_cluster()["cluster_id"]
    _write(own_kafka.bootstrap, b"first")
    own_kafka.stop()
    assert own_kafka.process.pid is None
    assert not listens(own_kafka.port)
    own_kafka.start(print)
    _write(own_kafka.bootstrap, b"second", b"x" * 2_000_000)
    own_kafka.kill()
    assert not listens(own_kafka.port)
    own_kafka.start(print)
    assert _read(own_kafka.bootstrap, 3) == [b"first", b"second", b"x" * 2_000_000]
    with admin(own_kafka.bootstrap) as client:
        assert client.describe_cluster()["cluster_id"] == cluster


def test_kafka_creates_no_topic_by_itself_and_stamps_records_itself(kafka: Kafka) -> None:
    _write(kafka.bootstrap, b"x")
    with admin(kafka.bootstrap) as client:
        client.delete_topics([TOPIC.name])
    config = (kafka.process.home / "server.properties").read_text()
    assert "auto.create.topics.enable=false" in config
    assert "log.message.timestamp.type=LogAppendTime" in config
    listeners = next(line for line in config.splitlines() if line.startswith("listeners="))
    assert listeners.count("127.0.0.1") == 2


def test_a_database_keeps_its_data_through_a_stop_and_a_kill(own_timescaledb: TimescaleDB) -> None:
    with psycopg.connect(own_timescaledb.dsn()) as connection:
        connection.execute("CREATE TABLE kept (value text)")
        connection.execute("INSERT INTO kept VALUES ('first')")
    own_timescaledb.stop()
    assert own_timescaledb.process.pid is None
    own_timescaledb.start(print)
    with psycopg.connect(own_timescaledb.dsn()) as connection:
        connection.execute("INSERT INTO kept VALUES ('second')")
    own_timescaledb.kill()
    own_timescaledb.start(print)
    with psycopg.connect(own_timescaledb.dsn()) as connection:
        assert connection.execute("SELECT array_agg(value) FROM kept").fetchone() == (["first", "second"],)


def test_a_database_killed_at_work_starts_again_at_once(own_timescaledb: TimescaleDB) -> None:
    """Its children outlive it for a moment, and hold what a new server needs."""
    with closing(psycopg.connect(own_timescaledb.dsn(), autocommit=True)) as busy:
        busy.execute("CREATE TABLE load AS SELECT n, repeat('x', 200) FROM generate_series(1, 1000) n")
        busy.pgconn.send_query(b"INSERT INTO load SELECT n, repeat('x', 200) FROM generate_series(1, 20000000) n")
        pid = own_timescaledb.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)  # by somebody else: not through our own `kill`
        assert wait_until(lambda: own_timescaledb.process.pid is None, 10)
        own_timescaledb.start(print)
    with psycopg.connect(own_timescaledb.dsn()) as connection:
        assert connection.execute("SELECT count(*) FROM load").fetchone() == (1000,)


def test_a_database_can_be_unavailable_for_a_test(own_timescaledb: TimescaleDB) -> None:
    with closing(psycopg.connect(own_timescaledb.dsn())) as connection:
        own_timescaledb.refuse_connections()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="not currently accepting"):
        psycopg.connect(own_timescaledb.dsn())
    own_timescaledb.accept_connections()
    psycopg.connect(own_timescaledb.dsn()).close()


def test_the_database_is_reached_by_its_password_on_this_machine_only(timescaledb: TimescaleDB) -> None:
    with psycopg.connect(timescaledb.dsn("postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(timescaledb.dsn("postgres"), password="wrong")


@pytest.fixture
def options(tmp_path: Path) -> Settings:
    dsn = f"host=127.0.0.1 port={free_port()} dbname=opscentre user=opscentre password=opscentre"
    return Settings(kafka=f"127.0.0.1:{free_port()}", dsn=dsn, data=tmp_path / "data", cache=CACHE)


@pytest.mark.slow
def test_up_and_down_and_up_again(
    options: Settings, kafka: Kafka, timescaledb: TimescaleDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the tests' own servers, whose fixtures have installed what is needed: nothing is installed here."""
    monkeypatch.setenv("STACK", "native")
    said: list[str] = []
    try:
        open_stack(options).up(said.append)
        assert open_stack(options).running() == {"kafka": True, "timescaledb": True}
        starting = len(said)
        open_stack(options).up(said.append)
        assert len(said) == starting, "nothing was left to do"
        open_stack(options).down(said.append)
        assert open_stack(options).running() == {"kafka": False, "timescaledb": False}
        open_stack(options).up(said.append)
        assert open_stack(options).running() == {"kafka": True, "timescaledb": True}
    finally:
        open_stack(options).down(said.append)
    assert {line.split()[0] for line in said} == {"starting", "stopping"}, said


def test_another_port_of_the_settings_is_taken_up(own_kafka: Kafka) -> None:
    _write(own_kafka.bootstrap, b"kept")
    own_kafka.stop()
    moved = Kafka(own_kafka.process.home, free_port(), CACHE)
    moved.start(print)
    assert _read(moved.bootstrap, 1) == [b"kept"]


def test_a_port_in_use_is_named_with_its_setting(options: Settings, kafka: Kafka, timescaledb: TimescaleDB) -> None:
    for change, setting in (
        ({"kafka": kafka.bootstrap}, "OPSCENTRE_KAFKA"),
        ({"dsn": timescaledb.dsn(), "kafka": "elsewhere.example:9092"}, "OPSCENTRE_DSN"),
    ):
        stack = NativeStack(options.model_copy(update=change))
        with pytest.raises(DevServiceError, match=rf"port \d+ on 127.0.0.1 is in use .* {setting}"):
            stack.up(print)
        assert not any(stack.running().values())


def test_servers_elsewhere_are_left_alone(options: Settings) -> None:
    said: list[str] = []
    elsewhere = NativeStack(options.model_copy(update={"kafka": "k.example:9092", "dsn": "host=d.example"}))
    elsewhere.up(said.append)
    elsewhere.down(said.append)
    assert elsewhere.running() == {}
    assert ["left alone" in line for line in said] == [True, True]
    assert not options.data.exists()


def test_a_login_that_the_own_database_does_not_know_is_refused_before_anything_starts(options: Settings) -> None:
    with pytest.raises(DevServiceError, match="user=opscentre password=opscentre"):
        NativeStack(options.model_copy(update={"dsn": "host=127.0.0.1 user=me password=secret"})).up(print)
    assert not options.data.exists()


def test_an_installation_that_failed_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text('#!/bin/sh\nmkdir libs; echo half > libs/half.jar; echo "no route to the registry"; exit 1\n')
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{maven.parent}:{os.environ['PATH']}")
    cache = tmp_path / "cache"
    broker = Kafka(tmp_path / "kafka", free_port(), cache)
    with pytest.raises(DevServiceError, match="no route to the registry"):
        broker.install(print)
    assert not (cache / f"kafka-{VERSION}").exists()
    maven.write_text("#!/bin/sh\nmkdir libs; echo whole > libs/whole.jar\n")
    broker.install(print)
    assert [jar.name for jar in (cache / f"kafka-{VERSION}").iterdir()] == ["whole.jar"]


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    broker = Kafka(tmp_path / "kafka", free_port(), tmp_path / "empty")
    with pytest.raises(DevServiceError, match=r"kafka\.tools\.StorageTool"):
        broker.start(print)
    assert broker.process.pid is None


def test_a_listener_of_somebody_else_is_no_server_of_ours(options: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        stack = NativeStack(options.model_copy(update={"kafka": f"127.0.0.1:{port}"}))
        assert stack.running() == {"kafka": False, "timescaledb": False}
        with pytest.raises(DevServiceError, match=f"port {port} .* OPSCENTRE_KAFKA"):
            stack.up(print)


@pytest.mark.slow
def test_a_server_that_took_the_port_a_moment_before_is_not_taken_for_ours(
    options: Settings, kafka: Kafka, timescaledb: TimescaleDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both start at the same time: the port was free when either looked."""
    for module in (kafka_module, timescaledb_module, native_module):
        monkeypatch.setattr(module, "free_or_fail", lambda *_: None)
    for change in (
        {"kafka": kafka.bootstrap, "dsn": "host=elsewhere.example"},
        {"kafka": "elsewhere.example:9092", "dsn": timescaledb.dsn()},
    ):
        stack = NativeStack(options.model_copy(update=change))
        with pytest.raises(DevServiceError, match=r"is in use by another program \(process \d+ in "):
            stack.up(print)
        assert not any(stack.running().values())


def test_nothing_is_started_where_one_of_the_ports_is_taken(options: Settings, timescaledb: TimescaleDB) -> None:
    stack = NativeStack(options.model_copy(update={"dsn": timescaledb.dsn()}))
    with pytest.raises(DevServiceError, match="OPSCENTRE_DSN to another port"):
        stack.up(print)
    assert stack.running() == {"kafka": False, "timescaledb": False}
    assert not options.data.exists()


def test_a_folder_that_cannot_be_written_to_is_named(options: Settings, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for change in ({"data": blocked / "data"}, {"cache": blocked / "cache"}):
        with pytest.raises(DevServiceError, match=r"file.*not a directory.*OPSCENTRE_DATA"):
            NativeStack(options.model_copy(update=change)).up(print)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    full = Process("full", tmp_path)
    full.start(["sh", "-c", "echo 'java.io.IOException: No space left on device'; exit 1"])
    with pytest.raises(DevServiceError, match="no space left on the disk"):
        full.require(lambda: False, 10)
    with pytest.raises(DevServiceError, match="no space left on the disk"):
        run(["sh", "-c", "echo 'tar: No space left on device'; exit 1"], print)
