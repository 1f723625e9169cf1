"""What has been published of an export before: by it a changed row is a correction, an unchanged one nothing new."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.errors import OpsCentreError, RowError

# Where systems are not told apart, a row of one agency's could raise the revision of another's.
_TABLES = """
CREATE TABLE IF NOT EXISTS published (
    system TEXT NOT NULL, id TEXT NOT NULL, content BLOB NOT NULL, revision INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (system, id)
) WITHOUT ROWID;
CREATE TEMP TABLE seen (id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE groups (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""

Event = dict[str, Any]


class State:
    """The file that remembers, and what this run has met: on disk as well, for an export may be of any size."""

    def __init__(self, database: sqlite3.Connection, system: str) -> None:
        self._database = database
        self._system = system

    def is_first(self, key: Sequence[str]) -> bool:
        """Whether no row of this key has been met in this run."""
        row = (json.dumps(key),)
        return self._database.execute("INSERT OR IGNORE INTO groups VALUES (?)", row).rowcount > 0

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """What is revised within is remembered for good on leaving."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield

    def revise(self, events: Sequence[Event], absent: Sequence[str]) -> list[Event]:
        """A row's events with their revisions, and the retractions of those that it used to give.

        Raises:
            RowError: an earlier row gave one of them with other content. That is not a correction but a mistake in the
                key, and would go up one revision at every run.
        """
        found = [(event, _content(event)) for event in events]
        fresh = []
        for event, content in found:
            before = self._seen(event["id"])
            if before not in (None, content):
                raise RowError(f"an earlier row gave {event['id']} with other content: see `key`")
            if before is None:
                fresh.append((event, content))
        for event, content in fresh:
            self._database.execute("INSERT INTO seen VALUES (?, ?)", (event["id"], content))
        revised = [self._record(event, content) for event, content in fresh]
        gone = (self._retract(identity) for identity in absent if self._seen(identity) is None)
        return revised + [retraction for retraction in gone if retraction]

    def _seen(self, identity: str) -> bytes | None:
        row = self._database.execute("SELECT content FROM seen WHERE id = ?", (identity,)).fetchone()
        return row[0] if row else None

    def _record(self, event: Event, content: bytes) -> Event:
        where = (self._system, event["id"])
        before = self._database.execute(
            "SELECT content, revision FROM published WHERE system = ? AND id = ?", where
        ).fetchone()
        revision = 0 if before is None else before[1] + (before[0] != content)
        if before is None or before[0] != content:
            self._database.execute(
                "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?, ?)",
                (*where, content, revision, json.dumps(event)),
            )
        return {**event, "revision": revision} if revision else event

    def _retract(self, identity: str) -> Event | None:
        """The retraction of an event that its row used to give; None where it never did."""
        where = (self._system, identity)
        row = self._database.execute("SELECT event FROM published WHERE system = ? AND id = ?", where).fetchone()
        if row is None:
            return None
        event = {**json.loads(row[0]), "retracted": True}
        return self._record(event, _content(event))


@contextmanager
def open_state(file: Path, system: str) -> Iterator[State]:
    """Open the file that remembers what a system has published, and make it where it is missing.

    Raises:
        OpsCentreError: it cannot be used.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
            database.executescript(_TABLES)
            yield State(database, system)
    except sqlite3.Error as error:
        raise OpsCentreError(
            f"{file} cannot be used: {error}. Without it corrected rows lose their revisions, so restore it from a "
            "copy rather than remove it."
        ) from None


def _content(event: Event) -> bytes:
    """All that would have to be corrected if it changed, the time included, since a row's time is no mere stamp."""
    return sha256(json.dumps(event, sort_keys=True).encode()).digest()
