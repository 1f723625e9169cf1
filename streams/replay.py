"""Dead letters once more, through the same code as if they had just been fetched."""

from collections.abc import Callable, Iterable, Mapping

import psycopg

from opscentre.errors import InvalidEventError
from streams.batch import Partition, Refused
from streams.decoder import Decoder, Incoming, Record
from streams.rows import headers_from_text
from streams.writer import REPLAY, Writer, lock

_LETTER = """
    SELECT cluster, topic_id, topic, partition, "offset", (extract(epoch FROM timestamp) * 1000)::bigint,
           key, value, headers
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
            with connection.transaction():
                again = _replay_one(connection.cursor(), writer, decoders, number)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            again = ("refused_by_database", str(error).strip()[:2000])
        if again is None:
            accepted += 1
        else:
            refused += 1
            connection.execute("UPDATE dead_letters SET reason = %s, detail = %s WHERE id = %s", (*again, number))
            connection.commit()
        progress()
    return accepted, refused


def _replay_one(
    cursor: psycopg.Cursor, writer: Writer, decoders: Mapping[str, Decoder], number: int
) -> tuple[str, str] | None:
    """Replay one; return the reason and detail if it is refused again."""
    shard, _ = lock(cursor, REPLAY)
    row = cursor.execute(_LETTER, (number,)).fetchone()
    if row is None:
        return None  # somebody else has settled it
    partition = Partition(*row[:4])
    key, value, headers = row[6:]
    record = Record(row[4], row[5], key, value, headers_from_text(headers))
    item = _decode(decoders, partition.topic, record)
    if isinstance(item, Refused):
        return item.reason, item.detail
    outcome, refused = writer.apply(cursor, shard, partition, [item])
    if refused:
        return refused[0].reason, refused[0].detail
    cursor.execute(
        "UPDATE progress SET events = events + %s, duplicates = duplicates + %s, updated_at = now() WHERE shard = %s",
        (outcome.events, outcome.duplicates, shard),
    )
    cursor.execute("UPDATE dead_letters SET state = 'replayed', settled_at = now() WHERE id = %s", (number,))
    return None


def _decode(decoders: Mapping[str, Decoder], topic: str, record: Record) -> Incoming | Refused:
    decoder = decoders.get(topic)
    if decoder is None:
        return Refused(record, "wrong_source", f"the catalogue has no system with the topic {topic}")
    try:
        return decoder.decode(record)
    except InvalidEventError as error:
        return Refused(record, error.reason, error.detail)
