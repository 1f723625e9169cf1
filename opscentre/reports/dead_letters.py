"""The dead letters: events and records that could not be accepted, kept until somebody settles them."""

import base64
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from core.database import scalar
from core.dead_letters import headers_from_text
from core.errors import NotFoundError

_COLUMNS = 'id, topic, partition, "offset", timestamp, reason, detail, state, note, seen_at, settled_at'


def matching(connection: psycopg.Connection, state: str = "open", reason: str | None = None) -> int:
    """How many dead letters of a state there are, of all reasons or of one."""
    query = "SELECT count(*) FROM dead_letters WHERE state = %s AND (%s::text IS NULL OR reason = %s)"
    return int(scalar(connection, query, (state, reason, reason)))


def listed(
    connection: psycopg.Connection, state: str = "open", reason: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """The newest dead letters of a state, newest first, without their bytes."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM dead_letters WHERE state = %s AND (%s::text IS NULL OR reason = %s) "  # noqa: S608
            "ORDER BY id DESC LIMIT %s".encode(),
            (state, reason, reason, limit),
        ).fetchall()


def shown(connection: psycopg.Connection, number: int) -> dict[str, Any]:
    """One dead letter with its key, headers and value, as text where they are text, else in base64.

    Raises:
        NotFoundError: there is none of this number.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        letter = cursor.execute(
            f"SELECT {_COLUMNS}, key, headers, value FROM dead_letters WHERE id = %s::numeric".encode(),  # noqa: S608
            (number,),
        ).fetchone()
    if letter is None:
        raise NotFoundError(f"there is no dead letter {number}; see `opscentre dead-letters list`")
    letter["key"], letter["value"] = readable(letter["key"]), readable(letter["value"])
    letter["headers"] = {name: readable(value) for name, value in headers_from_text(letter["headers"])}
    return letter


def readable(raw: bytes | None) -> str | None:
    """Bytes as text where they are UTF-8, else `base64:` and their base64."""
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(raw).decode()


def discard(connection: psycopg.Connection, numbers: Iterable[int], why: str) -> int:
    """Settle open dead letters by giving them up, with the reason why; return how many were open."""
    return connection.execute(
        "UPDATE dead_letters SET state = 'discarded', note = %s, settled_at = now() "
        "WHERE id = ANY (%s::numeric[]) AND state = 'open'",
        (why, list(numbers)),
    ).rowcount


def not_open(connection: psycopg.Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Of these numbers those that are not those of open dead letters, and why."""
    wanted = sorted(set(numbers))
    query = "SELECT id, state FROM dead_letters WHERE id = ANY (%s::numeric[])"
    states: dict[int, str] = dict(connection.execute(query, (wanted,)).fetchall())
    return {number: states.get(number, "no such dead letter") for number in wanted if states.get(number) != "open"}


def chosen(connection: psycopg.Connection, numbers: Iterable[int], reason: str | None) -> list[int]:
    """Ids of the open dead letters of these numbers, or of a reason, or of all where neither is given."""
    wanted = list(numbers)
    rows = connection.execute(
        "SELECT id FROM dead_letters WHERE state = 'open' AND (%s::numeric[] = '{}' OR id = ANY (%s::numeric[])) "
        "AND (%s::text IS NULL OR reason = %s) ORDER BY id",
        (wanted, wanted, reason, reason),
    ).fetchall()
    return [number for (number,) in rows]
