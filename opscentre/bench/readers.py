"""What the benchmark compares with: `python -m opscentre.bench.readers plain|bound`. Settings as for a worker."""

import asyncio
import gc
import logging
import sys
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import faust
import orjson
import psycopg
from aiokafka import AIOKafkaConsumer

from core.catalogue import open_catalogue
from core.database import connect
from core.kafka import admin, cluster_id, end_offsets
from core.settings import Settings, settings
from schemas.timekeeping.moments import text_of
from streams.fold.rulebook import Rulebook, load_rulebook
from streams.ingest.decoder import Decoder, decode
from streams.ingest.records import Batch, Partition, Record
from streams.write.archive import EVENTS
from streams.write.copy_text import array, copy
from streams.write.fence import fence_partition, prepare_session
from streams.write.writer import Writer

TOPIC = "events.one-stop"
MAX_RECORDS = 5000
"""That one batch takes."""


def plain(options: Settings, decoder: Decoder, partition: Partition, rulebook: Rulebook) -> None:
    """The same decoder and writer behind an agent as Faust's documentation has it, taking events by the batch.

    Python collects garbage here as it does by itself: when to do it better is part of the worker, not of its writer.
    """
    app = faust.App(
        options.group,
        broker=f"kafka://{options.kafka}",
        datadir=str(options.data.resolve() / "faust"),
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
    )
    writer = Writer(options.dsn, rulebook)
    ends: dict[int, int] = {}

    @app.agent(app.topic(TOPIC, value_type=bytes, value_serializer="raw"))  # type: ignore[untyped-decorator]
    async def write(stream: Any) -> None:
        async for taken in stream.take_events(MAX_RECORDS, within=0.2):
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


async def bound(options: Settings, partition: Partition, rulebook: Rulebook) -> None:
    """Fetch with aiokafka, archive and deduplicate, nothing else: what checks, folds and counts nothing could reach.

    Reading the JSON is part of it: without an id there is nothing to deduplicate by, without a time no archive.
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
    prepare_session(connection)
    while True:
        fetched = await consumer.getmany(timeout_ms=500, max_records=MAX_RECORDS)
        for tp, records in fetched.items():
            _archive(connection, partition._replace(number=tp.partition), rulebook, records)


_CLAIM = """
    INSERT INTO identities SELECT id, 0, 0, time FROM unnest(%s::uuid[], %s::timestamptz[]) AS claimed (id, time)
    ORDER BY id ON CONFLICT DO NOTHING RETURNING id
"""


def _archive(connection: psycopg.Connection, partition: Partition, rulebook: Rulebook, records: Sequence[Any]) -> None:
    rows: dict[str, tuple[str, str]] = {}
    for record in records:
        e = orjson.loads(record.value)
        identity = blake2b(f"{e['source']}\0{e['id']}".encode(), digest_size=16).hexdigest()
        data = orjson.dumps(e["data"]).decode()
        row = (
            f"{e['time']}\t{text_of(record.timestamp * 1000)}\t{e['source']}\t{e['type']}\t{e['subject']}\t"
            f"{e['data']['agency']}\t{e['id']}\t0\tfalse\t{data}\t\t{record.partition}\t{record.offset}"
        )
        rows[identity] = e["time"], row
    with connection.transaction(), connection.cursor() as cursor:
        shard, _ = fence_partition(cursor, partition, rulebook)
        cursor.execute(_CLAIM, (array(rows), array(time for time, _ in rows.values())))
        if cursor.rowcount < len(rows):
            fresh = {id_.hex for (id_,) in cursor}
            rows = {identity: row for identity, row in rows.items() if identity in fresh}
        copy(cursor, EVENTS, [row for _, row in rows.values()])
        cursor.execute("UPDATE partition_offsets SET events = events + %s WHERE shard = %s", (len(rows), shard))


def main() -> None:
    """Run one of the two until it is ended."""
    logging.basicConfig(level="WARNING")
    options = settings()
    catalogue = open_catalogue(options)
    with admin(options.kafka) as client:
        partition = Partition(cluster_id(client), end_offsets(client, [TOPIC])[TOPIC].topic_id, TOPIC, 0)
    with connect(options.dsn, "opscentre bench") as connection:
        rulebook = load_rulebook(connection, catalogue)
    decoder = Decoder(catalogue.systems["one-stop"])
    if sys.argv[1:] == ["plain"]:
        plain(options, decoder, partition, rulebook)
    else:
        gc.freeze()
        gc.disable()
        asyncio.run(bound(options, partition, rulebook))


if __name__ == "__main__":
    main()
