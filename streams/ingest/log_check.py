"""Whether a partition's log is still the one that was read: known by the last record that was counted."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.client import ConnectionGroup
from faust.types import TP

from core.dead_letters import record_hash
from core.errors import UnavailableError
from streams.ingest.record_batches import install
from streams.ingest.records import Record, UnreadRange

RUNBOOK = "see docs/runbooks/offset-mismatch.md"
ENDS_SECONDS = READ_SECONDS = 10.0
"""How long Kafka may take to say where a log begins and ends, and to hand out the last records once more."""


class StartOffset(NamedTuple):
    """Where a partition is read on from. Of the last record before that, its offset and hash, where there is one."""

    offset: int
    last_offset: int | None = None
    last_hash: str | None = None


def last_of(record: Record | UnreadRange) -> StartOffset:
    """What a log is known again by after this record."""
    if isinstance(record, UnreadRange):
        return StartOffset(record.last + 1)
    return StartOffset(record.offset + 1, record.offset, record_hash(record.key, record.value))


def mismatch(start: StartOffset, end: int, found: Record | UnreadRange | None) -> str | None:
    """Why a log is not the one that was read; None where it is, or nothing tells.

    Args:
        start: what the database knows of the partition.
        end: the log's end offset.
        found: what stands at `last_offset` now; None where nothing can be read there, or nobody looked.
    """
    if start.offset > end:
        return (
            f"the database stands at offset {start.offset}, but the log ends at {end}: "
            f"was Kafka's data lost or restored? {RUNBOOK}"
        )
    if start.last_offset is None or isinstance(found, UnreadRange):
        return None
    if found is None:
        return f"the record at offset {start.last_offset}, the last that was counted, is no longer there: {RUNBOOK}"
    if found.offset != start.last_offset or record_hash(found.key, found.value) != start.last_hash:
        return (
            f"at offset {start.last_offset} stands another record than the one that was counted: "
            f"was Kafka's data restored, or the topic written anew? {RUNBOOK}"
        )
    return None


async def records_at(bootstrap: str, offsets: Mapping[TP, int]) -> dict[TP, Record | UnreadRange]:
    """What stands at each of these offsets, as far as it can be read in time."""
    found: dict[TP, Record | UnreadRange] = {}
    if not offsets:
        return found
    async with reader(bootstrap) as consumer:
        consumer.assign(list(offsets))
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
        until = asyncio.get_running_loop().time() + READ_SECONDS
        while (waiting := offsets.keys() - found.keys()) and asyncio.get_running_loop().time() < until:
            for tp, records in (await consumer.getmany(*waiting, timeout_ms=500)).items():
                found[tp] = records[0]
                consumer.pause(tp)
    return found


@asynccontextmanager
async def reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, which reads what the workers read: committed records, unpacked by our classes."""
    install()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False, client_id="opscentre"
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def connections_of(consumer: Any, partitions: Iterable[TP]) -> dict[TP, Any]:
    """The connection that each partition's leader is read by, where there is one."""
    client = consumer._client
    leaders = {tp: client.cluster.leader_for_partition(tp) for tp in partitions}
    found = {tp: client._conns.get((leader, ConnectionGroup.DEFAULT)) for tp, leader in leaders.items()}
    return {tp: connection for tp, connection in found.items() if connection is not None}


async def ends_of(consumer: Any, partitions: Collection[TP]) -> tuple[dict[TP, int], dict[TP, int]]:
    """First and end offset of each partition; those of which Kafka does not tell them are missing in both.

    Asked for one by one, for a partition without a leader would hold up all that are asked for with it.
    """

    async def ask(tp: TP) -> tuple[int, int]:
        async with asyncio.timeout(ENDS_SECONDS):
            return (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]

    asked = list(partitions)
    answers = await asyncio.gather(*map(ask, asked), return_exceptions=True)
    known = {tp: answer for tp, answer in zip(asked, answers, strict=True) if isinstance(answer, tuple)}
    if not known and asked:
        raise UnavailableError("Kafka does not say where the logs begin and end")
    return {tp: first for tp, (first, _) in known.items()}, {tp: end for tp, (_, end) in known.items()}
