"""Kafka's logs against the database, offset by offset: every record is an event, a duplicate of one, or a dead letter.

A recount compares the archive with what was made of it; what never came into the archive only the log can tell.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from core.progress import ProgressCallback
from schemas.events.mistakes import attribute_text
from streams.ingest.decoder import Decoder, decode
from streams.ingest.log_check import reader
from streams.ingest.records import DecodedEvent, Partition, Record, Refused, UnreadRange
from streams.write.copy_text import array, moment, texts

Item = DecodedEvent | Refused

_LETTERS = """
    SELECT "offset" FROM dead_letters WHERE cluster = %s AND topic_id = %s AND partition = %s AND "offset" = ANY (%s)
"""
_ARCHIVED = """
    SELECT k.id, k.revision FROM unnest(%s::timestamptz[], %s::text[], %s::int[]) AS k (time, id, revision)
    JOIN events AS e ON e.time = k.time AND e.id = k.id AND e.revision = k.revision AND e.system = %s
"""
# Sent again with another time, or refused by today's catalogue: rare, so by whatever the archive has of it.
_ARCHIVED_OTHERWISE = """
    SELECT id, revision, "offset", partition FROM events
    WHERE system = %s AND (id = ANY (%s::text[]) OR (partition = %s AND "offset" = ANY (%s)))
"""
_STANDS = """
    SELECT next_offset, coalesce(set_aside, '') FROM partition_offsets
    WHERE cluster = %s AND topic_id = %s AND partition = %s
"""


class Audit(NamedTuple):
    """What the audit of one partition came to."""

    topic: str
    partition: int
    begin: int
    """The first offset that Kafka still holds."""
    end: int
    """Where the database stands: what comes after that waits, and is not looked at."""
    records: int
    missing: list[int]
    """Offsets of records that are neither an event nor a dead letter."""
    set_aside: str


async def audit(
    connection: psycopg.Connection,
    bootstrap: str,
    partitions: Sequence[Partition],
    decoders: Mapping[str, Decoder],
    say: ProgressCallback = lambda line: None,
) -> list[Audit]:
    """Compare what Kafka still holds of these partitions with the events and the dead letters.

    Args:
        connection: to the database; nothing else may be under way on it.
        bootstrap: Kafka.
        partitions: what is to be looked at.
        decoders: by topic.
        say: told of each partition that is done.

    Raises:
        KafkaError: Kafka does not answer.
    """
    found = []
    async with reader(bootstrap) as consumer:
        tps = [TopicPartition(partition.topic, partition.number) for partition in partitions]
        consumer.assign(tps)
        consumer.pause(*tps)
        for partition in partitions:
            one = await _audit(connection, consumer, partition, decoders[partition.topic])
            say(f"{one.topic}/{one.partition}: {one.records:,} records, {len(one.missing):,} missing")
            found.append(one)
    return found


async def _audit(
    connection: psycopg.Connection, consumer: AIOKafkaConsumer, partition: Partition, decoder: Decoder
) -> Audit:
    tp = TopicPartition(partition.topic, partition.number)
    begin = (await consumer.beginning_offsets([tp]))[tp]
    rows = connection.execute(_STANDS, (partition.cluster, partition.topic_id, partition.number)).fetchall()
    stands, aside = rows[0] if rows else (begin, "")
    end = min(stands, (await consumer.end_offsets([tp]))[tp])
    records, missing = 0, []
    if begin < end and not aside:
        async for read in _records(consumer, tp, begin, end):
            records += len(read)
            missing += _missing(connection, partition, decode(decoder, read), decoder.system)
            connection.commit()
    return Audit(partition.topic, partition.number, begin, end, records, missing, aside)


async def _records(
    consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int
) -> AsyncIterator[list[Record | UnreadRange]]:
    """The records from one offset up to, without, another; in parts."""
    consumer.seek(tp, begin)
    consumer.resume(tp)
    while await consumer.position(tp) < end:
        found = await consumer.getmany(tp, timeout_ms=500)
        yield [record for record in found.get(tp, []) if record.offset < end and not _compacted(record)]
    consumer.pause(tp)


def _compacted(record: Record | UnreadRange) -> bool:
    """Gone from the log, whether it was counted before that or not."""
    return isinstance(record, UnreadRange) and record.reason == "lost_to_compaction"


def _missing(connection: psycopg.Connection, partition: Partition, items: Sequence[Item], system: str) -> list[int]:
    """Offsets of those that the database knows nothing of."""
    key = partition.cluster, partition.topic_id, partition.number
    offsets = {item.record.offset for item in items}
    left = offsets - {at for (at,) in connection.execute(_LETTERS, (*key, list(offsets)))}
    events = [item for item in items if isinstance(item, DecodedEvent) and item.record.offset in left]
    known = set(
        connection.execute(
            _ARCHIVED,
            (
                array(moment(event.time) for event in events),
                texts(event.id for event in events),
                array(event.revision for event in events),
                system,
            ),
        )
    )
    left -= {event.record.offset for event in events if (event.id, event.revision) in known}
    if not left:
        return []
    ids = [event.id for event in events if event.record.offset in left]
    rows = connection.execute(_ARCHIVED_OTHERWISE, (system, texts(ids), partition.number, list(left))).fetchall()
    # What was archived before texts were composed has its id as it came.
    known = {(attribute_text(row[0]), row[1]) for row in rows}
    places = {row[2] for row in rows if row[3] == partition.number}
    left -= {event.record.offset for event in events if (event.id, event.revision) in known}
    refused = {item.record.offset for item in items if isinstance(item, Refused)}
    return sorted(left - (refused & places))
