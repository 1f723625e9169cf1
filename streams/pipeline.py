"""From fetched records to committed batches: the next one is decoded while the last one is being written.

Nothing that goes wrong here is left to Faust, which would acknowledge the batch and go on with the next: an
error ends the process at once, and the supervisor starts it again from the database's offsets.
"""

import asyncio
import gc
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

from streams.batch import Batch, Partition, Refused, decode
from streams.decoder import Decoder, Incoming, Record
from streams.transport import Fetched, Unreadable
from streams.writer import Outcome, Writer

log = logging.getLogger(__name__)

COLLECT_EVERY = 50
"""Batches. Models make no cycles, so the collector only costs; it runs rarely, between batches."""


def die(why: object) -> NoReturn:
    """End the process at once, in a way that nothing can catch; the supervisor starts it again."""
    log.critical("this worker ends and is started again: %s", why)
    logging.shutdown()
    os._exit(1)


class Pipeline:
    """Decodes on the event loop, writes on a thread a writer; what comes meanwhile is gathered by partition.

    A partition always goes to the same writer, so its batches keep their order. With two writers one computes while
    the other waits for the database.
    """

    def __init__(
        self,
        writers: Sequence[Writer],
        decoders: Mapping[str, Decoder],
        partitions: Mapping[str, Partition],
        written: dict[tuple[str, int], int],
        batch_events: int,
    ) -> None:
        """`decoders` and `partitions` (with any number) are by topic; `written` is kept up to date for monitoring."""
        self._writers = writers
        self._decoders = decoders
        self._partitions = partitions
        self._written = written
        self._batch_events = batch_events
        self._threads = ThreadPoolExecutor(len(writers), thread_name_prefix="writer")
        self._writing: dict[int, asyncio.Future[Outcome]] = {}
        self._waiting: dict[tuple[str, int], Fetched] = {}
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._batches = 0
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def put(self, topic: str, number: int, fetched: Fetched) -> None:
        """Take what was fetched of a partition; wait while more is waiting than the next batches can take."""
        for part in _parts(fetched, self._batch_events):
            while not self._gather((topic, number), part):
                self._taken.clear()
                await self._taken.wait()

    def _gather(self, key: tuple[str, int], part: Fetched) -> bool:
        """Put it with what waits of its partition, or next to it; False where there is no room."""
        waiting = self._waiting.get(key)
        if waiting is None:
            if sum(len(other.records) for other in self._waiting.values()) > self._batch_events:
                return False
            self._waiting[key] = part
        elif waiting.end == part.start and len(waiting.records) + len(part.records) <= self._batch_events:
            # Many small transactions would cost more than the events in them: a slow writer makes larger ones.
            self._waiting[key] = Fetched(waiting.start, part.end, waiting.records + part.records)
        else:
            return False
        self._arrived.set()
        return True

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            key = next((key for key in self._waiting if self._is_free(key)), next(iter(self._waiting)))
            batch = self._decode(key, self._waiting.pop(key))
            self._taken.set()
            number = self._writer_of(key)
            if number in self._writing:
                await self._writing[number]
            self._writing[number] = loop.run_in_executor(self._threads, self._write, self._writers[number], batch)

    def _writer_of(self, key: tuple[str, int]) -> int:
        return key[1] % len(self._writers)

    def _is_free(self, key: tuple[str, int]) -> bool:
        writing = self._writing.get(self._writer_of(key))
        return writing is None or writing.done()

    def _decode(self, key: tuple[str, int], fetched: Fetched) -> Batch:
        topic, number = key
        partition = self._partitions[topic]._replace(number=number)
        try:
            items = decode_fetched(self._decoders[topic], fetched.records)
        except Exception as error:
            log.exception("records %s/%s %s-%s", topic, number, fetched.start, fetched.end)
            die(error)
        return Batch(partition, fetched.start, fetched.end, items)

    def _write(self, writer: Writer, batch: Batch) -> Outcome:
        try:
            outcome = writer.commit(batch)
        except BaseException as error:
            log.exception("batch %s/%s %s-%s", *batch.partition[2:], batch.start, batch.end)
            die(error)
        self._written[batch.partition.topic, batch.partition.number] = batch.end
        self._batches += 1
        if self._batches % COLLECT_EVERY == 0:
            gc.collect()
        return outcome


def _parts(fetched: Fetched, most: int) -> Iterator[Fetched]:
    """What was fetched, in parts of at most that many records."""
    records = fetched.records
    start = fetched.start
    for first in range(0, max(len(records), 1), most):
        part = records[first : first + most]
        last = first + most >= len(records)
        end = fetched.end if last else records[first + most].offset
        yield Fetched(start, end, part)
        start = end


def decode_fetched(decoder: Decoder, records: list[Any]) -> list[Incoming | Refused]:
    """Check every record; an unreadable batch of Kafka's is refused as one."""
    readable = [Record(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
    if not any(isinstance(record.value, Unreadable) for record in readable):
        return decode(decoder, readable)
    items: list[Incoming | Refused] = []
    for record in readable:
        value: Any = record.value
        if isinstance(value, Unreadable):
            detail = f"offsets {value.first} to {value.last} cannot be read: {value.error}"
            items.append(Refused(record._replace(value=None), "corrupt_batch", detail))
        else:
            items += decode(decoder, [record])
    return items
