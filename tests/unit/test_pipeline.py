"""From fetched records to batches: what is gathered, what waits, what is written at once, and what ends the process.

The writers are the test's own: they keep what they are given, and take as long as the test says.
"""

import asyncio
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import pytest

from core.errors import OutdatedCatalogueError
from streams.ingest.decoder import Decoder
from streams.ingest.records import Batch, DecodedEvent, FetchedBatch, Partition, Record, UnreadRange, size_of
from streams.pipeline import BATCH_BYTES, DECODED_BATCHES, WAITING_BATCHES, Key, Pipeline
from tests.helpers import CATALOGUE, record

TOPIC = CATALOGUE.systems["one-stop"].topic
HERE = (TOPIC, 0)
THERE = (TOPIC, 1)
PARTITIONS = {TOPIC: Partition("cluster", "id", TOPIC, 0)}
DECODERS = {TOPIC: Decoder(CATALOGUE.systems["one-stop"])}


def fetched(start: int, end: int, offsets: Iterable[int] | None = None) -> FetchedBatch:
    """Records at these offsets, at all of them unless told; what they hold does not matter here."""
    return FetchedBatch(start, end, [record(b"?", offset) for offset in offsets or range(start, end)])


class Target:
    """What the writers of a test write to. While it is held, every one of them waits within its batch."""

    def __init__(self) -> None:
        self.begun: list[tuple[Key, tuple[int, int]]] = []
        self.batches: dict[Key, list[Batch]] = {}
        self.overlaps: list[Key] = []
        self.most_at_once = 0
        self.pause: Callable[[], float] = lambda: 0.0
        self._writing: list[Key] = []
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def write(self, batch: Batch) -> None:
        key = (batch.partition.topic, batch.partition.number)
        with self._lock:
            if key in self._writing:
                self.overlaps.append(key)
            self._writing.append(key)
            self.begun.append((key, (batch.start, batch.end)))
            self.most_at_once = max(self.most_at_once, len(self._writing))
        self._open.wait(20)
        time.sleep(self.pause())
        with self._lock:
            self._writing.remove(key)
            self.batches.setdefault(key, []).append(batch)

    def spans(self, key: Key = HERE) -> list[tuple[int, int]]:
        """Where the batches of a partition begin and end, in the order in which they were written."""
        return [(batch.start, batch.end) for batch in self.batches.get(key, [])]

    def offsets(self, key: Key = HERE) -> list[list[int]]:
        """The records of each batch of a partition."""
        return [[item.record.offset for item in batch.items] for batch in self.batches.get(key, [])]


class TargetWriter:
    """One of several that write to the same target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def commit(self, batch: Batch) -> None:
        self._target.write(batch)


class FailingWriter:
    """Raises what it was given."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self.tried = 0

    def commit(self, batch: Batch) -> None:
        self.tried += 1
        raise self._error


def pipeline(target: Target, writers: int, batch_events: int) -> tuple[Pipeline, dict[Key, int]]:
    """A pipeline on the running loop, and how far it says that each partition is written."""
    written: dict[Key, int] = {}
    of = [TargetWriter(target) for _ in range(writers)]
    return Pipeline(of, DECODERS, PARTITIONS, written, batch_events), written


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not come")


async def settle() -> None:
    """Let everything happen that can happen while the writers are held."""
    await asyncio.sleep(0.05)


def test_batches_of_a_partition_keep_their_order_and_are_never_written_at_once() -> None:
    target, chance = Target(), random.Random(7)
    target.pause = lambda: chance.random() / 500
    keys = [(TOPIC, number) for number in range(4)]

    async def run() -> None:
        line, written = pipeline(target, 3, 5)
        for start in range(0, 200, 4):
            for topic, number in keys:
                await line.put(topic, number, fetched(start, start + 4))
        await until(lambda: written == dict.fromkeys(keys, 200))

    asyncio.run(run())
    assert target.overlaps == []
    assert target.most_at_once > 1
    for key in keys:
        assert list(chain(*target.offsets(key))) == list(range(200))
        ends = [end for _, end in target.spans(key)]
        assert [start for start, _ in target.spans(key)] == [0, *ends[:-1]]


def test_a_second_batch_of_a_partition_waits_for_the_first_though_a_writer_is_free() -> None:
    target = Target()
    target.hold()

    async def run() -> None:
        line, written = pipeline(target, 2, 10)
        await line.put(*HERE, fetched(0, 3))
        await until(lambda: target.begun == [(HERE, (0, 3))])
        await line.put(*HERE, fetched(3, 5))
        await settle()
        assert target.begun == [(HERE, (0, 3))]
        await line.put(*THERE, fetched(0, 1))  # the free one is there for another partition
        await until(lambda: target.begun == [(HERE, (0, 3)), (THERE, (0, 1))])
        assert written == {}
        target.release()
        await until(lambda: written == {HERE: 5, THERE: 1})

    asyncio.run(run())
    assert target.spans() == [(0, 3), (3, 5)]


def test_what_comes_while_the_writer_is_busy_is_gathered_into_one_batch() -> None:
    target = Target()
    target.hold()

    async def run() -> None:
        line, written = pipeline(target, 1, 10)
        for start in range(7):
            await line.put(*HERE, fetched(start, start + 1))
            await settle()  # the first is being written then, the second decoded
        target.release()
        await until(lambda: written == {HERE: 7})

    asyncio.run(run())
    assert target.offsets() == [[0], [1], [2, 3, 4, 5, 6]]


def test_a_batch_takes_so_many_events_and_offsets_without_records_belong_to_one_of_them() -> None:
    target = Target()

    async def run() -> None:
        line, written = pipeline(target, 1, 2)
        await line.put(*HERE, fetched(10, 30, [10, 11, 15, 19, 20]))
        await until(lambda: written == {HERE: 30})

    asyncio.run(run())
    assert target.spans() == [(10, 15), (15, 20), (20, 30)]
    assert target.offsets() == [[10, 11], [15, 19], [20]]


def test_who_brings_more_waits_while_enough_is_waiting() -> None:
    target, size = Target(), 2
    target.hold()

    async def run() -> None:
        line, written = pipeline(target, 1, size)
        for start in range(0, (2 + WAITING_BATCHES) * size, size):  # one written, one decoded, and those that wait
            await asyncio.wait_for(line.put(*HERE, fetched(start, start + size)), 5)
            await settle()
        end = (2 + WAITING_BATCHES) * size
        more = asyncio.create_task(line.put(*HERE, fetched(end, end + 1)))
        other = asyncio.create_task(line.put(*THERE, fetched(0, 1)))  # it is a bound of the memory, not of a partition
        await settle()
        assert not more.done()
        assert not other.done()
        target.release()
        await asyncio.wait_for(asyncio.gather(more, other), 5)
        await until(lambda: written == {HERE: end + 1, THERE: 1})

    asyncio.run(run())
    assert list(chain(*target.offsets())) == list(range((2 + WAITING_BATCHES) * size + 1))


def test_no_more_is_decoded_ahead_than_the_writers_can_take_next() -> None:
    target, decoded = Target(), list[int]()
    target.hold()

    class CountingDecoder(Decoder):
        def decode(self, record: Record) -> DecodedEvent:
            decoded.append(record.offset)
            return super().decode(record)

    async def run() -> None:
        written: dict[Key, int] = {}
        decoders = {TOPIC: CountingDecoder(CATALOGUE.systems["one-stop"])}
        line = Pipeline([TargetWriter(target)], decoders, PARTITIONS, written, 10)
        for number in range(6):
            await line.put(TOPIC, number, fetched(number, number + 1))
            await settle()
        assert len(decoded) == 1 + DECODED_BATCHES
        target.release()
        await until(lambda: len(written) == 6)

    asyncio.run(run())
    assert sorted(decoded) == list(range(6))


def test_a_partition_that_came_back_begins_a_new_batch() -> None:
    """Taken away and given back, it is read again from where the database stood: never in one batch with the rest."""
    target = Target()
    target.hold()

    async def run() -> None:
        line, written = pipeline(target, 1, 100)
        for start in (0, 2, 4):
            await line.put(*HERE, fetched(start, start + 2))
            await settle()
        again = asyncio.create_task(line.put(*HERE, fetched(2, 7)))
        await settle()
        assert not again.done()
        target.release()
        await asyncio.wait_for(again, 5)
        await until(lambda: written == {HERE: 7})

    asyncio.run(run())
    assert target.spans() == [(0, 2), (2, 4), (4, 6), (2, 7)]
    assert target.offsets()[2:] == [[4, 5], [2, 3, 4, 5, 6]]


def fail(error: BaseException) -> None:
    """In a process of its own: a pipeline whose writer raises this."""

    async def run() -> None:
        line = Pipeline([FailingWriter(error)], DECODERS, PARTITIONS, {}, 10)
        await line.put(*HERE, fetched(0, 1))
        await asyncio.sleep(20)
        print("goes on")

    asyncio.run(run())


@pytest.mark.parametrize("size", [100, 3_000_000, 20_000_000])
def test_what_waits_is_bounded_by_bytes_and_everything_comes_in_its_order(size: int) -> None:
    """A database that is away: of big records fewer are taken, and of those a batch has fewer."""

    async def run() -> None:
        target = Target()
        target.hold()
        line, written = pipeline(target, 2, 100)
        value = bytes(size)
        put = 0

        async def feed() -> None:
            nonlocal put
            for start in range(0, 120, 2):
                for key in (HERE, THERE):
                    records: list[Record | UnreadRange] = [Record(n, 0, None, value, ()) for n in (start, start + 1)]
                    await line.put(*key, FetchedBatch(start, start + 2, records))
                    put += 2 * size

        feeding = asyncio.create_task(feed())
        await until(lambda: len(target.begun) == 2)
        for _ in range(2000):
            await asyncio.sleep(0)
        assert put <= 12 * BATCH_BYTES + 12 * size
        target.release()
        await feeding
        await until(lambda: written == {HERE: 120, THERE: 120})
        for key in (HERE, THERE):
            assert [offset for batch in target.offsets(key) for offset in batch] == list(range(120))
            for batch in target.batches[key]:
                assert len(batch.items) == 1 or size_of(item.record for item in batch.items) <= BATCH_BYTES

    asyncio.run(run())


def fail_to_decode() -> None:
    """In a process of its own: a pipeline whose decoder raises what it never should."""

    async def run() -> None:
        line = Pipeline([TargetWriter(Target())], {}, PARTITIONS, {}, 10)
        await line.put(*HERE, fetched(0, 1))
        await asyncio.sleep(20)
        print("goes on")

    asyncio.run(run())


def child(call: str) -> subprocess.CompletedProcess[str]:
    code = f"import logging; logging.basicConfig(); from tests.unit import test_pipeline as t; t.{call}"
    folder = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=folder, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("error", ["ValueError('a bug')", "SystemExit(0)", "KeyboardInterrupt()"])
def test_a_writer_that_raises_ends_the_process_at_once(error: str) -> None:
    """Whatever it is: Faust would acknowledge the batch and go on with the next."""
    ended = child(f"fail({error})")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"batch {TOPIC}/0 0-1" in ended.stderr
    assert "this worker ends and is started again" in ended.stderr


def test_a_decoder_that_raises_ends_the_process_at_once() -> None:
    ended = child("fail_to_decode()")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"records {TOPIC}/0 0-1" in ended.stderr


def outlive() -> None:
    """In a process of its own, which takes its time to end: a pipeline that finds another catalogue in force."""
    signal.signal(signal.SIGTERM, lambda *_: print("told to end"))

    async def run() -> None:
        writer = FailingWriter(OutdatedCatalogueError("catalogue 2 has come into force"))
        written: dict[Key, int] = {}
        line = Pipeline([writer], DECODERS, PARTITIONS, written, 10)
        for topic, number in (HERE, THERE, HERE):
            await line.put(topic, number, fetched(0, 1))
        await asyncio.sleep(0.5)
        print(writer.tried, written)

    asyncio.run(run())


def test_another_catalogue_in_force_ends_the_process_in_order_and_nothing_more_is_written() -> None:
    """By the signal on which Faust ends: Kafka then gives its partitions away at once."""
    ended = child("outlive()")
    assert (ended.returncode, ended.stdout) == (0, "told to end\n1 {}\n")
    assert "this worker ends and is started again: catalogue 2 has come into force" in ended.stderr
