"""From fetched records to committed batches: the next one is decoded while the last one is being written.

Nothing that goes wrong here is left to Faust, which would acknowledge the batch and go on with the next: an
error ends the process at once, and the supervisor starts it again from the database's offsets.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from typing import NoReturn, Protocol

from core.errors import OutdatedCatalogueError
from streams.ingest.decoder import Decoder, decode
from streams.ingest.records import Batch, FetchedBatch, Partition, size_of

log = logging.getLogger(__name__)

Key = tuple[str, int]
"""Topic and partition."""

WAITING_BATCHES = 3
"""How many batches of records may wait before no more is taken from Faust: enough for every writer to have one."""
BATCH_BYTES = 8 * 1024 * 1024
"""Most bytes of records in a batch, but for a single record: what is made of them takes several times as much."""
DECODED_BATCHES = 2
"""How many batches are decoded ahead."""

RESTART_SECONDS = 15.0
"""How long a worker may take that ends in order."""


def crash(why: object) -> NoReturn:
    """End the process at once, in a way that nothing can catch; the supervisor starts it again."""
    log.critical("this worker ends and is started again: %s", why)
    logging.shutdown()
    os._exit(1)


def restart(why: object) -> None:
    """End the process in order, so that Kafka gives its partitions away at once, not after the session's 30 s."""
    log.warning("this worker ends and is started again: %s", why)
    deadline = threading.Timer(RESTART_SECONDS, crash, [f"it did not end within {RESTART_SECONDS:.0f} s"])
    deadline.daemon = True
    deadline.start()
    os.kill(os.getpid(), signal.SIGTERM)


class BatchWriter(Protocol):
    """What a pipeline wants of a `streams.write.writer.Writer`; each is called from one thread at a time."""

    def commit(self, batch: Batch) -> object:
        """Write a batch, and return once it is safe; anything raised ends the process."""


class Pipeline:
    """Decodes on the event loop, writes on a thread a writer; what comes meanwhile is gathered by partition.

    Of a partition only one batch is being written at a time, so its batches keep their order. With several writers
    one computes while the others wait for the database.
    """

    def __init__(
        self,
        writers: Sequence[BatchWriter],
        decoders: Mapping[str, Decoder],
        partitions: Mapping[str, Partition],
        written: dict[tuple[str, int], int],
        batch_events: int,
    ) -> None:
        """`decoders` and `partitions` (with any number) are by topic; `written` is kept up to date for monitoring."""
        self._free = list(writers)
        self._decoders = decoders
        self._partitions = partitions
        self._written = written
        self._batch_events = batch_events
        self._threads = ThreadPoolExecutor(len(writers), thread_name_prefix="writer")
        self._waiting: dict[Key, FetchedBatch] = {}
        self._bytes: dict[Key, int] = {}
        self._decoded: dict[Key, Batch] = {}
        self._writing: set[Key] = set()
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def put(self, topic: str, number: int, fetched: FetchedBatch) -> None:
        """Take what was fetched of a partition; wait while enough is waiting."""
        key, size = (topic, number), size_of(fetched.records)
        while not self._has_room(key, fetched.start):
            self._taken.clear()
            await self._taken.wait()
        waiting = self._waiting.get(key)
        if waiting is not None:
            fetched = FetchedBatch(waiting.start, fetched.end, waiting.records + fetched.records)
        self._waiting[key] = fetched
        self._bytes[key] = self._bytes.get(key, 0) + size
        self._changed.set()

    def _has_room(self, key: Key, start: int) -> bool:
        waiting = self._waiting.get(key)
        if waiting is not None and waiting.end != start:
            return False  # a partition that came back to this worker begins elsewhere: never one batch
        records = sum(len(other.records) for other in self._waiting.values())
        held = sum(self._bytes.values())
        return records < WAITING_BATCHES * self._batch_events and held < WAITING_BATCHES * BATCH_BYTES

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            self._hand_out()
            key = self._next()
            if key is None:
                await self._changed.wait()
            else:
                self._decoded[key] = self._decode(key, self._take(key))
                await asyncio.sleep(0)  # what finished meanwhile comes first

    def _hand_out(self) -> None:
        """Give decoded batches to free writers."""
        for key in [key for key in self._decoded if key not in self._writing][: len(self._free)]:
            writer, batch = self._free.pop(), self._decoded.pop(key)
            self._writing.add(key)
            done = asyncio.get_running_loop().run_in_executor(self._threads, self._write, writer, batch)
            done.add_done_callback(partial(self._finish, key, writer, batch.end))

    def _next(self) -> Key | None:
        """The partition to decode a batch of: rather one that is not being written, else ahead."""
        if len(self._decoded) >= DECODED_BATCHES:
            return None
        keys = [key for key in self._waiting if key not in self._decoded]
        return next((key for key in keys if key not in self._writing), keys[0] if keys else None)

    def _take(self, key: Key) -> FetchedBatch:
        """The next batch of a partition, which then goes to the end of the line."""
        size = self._bytes.pop(key)
        first, rest = _cut(self._waiting.pop(key), self._batch_events, size)
        if rest is not None:
            self._waiting[key] = rest
            self._bytes[key] = size - size_of(first.records)
        self._taken.set()
        return first

    def _decode(self, key: Key, fetched: FetchedBatch) -> Batch:
        topic, number = key
        partition = self._partitions[topic]._replace(number=number)
        try:
            items = decode(self._decoders[topic], fetched.records)
        except Exception as error:
            log.exception("records %s/%s %s-%s", topic, number, fetched.start, fetched.end)
            crash(error)
        return Batch(partition, fetched.start, fetched.end, items)

    def _write(self, writer: BatchWriter, batch: Batch) -> bool:
        """Write a batch; False where that is for the next process, which comes with the catalogue in force."""
        try:
            writer.commit(batch)
            return True
        except OutdatedCatalogueError as error:
            restart(error)
            return False
        except BaseException as error:
            log.exception("batch %s/%s %s-%s", *batch.partition[2:], batch.start, batch.end)
            crash(error)

    def _finish(self, key: Key, writer: BatchWriter, end: int, done: "asyncio.Future[bool]") -> None:
        if not done.result():
            return  # neither this writer nor this partition goes on
        self._written[key] = end
        self._writing.discard(key)
        self._free.append(writer)
        self._changed.set()


def _cut(fetched: FetchedBatch, most: int, size: int) -> tuple[FetchedBatch, FetchedBatch | None]:
    """At most that many of records that hold `size`, of at most `BATCH_BYTES` but for a single one; and the rest."""
    records = fetched.records
    if size > BATCH_BYTES:
        sums = accumulate(size_of([record]) for record in records[: most + 1])
        most = max(1, sum(held <= BATCH_BYTES for held in sums))
    if len(records) <= most:
        return fetched, None
    cut = records[most].offset
    return FetchedBatch(fetched.start, cut, records[:most]), FetchedBatch(cut, fetched.end, records[most:])
