"""The role of those who only read: every query of every screen, and nothing else."""

from collections.abc import Iterator

import psycopg
import pytest

from core.readers import make_reader, reader_dsn
from core.settings import Settings
from dashboards.check import check
from dashboards.screens import screens
from schemas.catalogue.load import Catalogue

TABLES = (
    """SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"""
)


@pytest.fixture
def reader(database: str) -> Iterator[psycopg.Connection]:
    options = Settings(dsn=database)
    make_reader(options)
    make_reader(options)  # safe to run again
    with psycopg.connect(reader_dsn(options), autocommit=True) as connection:
        yield connection


def test_a_reader_may_ask_what_every_panel_of_every_screen_asks(
    reader: psycopg.Connection, catalogue: Catalogue
) -> None:
    asked = [one for language in ("vi", "en") for one in check(reader, list(screens(catalogue, language).values()))]
    assert len(asked) > 300
    assert [one for one in asked if one.error] == []


def test_a_reader_sees_no_table_and_changes_nothing(reader: psycopg.Connection, connection: psycopg.Connection) -> None:
    tables = [name for (name,) in connection.execute(TABLES).fetchall()]
    assert len(tables) > 10
    for table in tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"SELECT FROM {table} LIMIT 1".encode())
    reader.execute("SET default_transaction_read_only = off")  # it may say so itself: the rights are what holds
    for statement in (
        "CREATE TABLE mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "UPDATE screens.cases SET agency = 'x'",
        "DELETE FROM indicators.targets",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE opscentre",
    ):
        with pytest.raises(psycopg.Error, match=r"permission denied|cannot (update|delete)|must be"):
            reader.execute(statement.encode())


def test_the_password_follows_from_the_owners_and_does_not_tell_it(database: str) -> None:
    one, other = (reader_dsn(Settings(dsn=f"host=h user=u password={word}")) for word in ("first", "second"))
    assert one != other
    assert "first" not in one
    assert reader_dsn(Settings(dsn=database, reader_dsn="host=mine")) == "host=mine"
