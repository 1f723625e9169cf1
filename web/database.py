"""The pages' door to the database: a few connections that can only read, and only what the screens' queries ask.

On the event loop rather than on threads: what waits here are pages, and one that waits for the database must cost a
coroutine only. A panel is one statement, so what it shows is of one moment.
"""

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from core.database import without_secrets
from core.errors import ConfigurationError, UnavailableError, first_line

MOST_ROWS = 10_000
"""Of one answer; what is more is left out, and said."""
CONNECTIONS = 4
_WAIT_SECONDS = 5.0
_LIMITS = {
    "statement_timeout": "10s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "15s",
    "default_transaction_read_only": "on",
}

CHANGES = """SELECT max(updated_at) FILTER (WHERE events > 0), concat_ws(' ', max(updated_at), sum(next_offset))
FROM screens.partition_offsets"""
"""What tells that something was counted: when the last event was, and a text that is another one then."""


class Answer(NamedTuple):
    """What a query gave."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """There were more rows than are kept."""

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Changes(NamedTuple):
    """How far the count has come."""

    last_event: datetime | None
    """When the last event was counted."""
    mark: str
    """Another one when something was counted or put right."""


class Database:
    """A pool of connections, opened by `async with`; those that broke are made anew by itself."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=CONNECTIONS,
            open=False,
            timeout=_WAIT_SECONDS,
            max_waiting=500,
            reconnect_timeout=2,  # then whoever asks next tries again: a server that is back is found in seconds
            check=AsyncConnectionPool.check_connection,
            kwargs={
                "autocommit": True,
                "application_name": "opscentre web",
                "connect_timeout": 3,
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "prepare_threshold": None,  # a plan for all values is a bad one for one agency
                "options": " ".join(f"-c {name}={value}" for name, value in _LIMITS.items()),
            },
        )

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close(timeout=2)

    async def ask(self, query: str, parameters: Mapping[str, Any]) -> Answer:
        """A query's answer, of at most `MOST_ROWS` rows.

        Raises:
            UnavailableError: the database does not answer, not in time, or refuses what the query reckons.
            ConfigurationError: it has not what the query asks for.
        """
        try:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(query.encode(), parameters)
                rows = await cursor.fetchmany(MOST_ROWS + 1)
                columns = tuple(column.name for column in cursor.description or ())
        except errors.QueryCanceled as error:
            raise UnavailableError(f"the query took longer than {_LIMITS['statement_timeout']}") from error
        except (psycopg.OperationalError, PoolTimeout, TooManyRequests) as error:
            said = without_secrets(error, self._dsn) if isinstance(error, psycopg.Error) else str(error)
            raise UnavailableError(f"the database does not answer: {said}") from error
        except psycopg.ProgrammingError as error:
            raise ConfigurationError(
                f"the database is not at this version ({first_line(error)}): run `opscentre migrate`"
            ) from error
        except psycopg.Error as error:
            raise UnavailableError(f"the database refuses a query: {first_line(error)}") from error
        return Answer(columns, rows[:MOST_ROWS], len(rows) > MOST_ROWS)

    async def changes(self) -> Changes:
        """How far the count has come; raises as `ask` does."""
        answer = await self.ask(CHANGES, {})
        last_event, mark = answer.rows[0]
        return Changes(last_event, mark)
