"""Real servers for the tests: started once by each of pytest's processes on free ports, stopped by their ids."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings

from core.database import migrate
from core.kafka import admin, create_topics, topics
from core.settings import Settings, settings
from opscentre.devservices.kafka import SHORT_LIVED, Kafka
from opscentre.devservices.kafka import VERSION as KAFKA_VERSION
from opscentre.devservices.ports import free_port
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.catalogue.load import Catalogue, load_catalogue
from streams.recount.rebuild import apply_catalogue
from streams.write.writer import Writer
from tests.catalogues import Installation
from tests.helpers import RULEBOOK

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what one process of the tests has compiled the next need not
os.environ["OPSCENTRE_TARGET_MONTHS"] = "0"  # a demonstration in this checkout may have set its own

CACHE = Path(os.environ.get("OPSCENTRE_CACHE", "~/.cache/opscentre")).expanduser()
ROOT = Path(__file__).parent.parent

hypothesis_settings.register_profile(
    "shared", deadline=None
)  # how long an example takes says more of the machine than of it
hypothesis_settings.load_profile("shared")

Part = TypeVar("Part", Kafka, TimescaleDB)


def pytest_report_header() -> list[str]:
    """Which servers the tests run on."""
    database = TimescaleDB(ROOT, 0, CACHE).version() or "installed when first needed"
    return [f"servers: Kafka {KAFKA_VERSION}, TimescaleDB {database} on PostgreSQL 17, from {CACHE}"]


SERVERS = frozenset({"kafka", "timescaledb", "own_kafka", "own_timescaledb"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers, by the fixtures that it asks for; begin with the files that take longest.

    A process takes a file at a time, so that what a file sets up for all of its tests is set up once.
    """
    for item in items:
        if SERVERS.intersection(getattr(item, "fixturenames", ())) or "integration" in item.path.parts:
            item.add_marker("servers")
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[item.path], item.get_closest_marker("servers") is None))


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
    with _running(Kafka(tmp_path_factory.mktemp("kafka"), free_port(), CACHE, jvm=SHORT_LIVED)) as broker:
        yield broker


_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "timescaledb.max_background_workers": "0",
    "shared_buffers": "128MB",
}
"""It need not survive the machine, so it keeps little for that; and no database of a test lives to be tidied."""


@pytest.fixture(scope="session")
def timescaledb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimescaleDB]:
    """A server for all tests; each test has a database of its own on it (see `database`).

    What is killed is a server of the test's own.
    """
    home = tmp_path_factory.mktemp("timescaledb")
    with _running(TimescaleDB(home, free_port(), CACHE, _FORGETFUL)) as server:
        yield server


@pytest.fixture(scope="session")
def template(timescaledb: TimescaleDB) -> str:
    """Name of a database that is migrated, with the shipped catalogue in force: `copied` copies it, nobody enters."""
    name = "migrated"
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(timescaledb.dsn(name))
    apply_catalogue(timescaledb.dsn(name), load_catalogue())
    timescaledb.refuse_connections(name)  # TimescaleDB's own scheduler would hold it open
    return name


@contextmanager
def copied(server: TimescaleDB, template: str) -> Iterator[str]:
    """DSN of a new database, a copy of the template, dropped in the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    yield server.dsn(name)
    # A connection of its own: the test may have ended every other, and taken its time.
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    """A broker of the test's own, to be stopped, killed and corrupted."""
    with _running(Kafka(tmp_path / "kafka", free_port(), CACHE, jvm=SHORT_LIVED)) as broker:
        yield broker


@pytest.fixture
def own_timescaledb(tmp_path: Path) -> Iterator[TimescaleDB]:
    """A database server of the test's own, with the schema in place."""
    with _running(TimescaleDB(tmp_path / "timescaledb", free_port(), CACHE)) as server:
        migrate(server.dsn())
        apply_catalogue(server.dsn(), load_catalogue())
        yield server


@contextmanager
def earlier(server: TimescaleDB, migrations: int) -> Iterator[str]:
    """DSN of a new database of an earlier version: with the first so many migrations only; dropped in the end."""
    with copied(server, "template0") as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION timescaledb")
            connection.execute("CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())")
            scripts = sorted((resources.files("schemas") / "sql").iterdir(), key=lambda path: path.name)
            for script in scripts[:migrations]:
                connection.execute(script.read_bytes())
                connection.execute("INSERT INTO migrations (name) VALUES (%s)", (script.name,))
        yield dsn


@pytest.fixture
def database(timescaledb: TimescaleDB, template: str) -> Iterator[str]:
    """DSN of a new, migrated database."""
    with copied(timescaledb, template) as dsn:
        yield dsn


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
    return load_catalogue()


@contextmanager
def empty_topics(kafka: Kafka, catalogue: Catalogue) -> Iterator[str]:
    """Bootstrap address of the broker, its topics created anew, and deleted in the end."""
    create_topics(kafka.bootstrap, topics(catalogue))
    yield kafka.bootstrap
    with admin(kafka.bootstrap) as client:
        client.delete_topics([topic.name for topic in topics(catalogue)])


@pytest.fixture
def broker(kafka: Kafka, catalogue: Catalogue) -> Iterator[str]:
    """Bootstrap address of the shared broker, its topics empty."""
    with empty_topics(kafka, catalogue) as bootstrap:
        yield bootstrap


def installation_of(bootstrap: str, dsn: str, folder: Path) -> Settings:
    """Settings of an installation on these servers, its files in this folder."""
    return Settings(
        kafka=bootstrap,
        dsn=dsn,
        group=f"test-{uuid.uuid4().hex[:8]}",
        data=folder / "data",
        cache=CACHE,
        watchdog_seconds=60,
        stop_seconds=10,
    )


@pytest.fixture
def installation(broker: str, database: str, tmp_path: Path) -> Settings:
    """Settings of an installation of the test's own, on the shared servers."""
    return installation_of(broker, database, tmp_path)


@contextmanager
def commands_of(options: Settings) -> Iterator[Settings]:
    """Within it, commands that are run in this process find these settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in options.environment().items():
            patch.setenv(name, value)
        settings.cache_clear()
        try:
            yield options
        finally:
            settings.cache_clear()  # also where the test fails: the next one is not to find its settings


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


@pytest.fixture(scope="session")
def environment() -> Callable[[Settings], dict[str, str]]:
    """The environment that gives a process these settings."""

    def of(settings: Settings) -> dict[str, str]:
        return {**os.environ, **settings.environment()}

    return of
