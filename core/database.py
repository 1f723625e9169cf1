"""Connections to TimescaleDB, and its migrations."""

import re
import time
from collections.abc import Callable, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, LiteralString, TypeVar
from uuid import uuid4

import psycopg
from psycopg.rows import scalar_row

from core.archive_texts import compose_archive
from core.errors import ConfigurationError, UnavailableError, first_line
from core.progress import ProgressCallback

Result = TypeVar("Result")

_LIMITS = {
    # Under half of the broker's patience with a worker that is being revoked (60 s).
    "statement_timeout": "25s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
}
_MARK = "opscentre.session"
_READ_MARK: LiteralString = "SELECT current_setting('opscentre.session', true)"
_POOLER = (
    "OPSCENTRE_DSN leads to a connection pooler that does not keep a session for us: give the server's own address, or "
    "a pooler's in session mode (of PgBouncer: pool_mode = session, ignore_startup_parameters = options); "
    "see docs/runbooks/connection-pooler.md"
)

_BESIDE = {"012_composed.sql": compose_archive}
"""Migration → what no SQL can do of it, in the same transaction."""
_MIGRATION_LOCK = 0x0C5  # any number, the same for every `migrate`


def connect(dsn: str, application: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection with the limits that keep a lost server or a stuck statement from holding anybody up.

    Raises:
        ConfigurationError: this is no DSN, or it leads to a pooler that does not keep a session for us.
        UnavailableError: the server does not answer or refuses the connection.
    """
    try:
        connection = psycopg.connect(
            dsn,
            autocommit=True,
            application_name=application,
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            options=" ".join(f"-c {name}={value}" for name, value in _LIMITS.items()) + f" -c {_MARK}=direct",
        )
    except psycopg.OperationalError as error:
        if "unsupported startup parameter" in str(error):
            raise ConfigurationError(f"{first_line(error)}\n{_POOLER}") from error
        raise UnavailableError(
            f"the database does not answer: {without_secrets(error, dsn)}\n"
            "Start it with `opscentre up`, or set OPSCENTRE_DSN to where it is."
        ) from error
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            f"OPSCENTRE_DSN cannot be read: {without_secrets(error, dsn)}; it is written as "
            "postgresql://user:password@host:5432/opscentre, with %40 for @ and %2F for / within the password"
        ) from error
    try:
        if scalar(connection, _READ_MARK) != "direct":
            _settle_with_pooler(connection, dsn)
        connection.autocommit = autocommit
    except BaseException as error:
        connection.close()
        if isinstance(error, psycopg.OperationalError):
            raise UnavailableError(f"the database does not answer: {str(error).strip()}") from error
        raise
    return connection


def without_secrets(error: psycopg.Error, dsn: str) -> str:
    """What libpq says of a connection string, without what may be part of a mistyped password.

    A string that cannot be read is cut where nobody meant it: nothing of it is repeated. Of one that could be read,
    what stands where a URL has its password is not.
    """
    _, _, rest = dsn.partition("://")
    after_user = rest.partition(":")[2]
    secret = after_user.rpartition("@")[0] or after_user
    unread = isinstance(error, psycopg.ProgrammingError)

    def hide(quoted: re.Match[str]) -> str:
        mark, text = quoted[1], quoted[2]
        return f"{mark}…{mark}" if (unread and text != "=") or "@" in text or text in secret else quoted[0]

    return re.sub(r"""(["'])([^"']+)\1""", hide, str(error).strip())


def _settle_with_pooler(connection: psycopg.Connection, dsn: str) -> None:
    """What was asked for at the start has not arrived: a pooler is in between. Ask again, if the session is ours.

    Raises:
        ConfigurationError: it is not.
    """
    with psycopg.connect(dsn, connect_timeout=5) as other:
        if share_a_session(connection, other):
            raise ConfigurationError(_POOLER)
    for name, value in _LIMITS.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def share_a_session(connection: psycopg.Connection, other: psycopg.Connection) -> bool:
    """Whether two connections meet in one session of the server, as they do behind a pooler by transaction.

    Args:
        connection: outside of a transaction.
        other: another one to the same address; a transaction is under way on it afterwards.
    """
    mark = uuid4().hex
    scalar(connection, "SELECT set_config(%s, %s, false)", (_MARK, mark))
    # A transaction that is open takes the session that was used last, if it is to be had; then the mark is gone here.
    return bool(scalar(other, _READ_MARK) == mark or scalar(connection, _READ_MARK) != mark)


def scalar(connection: psycopg.Connection, query: LiteralString, values: Sequence[object] = ()) -> Any:
    """The value of a query that has one row of one column, as an aggregate always does."""
    return connection.cursor(row_factory=scalar_row).execute(query, values).fetchone()


def at_one_moment(connection: psycopg.Connection) -> None:
    """All that is read until the next commit is of one moment, however long that takes."""
    connection.commit()
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.execute("SET LOCAL statement_timeout = 0")


def with_short_waits(connection: psycopg.Connection, work: Callable[[], Result], say: ProgressCallback) -> Result:
    """Do something in one transaction whose locks others wait for, without making them wait for long.

    Whoever waits for a lock holds up all that come after: so it waits for two seconds at most, gives back what it has,
    and tries again, until whoever is in the way (a dump, a long query) is done.
    """
    while True:
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '2s'")
                return work()
        except psycopg.errors.LockNotAvailable as error:
            say(f"waiting for somebody who reads what is to be changed (a dump, a long query): {first_line(error)}")
            time.sleep(3)


def migrate(dsn: str, say: ProgressCallback = lambda line: None) -> list[str]:
    """Bring the database's schema up to date; return the names of the migrations applied, none if it was.

    Safe to run again, and by several at once: each migration is applied once, in one transaction.

    Raises:
        ConfigurationError: as for `connect`.
        UnavailableError: likewise.
    """
    applied = []
    with connect(dsn, "opscentre migrate", autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        done = {name for (name,) in connection.execute("SELECT name FROM migrations")}
        folder = resources.files("schemas") / "sql"
        for script in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if not script.name.endswith(".sql") or script.name in done:
                continue
            say(f"applying migration {script.name}")

            def apply(script: Traversable = script) -> None:
                connection.execute(script.read_bytes())
                if script.name in _BESIDE:
                    _BESIDE[script.name](connection)
                connection.execute("INSERT INTO migrations (name) VALUES (%s)", (script.name,))

            with_short_waits(connection, apply, say)
            applied.append(script.name)
    return applied
