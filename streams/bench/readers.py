"""What the benchmark compares with: `python -m streams.bench.readers plain|bound`. Settings as for a worker."""

import asyncio
import gc
import logging
import sys
from collections.abc import Sequence
from typing import Any

import faust
import psycopg
from aiokafka import AIOKafkaConsumer

from opscentre.catalogue import open_catalogue
from opscentre.database import connect
from opscentre.kafka import admin, cluster_id, places
from opscentre.settings import Settings, settings
from streams.batch import Batch, Partition, decode
from streams.decoder import Decoder, Incoming, Record
from streams.identity import resolve
from streams.rows import EVENTS, copy, event
from streams.times import Calendar
from streams.writer import Writer, lock, prepare

TOPIC = "events.one-stop"
MOST = 5000


def plain(options: Settings, decoder: Decoder, partition: Partition, calendar: Calendar) -> None:
    """The same decoder and writer behind an agent as Faust's documentation has it, taking events by the batch."""
    app = faust.App(
        options.group,
        broker=f"kafka://{options.kafka}",
        datadir=str(options.data.resolve() / "faust"),
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
    )
    writer = Writer(options.dsn, calendar)
    ends: dict[int, int] = {}

    @app.agent(app.topic(TOPIC, value_type=bytes, value_serializer="raw"))  # type: ignore[untyped-decorator]
    async def write(stream: Any) -> None:
        async for taken in stream.take_events(MOST, within=0.2):
            by_partition: dict[int, list[Record]] = {}
            for one in taken:
                m = one.message
                headers = list(m.headers.items()) if isinstance(m.headers, dict) else m.headers or ()
                by_partition.setdefault(m.partition, []).append(
                    Record(m.offset, int(m.timestamp * 1000), m.key, m.value, headers)
                )
            for number, records in by_partition.items():
                start, end = ends.get(number, 0), records[-1].offset + 1
                batch = Batch(partition._replace(number=number), start, end, decode(decoder, records))
                await asyncio.get_running_loop().run_in_executor(None, writer.commit, batch)
                ends[number] = end

    faust.Worker(app, loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()


async def bound(options: Settings, decoder: Decoder, partition: Partition) -> None:
    """Aiokafka fetching, archiving and deduplicating: what a writer that folds and counts nothing could reach.

    Decoding is part of it: without an id there is nothing to deduplicate by, without a time nothing to archive under.
    """
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=options.kafka,
        group_id=options.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    connection = connect(options.dsn, "opscentre bench")
    prepare(connection)
    while True:
        fetched = await consumer.getmany(timeout_ms=500, max_records=MOST)
        for tp, records in fetched.items():
            _archive(connection, decoder, partition._replace(number=tp.partition), records)


def _archive(connection: psycopg.Connection, decoder: Decoder, partition: Partition, records: Sequence[Any]) -> None:
    raw = [Record(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
    events = [item for item in decode(decoder, raw) if isinstance(item, Incoming)]
    with connection.transaction(), connection.cursor() as cursor:
        shard, _ = lock(cursor, partition)
        fresh = resolve(cursor, events).archive
        copy(cursor, EVENTS, [event(one, partition.number) for one in fresh])
        cursor.execute("UPDATE progress SET events = events + %s WHERE shard = %s", (len(fresh), shard))


def main() -> None:
    """Run one of the two until it is ended."""
    logging.basicConfig(level="WARNING")
    options = settings()
    catalogue = open_catalogue(options.catalogue)
    with admin(options.kafka) as client:
        partition = Partition(cluster_id(client), places(client, [TOPIC])[TOPIC].topic_id, TOPIC, 0)
    decoder = Decoder(catalogue.systems["one-stop"])
    gc.freeze()
    gc.disable()
    if sys.argv[1:] == ["plain"]:
        plain(options, decoder, partition, Calendar(catalogue.zone))
    else:
        asyncio.run(bound(options, decoder, partition))


if __name__ == "__main__":
    main()
