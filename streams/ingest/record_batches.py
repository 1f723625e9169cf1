"""Kafka's record batches as they were fetched, and what of them cannot be read or is no longer there.

What this overrides is internal to aiokafka 0.14: raise its version together with this module.
"""

import struct
import time
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record import default_records, memory_records

from streams.ingest.records import Record, UnreadRange

FETCHED_BYTES = 8 * 1024 * 1024
"""About how much of a partition is handed on at once, uncompressed."""

_RECORDS_COUNT = struct.Struct(">i")
_RECORDS_COUNT_AT = default_records.DefaultRecordBase.HEADER_STRUCT.size - _RECORDS_COUNT.size
_LOG_APPEND_TIME = 1


class RecordBatches(memory_records._MemoryRecordsPy):  # type: ignore[misc]
    """Hands out record batches with their bytes, and can look at the one after it."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self._ahead: tuple[Any, Any] | None = None

    def next_with_bytes(self) -> tuple[Any, Any] | None:
        """The next batch and its bytes; None where there is none."""
        found, self._ahead = self._ahead, None
        if found is None and super().has_next():
            raw = self._next_slice
            found = super().next_batch(), raw
        return found

    def peek(self) -> Any:
        """The batch that comes next; None where there is none, or none whose frame can be read."""
        try:
            self._ahead = self.next_with_bytes()
        except fetcher.Errors.CorruptRecordException:
            return None
        return self._ahead and self._ahead[0]


class BoundedFetch(fetcher.FetchResult):  # type: ignore[misc]
    """What was fetched of a partition, handed out a bounded part at a time: compressed it may be a hundredth."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[Record | UnreadRange]:
        """The next records, of about `FETCHED_BYTES` at most."""
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return []
        found: list[Record | UnreadRange] = []
        size = 0
        for record in self._partition_records:
            found.append(record)
            size += len(record[3] or b"")  # as in `size_of`
            if size >= FETCHED_BYTES:
                self._update_position()
                return found
        self._update_position()
        self._partition_records = None
        return found


class _One:
    """A single batch, in the form in which aiokafka asks for all of them."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def has_next(self) -> bool:
        return self._batch is not None

    def next_batch(self) -> Any:
        batch, self._batch = self._batch, None
        return batch


class QuarantiningRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """aiokafka's unpacking, a batch at a time.

    By itself it stays at an unreadable batch for ever and drops other partitions', passes over offsets that were
    compacted away, and gives up a batch for a header's name.
    """

    _records: Any
    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Record | UnreadRange]:
        batches: RecordBatches = self._records
        while found := batches.next_with_bytes():
            batch, raw = found
            self._records = _One(batch)
            try:
                if _has_holes(batch, raw, self.next_fetch_offset):
                    yield from self._holes(batch)
                else:
                    yield from super()._unpack_records()
            except UnicodeDecodeError:
                # A header's name: of one record only, and none that we ask for. The checksum was right.
                yield from self._rest(_LenientBatch(raw))
                self.next_fetch_offset = batch.next_offset
            except Exception as error:
                first, after = max(self.next_fetch_offset, batch.base_offset), batches.peek()
                # What the checksum does not vouch for says little: neither when that was, nor how long it is.
                self.next_fetch_offset = batch.next_offset if after is None else after.base_offset
                why = f"cannot be read: {type(error).__name__}: {error}"
                yield UnreadRange(first, self.next_fetch_offset - 1, _now(), "corrupt_batch", why)

    def _rest(self, batch: Any) -> Iterator[Record]:
        """The records of a batch that were not handed out yet."""
        for record in batch:
            if record.offset >= self.next_fetch_offset:
                self.next_fetch_offset = record.offset + 1
                yield self._consumer_record(self._tp, record)

    def _holes(self, batch: Any) -> Iterator[Record | UnreadRange]:
        """The records of a batch that has holes in or before it, with what stands for those that are missing."""
        begin = self.next_fetch_offset
        if begin < batch.base_offset:
            yield _compacted(begin, batch.base_offset)
        begin = max(begin, batch.base_offset)
        for record in super()._unpack_records():
            if begin < record.offset:
                yield _compacted(begin, record.offset)
            begin = record.offset + 1
            yield record
        aborted = batch.is_transactional and batch.producer_id in self._aborted_producers
        if begin < batch.next_offset and not (batch.is_control_batch or aborted):
            yield _compacted(begin, batch.next_offset)

    def _consumer_record(self, tp: Any, record: Any) -> Record:
        """What the decoder needs of a record, and no more: thousands of them wait at a time.

        A timestamp that the producer gave vouches for nothing, and may be any number.
        """
        at = record.timestamp if record.timestamp_type == _LOG_APPEND_TIME else _now()
        return Record(record.offset, at, record.key, record.value, record.headers)


class _LenientText(bytearray):
    """Bytes of a batch in which a name that is not UTF-8 is spelled out rather than refused."""

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return _LenientText(part) if isinstance(key, slice) else part

    def decode(self, *_: str) -> str:
        return bytes(self).decode(errors="backslashreplace")


class _LenientBatch(default_records._DefaultRecordBatchPy):  # type: ignore[misc]
    """Reads a batch slowly, names of headers included that are no text."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _LenientText(self._buffer)


def _has_holes(batch: Any, raw: Any, begin: int) -> bool:
    """Whether offsets are missing before or in a batch, which only compaction does: of what is sound, for certain."""
    if batch.magic < 2:
        return False
    (count,) = _RECORDS_COUNT.unpack_from(raw, _RECORDS_COUNT_AT)
    holes = begin < batch.base_offset or count < batch.next_offset - batch.base_offset
    return bool(holes and batch.validate_crc())


def _compacted(begin: int, end: int) -> UnreadRange:
    why = "are no longer in the log, though later ones are: the topic was compacted"
    return UnreadRange(begin, end - 1, _now(), "lost_to_compaction", why)


def _now() -> int:
    return time.time_ns() // 1_000_000


def install() -> None:
    """Let aiokafka unpack with our classes, in the whole process; before anything is fetched."""
    fetcher.PartitionRecords = QuarantiningRecords  # aiokafka looks them up by their names, and has no other way in
    fetcher.MemoryRecords = RecordBatches
    fetcher.FetchResult = BoundedFetch
