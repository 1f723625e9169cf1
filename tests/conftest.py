"""Real servers for the tests: started once a session on free ports, stopped by their ids at the end."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from helpers import RULEBOOK
from hypothesis import settings

from opscentre.catalogue import open_catalogue
from opscentre.database import migrate
from opscentre.kafka import admin, create_topics, topics
from opscentre.settings import Settings
from opscentre.stack.kafka import VERSION as KAFKA_VERSION
from opscentre.stack.kafka import Kafka, free_port
from opscentre.stack.timescaledb import TimescaleDB
from schemas.catalogues import Catalogue
from streams.catalogues import apply_catalogue
from streams.writer import Writer
from tests.catalogues import Installation

os.environ["OPSCENTRE_TARGET_MONTHS"] = "0"  # a demonstration in this checkout may have set its own

CACHE = Path(os.environ.get("OPSCENTRE_CACHE", "~/.cache/opscentre")).expanduser()
ROOT = Path(__file__).parent.parent

settings.register_profile("shared", deadline=None)  # how long an example takes says more of the machine than of it
settings.load_profile("shared")

Part = TypeVar("Part", Kafka, TimescaleDB)


def pytest_report_header() -> list[str]:
    """Which servers the tests run on."""
    database = TimescaleDB(ROOT, 0, CACHE).version() or "installed when first needed"
    return [f"servers: Kafka {KAFKA_VERSION}, TimescaleDB {database} on PostgreSQL 17, from {CACHE}"]


@contextmanager
def _running(part: Part) -> Iterator[Part]:
    try:
        part.install(print)
        part.start(print)
        yield part
    finally:
        part.kill()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker for all tests; each test has topics of its own on it (see `cluster`)."""
    with _running(Kafka(tmp_path_factory.mktemp("kafka"), free_port(), CACHE)) as broker:
        yield broker


@pytest.fixture(scope="session")
def timescaledb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimescaleDB]:
    """A server for all tests; each test has a database of its own on it (see `database`)."""
    with _running(TimescaleDB(tmp_path_factory.mktemp("timescaledb"), free_port(), CACHE)) as server:
        yield server


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    """A broker of the test's own, to be stopped, killed and corrupted."""
    with _running(Kafka(tmp_path / "kafka", free_port(), CACHE)) as broker:
        yield broker


@pytest.fixture
def own_timescaledb(tmp_path: Path) -> Iterator[TimescaleDB]:
    """A database server of the test's own, with the schema in place."""
    with _running(TimescaleDB(tmp_path / "timescaledb", free_port(), CACHE)) as server:
        migrate(server.dsn())
        apply_catalogue(server.dsn(), open_catalogue(None))
        yield server


@pytest.fixture
def database(timescaledb: TimescaleDB) -> Iterator[str]:
    """DSN of a new, migrated database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        migrate(timescaledb.dsn(name))
        apply_catalogue(timescaledb.dsn(name), open_catalogue(None))
        yield timescaledb.dsn(name)
    # A connection of its own: the test may have ended every other, and taken its time.
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    """A connection to look into the database with."""
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def writer(database: str) -> Iterator[Writer]:
    """A writer that does not wait for a database that is away."""
    made = Writer(database, RULEBOOK, give_up=lambda: True)
    yield made
    made.close()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue that is shipped."""
    return open_catalogue(None)


@pytest.fixture
def broker(kafka: Kafka, catalogue: Catalogue) -> Iterator[str]:
    """Bootstrap address of the shared broker, its topics empty: they are created anew for every test."""
    names = [topic.name for topic in topics(catalogue)]
    create_topics(kafka.bootstrap, topics(catalogue))
    yield kafka.bootstrap
    with admin(kafka.bootstrap) as client:
        client.delete_topics(names)


@pytest.fixture
def installation(broker: str, database: str, tmp_path: Path) -> Settings:
    """Settings of an installation of the test's own, on the shared servers."""
    return Settings(
        kafka=broker,
        dsn=database,
        group=f"test-{uuid.uuid4().hex[:8]}",
        data=tmp_path / "data",
        cache=CACHE,
        watchdog_seconds=60,
        stop_seconds=10,
    )


@pytest.fixture
def installed(database: str, connection: psycopg.Connection, tmp_path: Path) -> Installation:
    """An installation whose catalogue has no days off, and five working days for a dossier."""
    return Installation(database, tmp_path / "catalogue", connection)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; a user's machine may lack it, CI may not."""
    folder = Path(os.environ.get("OPSCENTRE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.exists():
        message = f"no data in {folder}: set OPSCENTRE_TEST_DATA to the folder with permit_receipts.csv"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture
def environment() -> Callable[[Settings], dict[str, str]]:
    """The environment that gives a process these settings."""

    def of(settings: Settings) -> dict[str, str]:
        return {**os.environ, **settings.environment()}

    return of
