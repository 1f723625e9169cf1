"""The one transaction of a batch: fence, archive, fold, counters, dead letters, offset. All of it or nothing.

Synchronous, on a dedicated connection, called from one thread at a time: while it waits for the database, the next
batch is decoded elsewhere.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import errors

from core.database import connect
from core.dead_letters import DeadLetter, insert_dead_letters, record_hash
from core.errors import FullHistoryError, OffsetMismatchError, OpsCentreError, UnavailableError, first_line
from streams.fold.rulebook import Rulebook
from streams.ingest.records import UNREAD, Batch, DecodedEvent, Partition, Refused
from streams.write.archive import archive
from streams.write.changes import Changes
from streams.write.deduplication import resolve
from streams.write.fence import fence_partition, prepare_session
from streams.write.projections import Projector

log = logging.getLogger(__name__)

CANCELLED_TRIES = 3
"""How often one event may run into the database's time limit before it is set aside: it can be the others' fault."""
LONGEST_WAIT_SECONDS = 3.0

_TOO_MUCH = (errors.QueryCanceled, errors.ProgramLimitExceeded, errors.StatementTooComplex)
"""What a smaller batch may get through."""

TRANSIENT = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable, errors.UniqueViolation)
"""Two workers met on a row. The loser's whole transaction is tried again, and then finds what the winner wrote."""


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

        A record that cannot be written, whatever the reason, is cornered by halving the batch, and becomes a dead
        letter. So does what would be too many events of one thing.

        Raises:
            OffsetMismatchError: the batch begins beyond where the partition stands: events are missing between.
            OutdatedCatalogueError: another catalogue has come into force.
            UnavailableError: the database is away and `give_up` said to stop waiting.
        """
        try:
            return self._persist(batch)
        except FullHistoryError as error:
            return self.commit(_without(batch, error))
        except Exception as error:
            if not _of_a_record(error) or all(isinstance(item, Refused) for item in batch.items):
                raise
            if len(batch.items) > 1:
                left, right = batch.halves()
                return self.commit(left).plus(self.commit(right))
            log.warning("set aside: offset %d of %s", batch.items[0].record.offset, batch.partition.topic)
            return self._persist(batch._replace(items=[_refused(batch.items[0], error)]))

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
            except _TOO_MUCH as error:
                tries += 1
                if len(batch.items) > 1 or tries >= CANCELLED_TRIES:
                    raise
                log.info("trying again: %s", first_line(error))
            except TRANSIENT as error:
                tries += 1
                if tries > 10:
                    raise
                log.info("trying again: %s", first_line(error))
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
        delay = min(0.1 * 2 ** min(tries, 10), LONGEST_WAIT_SECONDS)
        log.warning("the database is away, trying again in %.1f s: %s", delay, first_line(error))
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
            insert_dead_letters(cursor, [_dead_letter(batch.partition, one) for one in refused])
        cursor.execute(
            "UPDATE partition_offsets SET next_offset = %s, events = events + %s, duplicates = duplicates + %s, "
            "updated_at = now() WHERE shard = %s",
            (max(next_offset, batch.end), outcome.events, outcome.duplicates, shard),
        )
        if batch.items:
            cursor.execute(
                "UPDATE partition_offsets SET last_offset = %s, last_hash = %s WHERE shard = %s",
                (*_last(batch.items[-1]), shard),
            )
        return outcome

    def apply(
        self, cursor: psycopg.Cursor, shard: int, partition: Partition, items: Sequence[DecodedEvent | Refused]
    ) -> tuple[Outcome, list[Refused]]:
        """Archive, fold and count in the running transaction; return what it came to, and what is refused."""
        incoming = [item for item in items if isinstance(item, DecodedEvent)]
        refused = [item for item in items if isinstance(item, Refused)]
        resolution = resolve(cursor, incoming)
        archive(cursor, resolution.archive, partition.number)
        changes = Changes()
        for fact, sign in resolution.facts:
            changes.apply(fact, sign)
        self._folder.apply(cursor, shard, changes)
        refused += resolution.refused
        return Outcome(len(resolution.archive), resolution.duplicates, len(refused)), refused


def _without(batch: Batch, error: FullHistoryError) -> Batch:
    """The batch, the events that are too many refused."""
    return batch._replace(
        items=[
            Refused(item.record, "history_full", str(error))
            if isinstance(item, DecodedEvent) and (item.system, item.id) in error.events
            else item
            for item in batch.items
        ]
    )


def _refused(item: DecodedEvent | Refused, error: Exception) -> Refused:
    reason = "refused_by_database" if isinstance(error, psycopg.Error) else "unexpected"
    return Refused(item.record, reason, f"{type(error).__name__}: {error}".strip()[:2000])


def _of_a_record(error: Exception) -> bool:
    """Whether one record can be the cause: neither the server, nor the schema, nor a lack of memory is."""
    if isinstance(error, psycopg.Error):
        return isinstance(error, (psycopg.DataError, psycopg.IntegrityError, *_TOO_MUCH))
    return not isinstance(error, OpsCentreError | MemoryError | OSError)


def _last(item: DecodedEvent | Refused) -> tuple[int | None, str | None]:
    """Offset and hash of a batch's last record, by which the log is known again; of one without bytes, nothing."""
    record = item.record
    if isinstance(item, Refused) and item.reason in UNREAD:
        return None, None
    return record.offset, record_hash(record.key, record.value)


def _dead_letter(partition: Partition, refused: Refused) -> DeadLetter:
    offset, timestamp, key, value, headers = refused.record
    return DeadLetter(*partition, offset, timestamp, key, value, headers, refused.reason, refused.detail)
