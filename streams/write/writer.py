"""The one transaction of a batch: fence, archive, fold, counters, dead letters, offset. All of it or nothing.

Synchronous, on a dedicated connection, called from one thread at a time: while it waits for the database, the next
batch is decoded elsewhere.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import errors

from core.database import connect
from core.errors import OffsetMismatchError, OutdatedCatalogueError, UnavailableError
from streams.fold.rulebook import Rulebook
from streams.ingest.records import Batch, DecodedEvent, Partition, Refused
from streams.write.changes import Changes
from streams.write.copy_text import EVENTS, copy, event, headers_to_text, moment
from streams.write.deduplication import resolve
from streams.write.projections import Projector

log = logging.getLogger(__name__)

_SESSION = """
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    CREATE TEMP TABLE changed_cases (LIKE cases INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE changed_items (LIKE items) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE changed_readings (LIKE readings) ON COMMIT DELETE ROWS;
"""  # this session only looks keys up: a plan that reads a whole table would be a mistake of stale statistics

TRANSIENT = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable, errors.UniqueViolation)
"""Two workers met on a row. The loser's whole transaction is tried again, and then finds what the winner wrote."""

_DEAD_LETTERS = """
    INSERT INTO dead_letters
        (cluster, topic_id, topic, partition, "offset", timestamp, key, headers, value, reason, detail)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


class Outcome(NamedTuple):
    """What a batch came to."""

    events: int = 0
    duplicates: int = 0
    refused: int = 0

    def plus(self, other: "Outcome") -> "Outcome":
        """Both together."""
        return Outcome(*map(sum, zip(self, other, strict=True)))


class Writer:
    """Writes batches, each exactly once whatever fails on the way."""

    def __init__(self, dsn: str, rulebook: Rulebook, give_up: Callable[[], bool] = lambda: False) -> None:
        """`give_up` is asked between tries while the database is away; True ends the waiting."""
        self._dsn = dsn
        self.rulebook = rulebook
        self._folder = Projector(rulebook)
        self._give_up = give_up
        self._connection: psycopg.Connection | None = None

    def commit(self, batch: Batch) -> Outcome:
        """Commit a batch, waiting for the database as long as it takes.

        A value that the database refuses is cornered by halving the batch, and becomes a dead letter.

        Raises:
            OffsetMismatchError: the batch begins beyond where the partition stands: events are missing between.
            OutdatedCatalogueError: another catalogue has come into force.
            UnavailableError: the database is away and `give_up` said to stop waiting.
        """
        try:
            return self._persist(batch)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(batch.items) > 1:
                left, right = batch.halves()
                return self.commit(left).plus(self.commit(right))
            refused = Refused(batch.items[0].record, "refused_by_database", str(error).strip()[:2000])
            return self._persist(batch._replace(items=[refused]))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _persist(self, batch: Batch) -> Outcome:
        tries = 0
        while True:
            try:
                connection = self._connect()
                with connection.transaction():
                    return self._transact(connection.cursor(), batch)
            except TRANSIENT as error:
                tries += 1
                if tries > 10:
                    raise
                log.info("trying again: %s", str(error).strip())
            except (psycopg.OperationalError, psycopg.InterfaceError, UnavailableError) as error:
                # Whether the commit went through is unknown now; the fence tells on the next connection.
                self._wait(error, tries := tries + 1)

    def _connect(self) -> psycopg.Connection:
        if self._connection is None:
            connection = connect(self._dsn, "opscentre worker")
            prepare_session(connection)
            self._connection = connection
        return self._connection

    def _wait(self, error: Exception, tries: int) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if self._give_up():
            raise UnavailableError("stopped while the database was away; nothing is lost") from error
        delay = min(0.1 * 2**tries, 3.0)
        log.warning("the database is away, trying again in %.1f s: %s", delay, str(error).strip().splitlines()[0])
        time.sleep(delay)

    def _transact(self, cursor: psycopg.Cursor, batch: Batch) -> Outcome:
        shard, next_offset = fence_partition(cursor, batch.partition, self.rulebook)
        if next_offset < batch.start:
            raise OffsetMismatchError(
                f"{batch.partition.topic}/{batch.partition.number} stands at offset {next_offset}, "
                f"but the batch begins at {batch.start}"
            )
        if next_offset > batch.start:
            batch = batch.after(next_offset)
        outcome, refused = self.apply(cursor, shard, batch.partition, batch.items)
        if refused:
            cursor.executemany(_DEAD_LETTERS, _dead_letters(batch.partition, refused))
        cursor.execute(
            "UPDATE partition_offsets SET next_offset = %s, events = events + %s, duplicates = duplicates + %s, "
            "updated_at = now() WHERE shard = %s",
            (max(next_offset, batch.end), outcome.events, outcome.duplicates, shard),
        )
        return outcome

    def apply(
        self, cursor: psycopg.Cursor, shard: int, partition: Partition, items: Sequence[DecodedEvent | Refused]
    ) -> tuple[Outcome, list[Refused]]:
        """Archive, fold and count in the running transaction; return what it came to, and what is refused."""
        incoming = [item for item in items if isinstance(item, DecodedEvent)]
        refused = [item for item in items if isinstance(item, Refused)]
        resolution = resolve(cursor, incoming)
        copy(cursor, EVENTS, [event(e, partition.number) for e in resolution.archive])
        changes = Changes()
        for fact, sign in resolution.facts:
            changes.apply(fact, sign)
        self._folder.apply(cursor, shard, changes)
        refused += resolution.refused
        return Outcome(len(resolution.archive), resolution.duplicates, len(refused)), refused


def prepare_session(connection: psycopg.Connection) -> None:
    """Make a connection ready for `Writer.apply`."""
    connection.execute(_SESSION.encode())
    connection.commit()


def fence_partition(cursor: psycopg.Cursor, partition: Partition, rulebook: Rulebook) -> tuple[int, int]:
    """Lock the partition's row, made where it is missing; return its shard and the offset to go on from.

    Raises:
        OutdatedCatalogueError: another catalogue has come into force than this rulebook's.
    """
    key = (partition.cluster, partition.topic_id, partition.number)
    select = (
        "SELECT shard, next_offset, (SELECT max(number) FROM catalogues) FROM partition_offsets "
        "WHERE cluster = %s AND topic_id = %s AND partition = %s FOR UPDATE OF partition_offsets"
    )
    row = cursor.execute(select, key).fetchone()
    if row is None:
        cursor.execute(
            "INSERT INTO partition_offsets (cluster, topic_id, partition, topic) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (*key, partition.topic),
        )
        row = cursor.execute(select, key).fetchone()
    assert row is not None  # rows of `partition_offsets` are never deleted
    if row[2] != rulebook.number:
        raise OutdatedCatalogueError(f"catalogue {row[2]} has come into force, this process works by {rulebook.number}")
    return row[0], row[1]


MAINTENANCE = Partition("", "maintenance", "maintenance", 0)
"""Whoever replays dead letters or repairs counters holds this partition's row, and counts under its shard."""


def _dead_letters(partition: Partition, refused: Iterable[Refused]) -> list[tuple[object, ...]]:
    return [
        (
            partition.cluster,
            partition.topic_id,
            partition.topic,
            partition.number,
            record.offset,
            moment(record.timestamp * 1000),
            record.key,
            headers_to_text(record.headers),
            record.value,
            reason,
            detail.replace("\0", "\\0"),
        )
        for record, reason, detail in refused
    ]
