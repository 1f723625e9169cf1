"""Dead letters as they are written down: records that cannot be accepted, kept with every byte."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
import psycopg

from schemas.timekeeping.moments import text_of

_INSERT = """
    INSERT INTO dead_letters
        (cluster, topic_id, topic, partition, "offset", timestamp, key, value, headers, reason, detail, record_hash)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


class DeadLetter(NamedTuple):
    """A record that is refused, where it stands in Kafka, and why. `timestamp` in milliseconds since 1970, UTC."""

    cluster: str
    topic_id: str
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    reason: str
    """A code of `schemas.events.envelope.REASONS`."""
    detail: str


def insert_dead_letters(cursor: psycopg.Cursor, letters: Iterable[DeadLetter]) -> None:
    """Write dead letters in the running transaction; the same record at the same offset stays as it is."""
    cursor.executemany(_INSERT, [_row(letter) for letter in letters])


def record_hash(key: bytes | None, value: bytes | None) -> str:
    """What tells one record from another at the same offset; the migration that brought it works it out in SQL."""
    text = f"{-1 if key is None else len(key)}:".encode() + (key or b"") + (value or b"")
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def headers_to_text(headers: Iterable[tuple[str, bytes]]) -> str:
    """Headers as `dead_letters` keeps them: JSON, values in base64."""
    return orjson.dumps([[name, base64.b64encode(value or b"").decode()] for name, value in headers]).decode()


def headers_from_text(text: str) -> list[tuple[str, bytes]]:
    """The reverse of `headers_to_text`."""
    return [(name, base64.b64decode(value)) for name, value in orjson.loads(text)]


def _row(letter: DeadLetter) -> tuple[object, ...]:
    *place, timestamp, key, value, headers, reason, detail = letter
    moment = text_of(timestamp * 1000)
    text = detail.replace("\0", "\\0")
    return (*place, moment, key, value, headers_to_text(headers), reason, text, record_hash(key, value))
