"""The schema of indicators as it is made from a catalogue: whatever that says, for whoever may read it."""

from datetime import date

import psycopg
import pytest
from psycopg import sql

from core.database import migrate
from core.readers import make_reader, reader_dsn
from core.settings import Settings
from opscentre.devservices.timescaledb import TimescaleDB
from streams.write.writer import Writer
from tests.conftest import earlier
from tests.indicators import PROVINCE, A, Committer, count, indicator, make, received, term, values, whole

RECEIVED = indicator("received", count("dossier.opened"))


@pytest.fixture
def log(writer: Writer) -> Committer:
    """Commits events."""
    return Committer(writer)


HOSTILE = "'; DROP TABLE cases; -- \\' \" $$ $1 %s {0} E'\\\\"


def test_whatever_a_catalogue_says_stays_text(connection: psycopg.Connection, log: Committer) -> None:
    log(received("1", "2025-03-20T08:00:00"))
    name = {"vi": HOSTILE, "en": HOSTILE}
    target = [{"due": date(2025, 3, 31), "at_least": 1.0}]
    made = [
        indicator('a"b', count("dossier.opened", channel=[HOSTILE, "online"])),
        indicator("c", {"kind": "milestone", "task": HOSTILE}, HOSTILE),
        indicator("d", {"kind": "reading", "reading": HOSTILE, "rollup": "none"}, HOSTILE, target=target),
        indicator("e", {"kind": "distinct", "register_name": HOSTILE, "did": [term(HOSTILE)]}, HOSTILE),
    ]
    described = [
        type(one)(one.id, one.file.model_copy(update={"name": type(one.file.name)(**name), "target": one.file.target}))
        for one in made
    ]
    make(connection, *described)
    assert whole(values(connection, 'a"b', "2025-03-01", "2025-03-31")) == {A: 1, PROVINCE: 1}
    for one in made:
        connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier("indicators", one.id)))
    assert connection.execute("SELECT DISTINCT name_vi FROM indicators.catalogue").fetchall() == [(HOSTILE,)]
    assert connection.execute("SELECT system, status FROM indicators.indicator_status").fetchall() == [
        (HOSTILE, "no_data")
    ]


def test_views_are_made_anew_only_where_the_catalogue_says_something_else(connection: psycopg.Connection) -> None:
    oid = "SELECT 'indicators.received'::regclass::oid"
    make(connection, RECEIVED, indicator("other", count("dossier.late")))
    before = connection.execute(oid).fetchone()
    make(connection, RECEIVED, indicator("other", count("dossier.late")))
    assert connection.execute(oid).fetchone() == before
    make(connection, RECEIVED)
    assert connection.execute(oid).fetchone() != before
    assert connection.execute("SELECT to_regclass('indicators.other')").fetchone() == (None,)


def test_a_reader_reads_the_views_also_once_they_are_made_anew(
    connection: psycopg.Connection, database: str, log: Committer
) -> None:
    log(received("1", "2025-03-20T08:00:00"))
    options = Settings(dsn=database)
    make_reader(options)
    make(connection, RECEIVED, indicator("open", {"kind": "stock", "of": [term("dossier.open")]}))
    with psycopg.connect(reader_dsn(options), autocommit=True) as own:
        assert whole(values(own, "received", "2025-03-01", "2025-03-31")) == {A: 1, PROVINCE: 1}
        for name in ("received", "open", "indicator_status", "targets"):
            own.execute(f"SELECT * FROM indicators.{name}".encode())


def test_a_database_from_before_has_its_months_after_the_migration(timescaledb: TimescaleDB) -> None:
    with earlier(timescaledb, 3) as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO counters_day VALUES ('s', 'm', 'a', 'l', '2025-03-01', 1, 2), "
            "('s', 'm', 'a', 'l', '2025-03-31', 1, 3), "
            "('s', 'm', 'a', 'l', '2025-04-01', 1, 5), ('s', 'm', 'a', 'l', '2025-04-01', 2, 7)"
        )
        assert migrate(dsn)[0] == "004_indicators.sql"
        found = connection.execute("SELECT bucket::text, shard, value FROM counters_month ORDER BY 1, 2").fetchall()
        assert found == [("2025-03-01", 1, 5), ("2025-04-01", 1, 5), ("2025-04-01", 2, 7)]
