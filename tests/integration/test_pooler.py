"""A pooler by transaction is refused as soon as a process begins; one by session works."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import sleep

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.database import connect, share_a_session
from core.errors import ConfigurationError, UnavailableError
from opscentre.devservices.ports import free_port

Behind = Callable[[str, str], AbstractContextManager[str]]
PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")


def limits(connection: psycopg.Connection) -> list[str]:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    return [str(row[0]) for name in names for row in connection.execute(f"SHOW {name}".encode())]


def test_connections_of_their_own_share_no_session_and_have_the_limits(database: str) -> None:
    with connect(database, "one") as one, connect(database, "other") as other:
        one.autocommit = True
        assert not share_a_session(one, other)
        assert limits(one) == ["25s", "20s", "1min"]
        assert not other.autocommit


def test_one_session_for_two_is_known_for_what_it_is(connection: psycopg.Connection) -> None:
    assert share_a_session(connection, connection)


@contextmanager
def pooler(folder: Path, database: str, mode: str, ignore: str) -> Iterator[str]:
    """DSN through a real PgBouncer."""
    parts, port = conninfo_to_dict(database), free_port()
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "users.txt").write_text(f'"{parts["user"]}" "{parts["password"]}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={parts['host']} port={parts['port']} password={parts['password']}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\nauth_file = {folder}/users.txt\n"
        f"pool_mode = {mode}\nunix_socket_dir =\nignore_startup_parameters = extra_float_digits{ignore}\n"
    )
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
    process = subprocess.Popen([str(PGBOUNCER), "-q", *user, str(folder / "pgbouncer.ini")])
    try:
        yield make_conninfo(database, port=port)
    finally:
        process.kill()
        process.wait()


def opened(dsn: str) -> psycopg.Connection:
    for _ in range(100):
        try:
            return connect(dsn, "test")
        except UnavailableError:
            sleep(0.05)
    raise AssertionError("the pooler does not answer")


@pytest.fixture
def behind(tmp_path: Path, database: str) -> Behind:
    if PGBOUNCER is None:
        pytest.skip("no pgbouncer here")
    return lambda mode, ignore: pooler(tmp_path / "pooler", database, mode, ignore)


@pytest.mark.parametrize(("mode", "ignore"), [("transaction", ",options"), ("session", ""), ("transaction", "")])
def test_a_pooler_that_keeps_no_session_is_refused_with_what_to_do(behind: Behind, mode: str, ignore: str) -> None:
    with behind(mode, ignore) as dsn, pytest.raises(ConfigurationError, match="pool_mode = session, ignore_startup"):
        opened(dsn)


def test_a_pooler_by_session_works_with_the_limits(behind: Behind) -> None:
    with behind("session", ",options") as dsn, opened(dsn) as connection:
        assert limits(connection) == ["25s", "20s", "1min"]
