"""What the command line says where the database is not what it should be: a sentence and what to do, no traceback."""

import os
import subprocess
import sys
import uuid

import psycopg
import pytest

from opscentre.devservices.timescaledb import TimescaleDB


def opscentre(dsn: str, *argv: str) -> tuple[int, str]:
    environment = {**os.environ, "OPSCENTRE_DSN": dsn}
    done = subprocess.run(
        [sys.executable, "-m", "opscentre", *argv], env=environment, capture_output=True, check=False, timeout=60
    )
    return done.returncode, done.stderr.decode()


def test_a_dsn_that_is_none_is_named() -> None:
    status, said = opscentre("postgres/opscentre", "alerts")
    assert status == 1
    assert said.startswith("opscentre: OPSCENTRE_DSN cannot be read: ")


@pytest.mark.parametrize("command", ["alerts", "indicators", "status --as-of 2025-01-01", "dead-letters list"])
def test_a_database_without_tables_is_to_be_migrated(timescaledb: TimescaleDB, command: str) -> None:
    name = f"empty_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        status, said = opscentre(timescaledb.dsn(name), *command.split())
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    assert status == 1
    assert said.startswith("opscentre: the database is not at this version")
    assert "run `opscentre migrate`" in said.replace("\n", " ")
