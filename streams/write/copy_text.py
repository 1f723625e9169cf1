"""Rows as text for COPY, and array literals: one joined buffer is three times faster than adapting every value."""

from collections.abc import Iterable, Sequence

import orjson
import psycopg

from schemas.timekeeping.moments import text_of
from streams.fold.history import Entry

NULL = "\x01"
"""Stands for NULL. Control characters cannot come from an event: the decoder refuses them in every text column."""


def copy(cursor: psycopg.Cursor, target: str, rows: Sequence[str]) -> None:
    """COPY rows, each its columns joined by tabs, into `target`: a table and its columns."""
    if not rows:
        return
    # Backslash is the only character left that COPY's text form reads as something else.
    text = "\n".join(rows).replace("\\", "\\\\") + "\n"
    with cursor.copy(f"COPY {target} FROM STDIN (NULL E'\\x01')".encode()) as stream:
        stream.write(text)


def array(values: Iterable[object]) -> str:
    """An array literal of values that need no quotes: numbers, hashes, ISO times."""
    return f"{{{','.join(map(str, values))}}}"


def texts(values: Iterable[str]) -> str:
    """An array literal of any text."""
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return f"{{{','.join(quoted)}}}"


def moment(value: int | None) -> str:
    """A moment (microseconds since 1970) as PostgreSQL reads it."""
    return NULL if value is None else text_of(value)


def history_to_text(history: Sequence[Entry]) -> str:
    """A history as the row of its case or item keeps it."""
    # It takes no named tuples; hardly any event has a sequence.
    return orjson.dumps([tuple(entry) if entry.sequence else entry[:-1] for entry in history]).decode()


def history_from_text(text: str) -> list[Entry]:
    """The reverse of `history_to_text`."""
    return [Entry(*fields) for fields in orjson.loads(text)]
