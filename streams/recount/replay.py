"""Dead letters once more, through the same code as if they had just been fetched."""

import time
from collections.abc import Callable, Iterable, Mapping

import psycopg

from core.dead_letters import headers_from_text
from core.errors import FullHistoryError
from streams.ingest.decoder import Decoder, decode
from streams.ingest.records import UNREAD, DecodedEvent, Partition, Record, Refused
from streams.write.fence import MAINTENANCE, fence_partition
from streams.write.writer import TRANSIENT, Writer

_LETTER = """
    SELECT cluster, topic_id, topic, partition, "offset", (extract(epoch FROM timestamp) * 1000)::bigint,
           key, value, headers, reason, detail
    FROM dead_letters WHERE id = %s AND state = 'open' FOR UPDATE
"""


def replay(
    connection: psycopg.Connection,
    writer: Writer,
    decoders: Mapping[str, Decoder],
    numbers: Iterable[int],
    progress: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Replay open dead letters, each in a transaction of its own; return (accepted, refused again).

    One that is refused again stays open, with the reason of today. One that was accepted meanwhile is a duplicate.
    """
    accepted = refused = 0
    for number in numbers:
        try:
            again = _try(connection, writer, decoders, number)
        except FullHistoryError as error:
            again = ("history_full", str(error))
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            again = ("refused_by_database", str(error).strip()[:2000])
        if isinstance(again, bool):
            accepted += again
        else:
            refused += 1
            connection.execute("UPDATE dead_letters SET reason = %s, detail = %s WHERE id = %s", (*again, number))
            connection.commit()
        progress()
    return accepted, refused


def _try(
    connection: psycopg.Connection, writer: Writer, decoders: Mapping[str, Decoder], number: int
) -> tuple[str, str] | bool:
    """Replay one, again where a worker was met on a row."""
    tries = 0
    while True:
        try:
            with connection.transaction():
                return _replay_one(connection.cursor(), writer, decoders, number)
        except TRANSIENT:
            tries += 1
            if tries > 10:
                raise


def _replay_one(
    cursor: psycopg.Cursor, writer: Writer, decoders: Mapping[str, Decoder], number: int
) -> tuple[str, str] | bool:
    """Replay one; return the reason and detail if it is refused again, False if somebody else has settled it."""
    shard, _ = fence_partition(cursor, MAINTENANCE, writer.rulebook)
    row = cursor.execute(_LETTER, (number,)).fetchone()
    if row is None:
        return False
    cluster, topic_id, topic, partition_number, offset, timestamp, key, value, headers, reason, detail = row
    partition = Partition(cluster, topic_id, topic, partition_number)
    if reason in UNREAD:  # nothing to replay, only to discard
        return reason, detail
    record = Record(offset, timestamp, key, value, headers_from_text(headers))
    item = _decode(decoders, topic, record)
    if isinstance(item, Refused):
        return item.reason, item.detail
    outcome, refused = writer.apply(cursor, shard, partition, [item])
    if refused:
        return refused[0].reason, refused[0].detail
    cursor.execute(
        "UPDATE partition_offsets SET events = events + %s, duplicates = duplicates + %s, updated_at = now() "
        "WHERE shard = %s",
        (outcome.events, outcome.duplicates, shard),
    )
    cursor.execute("UPDATE dead_letters SET state = 'replayed', settled_at = now() WHERE id = %s", (number,))
    return True


def _decode(decoders: Mapping[str, Decoder], topic: str, record: Record) -> DecodedEvent | Refused:
    decoder = decoders.get(topic)
    if decoder is None:
        return Refused(record, "wrong_source", f"the catalogue has no system with the topic {topic}")
    # Checked as if it had arrived now: a time that lay ahead then may have come. Archived as it came.
    (item,) = decode(decoder, [record._replace(timestamp=time.time_ns() // 1_000_000)])
    if isinstance(item, DecodedEvent):
        item.record = record
    return item
