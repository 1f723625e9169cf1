"""The Faust application: our transport, the database's offsets, one agent."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import faust
import psycopg
from faust.types import TP

from core.database import connect
from core.settings import Settings
from streams.fold.rulebook import Rulebook
from streams.ingest import record_batches, transport
from streams.ingest.decoder import Decoder
from streams.ingest.log_check import StartOffset
from streams.ingest.records import Batch, Partition, Record, Refused
from streams.pipeline import Pipeline
from streams.write.writer import Writer

FETCH_BYTES = 1024 * 1024
"""Most that is fetched of a partition at a time. With a handful of batches in flight this bounds the memory."""


class App(faust.App):  # type: ignore[misc]
    """A worker's application. `written` is how far each partition is in the database, for monitoring."""

    def __init__(self, settings: Settings, partitions: Mapping[str, Partition], rulebook: Rulebook) -> None:
        folder = settings.data.resolve() / "faust"  # Faust wants one, though it keeps nothing there
        folder.mkdir(parents=True, exist_ok=True)
        self.bootstrap = settings.kafka
        super().__init__(
            settings.group,
            broker=[f"kafka://{address.strip()}" for address in settings.kafka.split(",")],
            datadir=str(folder),
            store="memory://",  # TimescaleDB is the state
            topic_disable_leader=True,
            topic_allow_declare=False,
            web_enabled=False,
            worker_redirect_stdouts=False,
            table_standby_replicas=0,
            stream_wait_empty=False,  # what is not written is read again: nothing to wait for
            stream_buffer_maxsize=4,  # Messages, which here are whole batches
            consumer_max_fetch_size=FETCH_BYTES,
            consumer_auto_offset_reset="earliest",
            broker_max_poll_interval=24 * 3600.0,  # a long outage of the database must not leave the group for good
            broker_session_timeout=30.0,
            broker_heartbeat_interval=3.0,
            broker_request_timeout=60.0,
            broker_commit_interval=2.0,
        )
        self._settings = settings
        self._partitions = partitions
        self._rulebook = rulebook
        self.written: dict[tuple[str, int], int] = {}
        self.assigned: set[tuple[str, int]] = set()

    def _new_transport(self) -> transport.Transport:
        return transport.Transport(self.conf.broker_consumer, self)

    def start_offsets(self, earliest: Mapping[TP, int]) -> dict[TP, StartOffset]:
        """Where to read each partition from. Called at every assignment, on a thread of its own.

        What Kafka deleted before it was read is written down as a dead letter, and the reading goes on after it.
        """
        found: dict[TP, StartOffset] = {}
        with connect(self._settings.dsn, "opscentre offsets") as connection:
            for tp in sorted(earliest):
                found[tp] = _load(connection, self._partition(tp))
        for tp, start in found.items():
            if start.offset < earliest[tp]:
                self._note_loss(self._partition(tp), start.offset, earliest[tp])
                found[tp] = StartOffset(earliest[tp])
        return found

    def set_aside(self, reasons: Mapping[TP, str | None]) -> None:
        """Write down which of the assigned partitions are not read, and why; None for those that are."""
        with connect(self._settings.dsn, "opscentre offsets") as connection:
            for tp in sorted(reasons):
                partition = self._partition(tp)
                connection.execute(
                    "UPDATE partition_offsets SET set_aside = %s "
                    "WHERE cluster = %s AND topic_id = %s AND partition = %s AND set_aside IS DISTINCT FROM %s",
                    (reasons[tp], partition.cluster, partition.topic_id, partition.number, reasons[tp]),
                )

    def reads(self, offsets: Mapping[TP, int]) -> None:
        """These partitions are read as well from now on, each from this offset."""
        self.written.update({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
        self.assigned |= {(tp.topic, tp.partition) for tp in offsets}

    def reads_nothing(self) -> None:
        """Another assignment begins."""
        self.assigned = set()
        self.written.clear()  # the pipeline keeps the same one

    def _partition(self, tp: TP) -> Partition:
        return self._partitions[tp.topic]._replace(number=tp.partition)

    def _note_loss(self, partition: Partition, first: int, end: int) -> None:
        record = Record(first, time.time_ns() // 1_000_000, None, None, ())
        detail = f"offsets {first} to {end - 1} of {partition.topic}/{partition.number} were deleted unread"
        writer = Writer(self._settings.dsn, self._rulebook)
        writer.commit(Batch(partition, first, end, [Refused(record, "lost_to_retention", detail)]))
        writer.close()


def _load(connection: psycopg.Connection, partition: Partition) -> StartOffset:
    """What the database knows of a partition, whose row is made where it is missing."""
    key = partition.cluster, partition.topic_id, partition.number
    # Looked for first: an INSERT that meets a row has taken a number for its shard all the same.
    rows = connection.execute(
        "SELECT next_offset, last_offset, replace(last_hash::text, '-', '') FROM partition_offsets "
        "WHERE cluster = %s AND topic_id = %s AND partition = %s",
        key,
    ).fetchall()
    if rows:
        return StartOffset(*rows[0])
    connection.execute(
        "INSERT INTO partition_offsets (cluster, topic_id, partition, topic) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (*key, partition.topic),
    )
    return StartOffset(0)


def build(
    settings: Settings, partitions: Mapping[str, Partition], decoders: Mapping[str, Decoder], writers: Sequence[Writer]
) -> App:
    """The application with its agent, our transport installed. `partitions` and `decoders` are by topic."""
    record_batches.install()
    app = App(settings, partitions, writers[0].rulebook)
    channel = transport.topic(app, sorted(decoders))

    @app.agent(channel)  # type: ignore[untyped-decorator]
    async def write(stream: Any) -> None:
        pipeline = Pipeline(writers, decoders, partitions, app.written, settings.batch_events)
        async for event in stream.events():
            message = event.message
            await pipeline.put(message.topic, message.partition, event.value)

    return app
