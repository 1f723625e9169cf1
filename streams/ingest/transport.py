"""Faust's transport, a partition's fetched records in one Message instead of a Message each.

Faust spends its time per message; a list of records as one message makes it twenty times faster. What this
overrides is internal to faust-streaming 0.15 and aiokafka 0.14: raise their versions together with this module.

- A Message's value is a `FetchedBatch`; its offset is that of the last record.
- The database says where to read on, not Kafka: `seek_to_committed` asks `App.start_offsets`. Committing to Kafka only
  tells other people's monitoring where we are, so an error there is logged and nothing else.
- What cannot be read of a record batch becomes an `UnreadRange` in place of its records.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from core.errors import OffsetMismatchError, first_line
from streams.ingest.log_check import StartOffset, connections_of, ends_of, last_of, mismatch, records_at
from streams.ingest.records import FetchedBatch

SEEK_TIMEOUT = 45.0
"""Seconds. A slower seek would end Faust's recovery for good (its own limit is 90), so ours ends the worker first."""

ASIDE_SECONDS = 15.0
"""How often partitions that were set aside are looked at again."""

WAIT_IDLE_MS = 100
WAIT_BUSY_MS = 10
"""How long a fetch may wait at the broker. One at a time is under way, so while it waits for partitions that have
nothing it holds up those that have: Faust's 1,500 ms are far too long, and where there is work 100 ms are."""


class PassThrough(Schema):  # type: ignore[misc]
    """Hands a Message's value to the agent as it is."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """Nothing: the records have keys, the list of them has none."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        """The value, untouched."""
        return message.value


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that talks to Kafka."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.positions: dict[TP, int] = {}
        self.last: dict[TP, StartOffset] = {}  # the last record that was passed on
        self.connections: dict[TP, Any] = {}  # those behind which the log is known to be the one that was read
        self.aside: set[TP] = set()  # assigned, but not read
        self.look_again = 0.0
        self.looking: asyncio.Future[None] | None = None
        self.sought: Any = None  # the assignment that `positions` and `aside` belong to

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # other people's producers may use transactions
        consumer._fetch_max_wait_ms = WAIT_IDLE_MS
        return consumer

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every assigned partition to where the database says."""
        start_offsets: Mapping[TP, int] = await self.call_thread(self._seek_to_start_offsets)
        return start_offsets

    async def _seek_to_start_offsets(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        async with asyncio.timeout(SEEK_TIMEOUT):
            starts = await self._check_logs(consumer, assigned)
        self.app.reads_nothing()
        self.positions.clear()
        self.connections.clear()
        self.aside = set(assigned)
        consumer.pause(*assigned)
        self._read_on(consumer, starts)
        self.look_again = time.monotonic() + ASIDE_SECONDS
        self.sought = consumer._subscription.subscription.assignment
        return {tp: starts.get(tp, -1) for tp in assigned}

    async def _check_logs(self, consumer: Any, partitions: Collection[TP]) -> dict[TP, int]:
        """Where to read on of those partitions whose logs are what they were; the others are set aside."""
        earliest, latest = await ends_of(consumer, partitions)
        starts: Mapping[TP, StartOffset] = await asyncio.to_thread(self.app.start_offsets, earliest)
        last = {tp: start.last_offset for tp, start in starts.items()}
        read = {tp: at for tp, at in last.items() if at is not None and earliest[tp] <= at < latest[tp]}
        found = await records_at(self.app.bootstrap, read)
        silent = "Kafka does not say where its log begins and ends: has it a leader?"
        reasons = {tp: silent for tp in partitions if tp not in earliest} | {
            # What is beyond the earliest offset that Kafka has cannot be compared.
            tp: mismatch(start if tp in read else StartOffset(start.offset), latest[tp], found.get(tp))
            for tp, start in starts.items()
        }
        await asyncio.to_thread(self.app.set_aside, reasons)
        for tp, why in reasons.items():
            if why is not None:
                self.log.error("%s/%s is not read: %s", tp.topic, tp.partition, why)
        return {tp: start.offset for tp, start in starts.items() if reasons[tp] is None}

    async def _look_again(self, consumer: Any) -> None:
        """Read on those of the partitions set aside that were put right meanwhile."""
        assignment = self.sought
        async with asyncio.timeout(SEEK_TIMEOUT):
            starts = await self._check_logs(consumer, self.aside)
        self.look_again = time.monotonic() + ASIDE_SECONDS
        if self.sought is not assignment or consumer._subscription.subscription.assignment is not assignment:
            return
        for tp, offset in starts.items():
            self.log.warning("%s/%s is read again, from offset %s", tp.topic, tp.partition, offset)
        self._read_on(consumer, starts)

    def _looked(self, done: asyncio.Future[None]) -> None:
        self.looking = None
        if not done.cancelled() and (error := done.exception()) is not None:
            self.log.warning("what was set aside could not be looked at: %s", first_line(error))
            self.look_again = time.monotonic() + ASIDE_SECONDS

    def _read_on(self, consumer: Any, starts: Mapping[TP, int]) -> None:
        for tp, offset in starts.items():
            consumer.seek(tp, offset)
        consumer.resume(*starts)
        self.positions.update(starts)
        self.aside -= starts.keys()
        for tp in starts:
            self.last.pop(tp, None)
            self.connections.pop(tp, None)
        self.app.reads(starts)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        consumer = self._ensure_consumer()
        assigned = self.assignment()
        try:
            await consumer.commit({tp: offset for tp, offset in offsets.items() if tp in assigned})
        except Exception as error:  # informational: the offsets that count are in the database
            self.log.info("offsets not reported to Kafka: %r", error)
            return False
        return True

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> dict[TP, FetchedBatch]:
        # Faust leaves this out; a dead fetch or coordination task would just look like silence.
        consumer._coordinator.check_errors()
        if consumer._fetcher._fetch_task.done():
            raise RuntimeError("aiokafka's fetch task has ended")
        records = await super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=None)
        assignment = consumer._subscription.subscription.assignment
        if assignment is not self.sought:
            return {}
        if self.aside and time.monotonic() > self.look_again and self.looking is None:
            self.looking = asyncio.ensure_future(self._look_again(consumer))  # the others do not wait for it
            self.looking.add_done_callback(self._looked)
        changed = await self._verify(consumer)
        if consumer._subscription.subscription.assignment is not assignment or assignment is not self.sought:
            return {}
        batches, begins = {}, {}
        for tp, start in self.positions.items():
            if tp in changed:
                continue  # read again from there
            state = assignment.state_value(tp)
            if not state.has_valid_position or state.position == start:
                continue
            # Offsets without records (an aborted transaction, a mark of Kafka's own) are a step, too.
            found, end = records.get(tp, []), state.position
            self.positions[tp] = end
            batches[tp] = FetchedBatch(start, end, found)
            if found:
                self.last[tp] = last_of(found[-1])
            if end < start or (found[0].offset if found else end) > start:
                begins[tp] = start
        if begins:
            await self._check_begins(consumer, begins, batches)
            if consumer._subscription.subscription.assignment is not assignment or assignment is not self.sought:
                return {}
        consumer._fetcher._fetch_max_wait_ms = WAIT_BUSY_MS if batches else WAIT_IDLE_MS
        return batches

    async def _verify(self, consumer: Any) -> set[TP]:
        """Look at the logs again behind every connection that is a new one; return the partitions to be read again.

        A broker that was restored, or another leader, may hold another log: what came from it is not passed on before
        the last record that was is found in it. Its own offsets say nothing where it was written on meanwhile.
        """
        connections = connections_of(consumer, self.positions)
        changed = {tp for tp, made in connections.items() if self.connections.setdefault(tp, made) is not made}
        if not changed:
            return changed
        for tp in changed:
            consumer.seek(tp, self.positions[tp])
        read = {tp: at for tp in changed if tp in self.last and (at := self.last[tp].last_offset) is not None}
        try:
            found = await records_at(self.app.bootstrap, read)
        except KafkaError as error:
            self.log.warning("logs could not be looked at after a new connection: %r", error)
            return changed
        for tp in read:
            if why := mismatch(self.last[tp], self.last[tp].offset, found.get(tp)):
                raise OffsetMismatchError(f"{tp.topic}/{tp.partition}: {why}")
        self.connections.update({tp: connections[tp] for tp in changed})
        return changed

    async def _check_begins(self, consumer: Any, begins: Mapping[TP, int], batches: Mapping[TP, FetchedBatch]) -> None:
        """Tell harmless holes (Kafka's own marks) from lost records, where aiokafka goes elsewhere and says nothing."""
        earliest = await consumer.beginning_offsets(begins)
        for tp, start in begins.items():
            if batches[tp].end < start:
                raise OffsetMismatchError(f"the log of {tp.topic}/{tp.partition} was cut before offset {start}")
            if earliest[tp] > start:
                # Begun again, the worker notes the loss and goes on: see App.start_offsets.
                raise OffsetMismatchError(
                    f"{tp.topic}/{tp.partition}: {start} to {earliest[tp] - 1} were deleted unread"
                )


class Consumer(driver.Consumer):  # type: ignore[misc]
    """The consumer that hands whole batches on."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Fetch, and yield one Message a partition."""
        batches, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id  # right after the fetch: another one is dropped in silence
        if not batches or self.should_stop:
            return
        if not self.flow_active:
            # The positions have moved on, the records go nowhere: read them again. A failure ends the worker.
            await self.perform_seek()
            return
        for tp, batch in batches.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if tp in active or tp in self._buffered_partitions:
                yield tp, self._to_message(tp, batch)

    def _to_message(self, tp: TP, batch: FetchedBatch) -> ConsumerMessage:
        last = batch.records[-1] if batch.records else None
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset if last else batch.end - 1,
            last.timestamp / 1000 if last else 0.0,
            0,
            None,
            None,
            batch,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: the offsets between two Messages are inside the later one."""

    def _new_offset(self, tp: TP) -> int | None:
        """What to report to Kafka: how far the database is."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        offset: int | None = self.app.written.get((tp.topic, tp.partition))
        return offset


class Transport(driver.Transport):  # type: ignore[misc]
    """aiokafka with our consumer."""

    Consumer = Consumer


def topic(app: faust.App, names: list[str]) -> Any:
    """A Faust topic over several Kafka topics, whose events are `FetchedBatch`."""
    return app.topic(*names, schema=PassThrough(), internal=False)
